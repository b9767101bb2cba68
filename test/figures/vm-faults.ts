import type { LifeboatEvent, Topology } from '@lifeboat/contracts';
import { clusterId, hostId, rackId, vmId } from '@lifeboat/kernel';
import { crewFor } from '../vm-lab/crew.ts';
import { type Guest, uuidOf, VmLab } from '../vm-lab/lab.ts';
import { libvirtCloud } from '../vm-lab/libvirt-cloud.ts';
import { eventually } from '../vm-lab/machine.ts';
import type { RunFigure } from './index.ts';

const HOST = hostId('h1');
const SILENT_MS = 4_000;
/** Detection, back-off of one resume and the boot of a guest whose every instruction is emulated. */
const BACK_WITHIN_MS = 60_000;
const topology: Topology = {
  region: 'lab',
  clusters: [{ cluster: clusterId('lab'), policy: { vmFailures: { againFirstMs: 2_000 } } }],
  racks: [{ rack: rackId('r1') }],
  hosts: [{ host: HOST, cluster: clusterId('lab'), rack: rackId('r1'), managementAddress: '127.0.0.1', fence: [] }],
};

interface Kind {
  readonly name: string;
  readonly guest: Guest;
  readonly strike: (lab: VmLab) => Promise<unknown> | unknown;
  readonly told: string;
  readonly done: string;
  /** Something that is mended in the middle. */
  readonly then?: (lab: VmLab) => Promise<void>;
}
const kinds: readonly Kind[] = [
  { name: 'QEMU dies of a signal', guest: { n: 1 }, strike: (l) => l.signal('SIGSEGV', 1), told: 'crashed', done: 'reboot' },
  { name: 'kernel panic, no panic device', guest: { n: 2 }, strike: (l) => l.virsh('inject-nmi', 'vm2'), told: 'hung', done: 'reboot' },
  {
    name: 'disk full, then room again',
    guest: { n: 3, disk: true },
    strike: (l) => l.agent(3, 'guest-fill'),
    then: (l) => l.mendStorage(),
    told: 'io-error',
    done: 'resume',
  },
];
const more: readonly Kind[] = [
  {
    name: 'kernel panic, panic device',
    guest: { n: 4, panicDevice: true },
    strike: (l) => l.virsh('inject-nmi', 'vm4'),
    told: 'crashed',
    done: 'reboot',
  },
  { name: 'QEMU stopped', guest: { n: 5 }, strike: (l) => l.signal('SIGSTOP', 5), told: 'hung', done: 'reboot' },
];
/** Its owner shuts it down: nothing may be told or done. */
const OWNERS: Guest = { n: 9 };

export const run: RunFigure = async ({ full }) => {
  const all = full ? [...kinds, ...more] : kinds;
  const lab = new VmLab('127.0.14.20');
  const events: LifeboatEvent[] = [];
  await lab.up([...all.map((k) => k.guest), OWNERS], full ? 600 : 300);
  const vms = new Map([...all.map((k) => k.guest), OWNERS].map((g) => [vmId(uuidOf(g.n)), `vm${g.n}`]));
  const crew = crewFor({
    uri: lab.uri,
    host: HOST,
    topology,
    cloud: libvirtCloud(lab, HOST, vms),
    silentAfterMs: SILENT_MS,
    onEvent: (e) => events.push(e),
  });
  try {
    await eventually('the agent is registered', () => events.some((e) => e.type === 'lifeboat.agent.registered'));
    await lab.virsh('shutdown', `vm${OWNERS.n}`, '--mode', 'agent');
    const rows = await Promise.all(all.map((k) => one(lab, k, events)));
    const owner = events.filter((e) => e.type === 'lifeboat.vm.failed' && e.data.vm === uuidOf(OWNERS.n)).length;
    console.log(`${'kind'.padEnd(32)}${'told as'.padEnd(12)}${'done'.padEnd(12)}back after s`);
    for (const r of rows)
      console.log(
        `${r.name.padEnd(32)}${r.told.padEnd(12)}${r.done.padEnd(12)}${r.backMs === null ? 'never' : (r.backMs / 1000).toFixed(1)}`,
      );
    console.log(`${"its owner's shutdown".padEnd(32)}${owner === 0 ? 'nothing' : 'a failure'}`);
    const right = rows.filter((r) => r.right).length;
    const slowest = Math.max(...rows.map((r) => r.backMs ?? Number.POSITIVE_INFINITY));
    return {
      value: `${right} of ${rows.length} kinds told and mended rightly, the slowest back after ${(slowest / 1000).toFixed(1)} s; owner's shutdown taken for a failure: ${owner}`,
      asked: `all, within ${BACK_WITHIN_MS / 1000} s; 0`,
      met: right === rows.length && slowest <= BACK_WITHIN_MS && owner === 0,
    };
  } finally {
    crew.stop();
    lab.down();
  }
};

/** From the stroke until an agent has seen it run again. */
async function one(lab: VmLab, k: Kind, events: readonly LifeboatEvent[]) {
  const vm = uuidOf(k.guest.n);
  const from = performance.now();
  await k.strike(lab);
  const failed = () => events.find((e) => e.type === 'lifeboat.vm.failed' && e.data.vm === vm);
  const recovered = () => events.find((e) => e.type === 'lifeboat.vm.recovered' && e.data.vm === vm);
  await eventually(`${k.name} is told`, () => failed() !== undefined, BACK_WITHIN_MS).catch(() => undefined);
  await k.then?.(lab);
  const back = await eventually(`${k.name} is mended`, () => recovered() !== undefined, BACK_WITHIN_MS).then(
    () => performance.now() - from,
    () => null,
  );
  const told = failed();
  const order = events.find((e) => e.type === 'lifeboat.restart.requested' && e.data.vm === vm);
  const toldAs = told?.type === 'lifeboat.vm.failed' ? told.data.failure : 'nothing';
  const done = order?.type === 'lifeboat.restart.requested' ? order.data.how : 'nothing';
  return { name: k.name, told: toldAs, done, backMs: back, right: toldAs === k.told && done === k.done && back !== null };
}
