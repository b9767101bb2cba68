import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type VmId, vmId } from '@lifeboat/kernel';
import { tellStory } from '@lifeboat/story';

import { askGuest, type GuestWord, mark, serverOf, startGuest } from '../nova-libvirt-lab/guests.ts';
import type { TrueLab } from '../nova-libvirt-lab/lab.ts';
import { hostName } from '../nova-libvirt-lab/places.ts';
import { cutAndWatch, type Run, timesOf } from './evacuation.ts';
import { until } from './nova.ts';
import { type TrueStack, type TrueWish, upTrueStack } from './true-stack.ts';

export const VICTIM = 1;
/** Guests by host: those of the victim, and one on another host that has to go on undisturbed. */
const GUESTS = [
  { g: 1, host: VICTIM },
  { g: 2, host: VICTIM },
  { g: 3, host: 2 },
] as const;
const ANSWER_MS = 120_000;
const RELEASED_MS = 120_000;
const LOOK_MS = 300;

export interface Guest {
  readonly g: number;
  readonly vm: VmId;
  readonly host: number;
}
export const markerOf = (g: number) => `disk of guest ${g}`;

const startGuests = async (lab: TrueLab, into: Guest[]): Promise<void> => {
  const start = async ({ g, host }: (typeof GUESTS)[number]) => {
    into.push({ g, host, vm: vmId(await startGuest(g, host)) });
    await mark(g, markerOf(g));
  };
  // where hosts have no locks between them, two that fill Nova's shared image cache at once spoil it
  const first = lab.storage === 'bindfs' ? GUESTS.slice(0, 1) : [];
  for (const x of first) await start(x);
  await Promise.all(GUESTS.slice(first.length).map(start));
  // flushed to the disk: a power cut is to come
  await sleep(2_000);
  for (const n of new Set(GUESTS.map((x) => x.host))) await lab.onHost(n, 'sync');
};

/** QEMU processes of a guest on all hosts together: what is physically so, whatever anybody says. */
export const copiesOf = (vm: VmId): number =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[0]?.endsWith('qemu-system-x86_64') === true && words[words.indexOf('-uuid') + 1] === vm;
    } catch {
      return false; // ended while we looked
    }
  }).length;

/** Looks at the guests all the time, until told to stop; what it saw that must never be. */
const keepLooking = (guests: readonly Guest[]) => {
  const wrong = new Set<string>();
  const stop = new AbortController();
  const looking = (async () => {
    while (!stop.signal.aborted) {
      for (const { g, vm } of guests) {
        const copies = copiesOf(vm);
        if (copies > 1) wrong.add(`guest ${g} ran ${copies} times at once`);
      }
      await sleep(LOOK_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return async (): Promise<string[]> => {
    stop.abort();
    await looking;
    return [...wrong];
  };
};

export interface TrueRun extends Run {
  readonly guests: readonly Guest[];
  /** Words of every guest at the end. */
  readonly words: ReadonlyMap<number, GuestWord | null>;
  /** When the last guest of the victim answered on the production network, in ms since the cut. */
  readonly answeredMs: number;
  readonly releasedMs: number;
  readonly lines: readonly string[];
  /** What must never be: two copies of a guest, a second writer, a lost marker, another host's guest disturbed. */
  readonly wrong: readonly string[];
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1).padStart(6)} s`;

/** Brings everything up, runs a scenario, and takes everything down. */
export const withTrueStack = async <T>(
  wish: TrueWish,
  say: (line: string) => void,
  scenario: (stack: TrueStack, guests: readonly Guest[]) => Promise<T>,
): Promise<T> => {
  const guests: Guest[] = [];
  const stack = await upTrueStack(wish, say, (lab) => startGuests(lab, guests));
  try {
    await agentsSeeGuests(stack, guests);
    return await scenario(
      stack,
      guests.sort((a, b) => a.g - b.g),
    );
  } finally {
    await stack.down();
  }
};

/** By libvirt's word, through the agent, the registry and Kafka. */
const agentsSeeGuests = (stack: TrueStack, guests: readonly Guest[]) =>
  stack.recorder.untilSo(
    'the agents report the guests as running',
    () =>
      guests.every(({ vm, host }) => {
        const { of } = stack.recorder;
        const isIt = (v: { vm: VmId; state: string }) => v.vm === vm && v.state === 'running';
        return (
          of('lifeboat.agent.reported', (e) => e.data.host === hostName(host) && e.data.changed.some(isIt)).length > 0 ||
          of('lifeboat.agent.registered', (e) => e.data.host === hostName(host) && e.data.vms.some(isIt)).length > 0
        );
      }),
    30_000,
  );

/** One power cut over IPMI, seen through to the end; then power on again, until the host is released. */
export const powerCutRun = async (stack: TrueStack, guests: readonly Guest[]): Promise<TrueRun> => {
  const mine = guests.filter((x) => x.host === VICTIM);
  const stop = keepLooking(guests);
  const watched = cutAndWatch(
    stack,
    VICTIM,
    mine.map((x) => x.vm),
  );
  const run = await watched;
  return finish(stack, guests, run, stop);
};

/** Evacuated while the storage still holds the dead host's locks: refused by QEMU, asked for again, no failure of any VM. */
export const heldLocksRun = async (stack: TrueStack, guests: readonly Guest[]): Promise<TrueRun> => {
  const run = await powerCutRun(stack, guests);
  const { of } = stack.recorder;
  const started = of('lifeboat.evacuation.started', (e) => e.incident === run.incident);
  const failed = of('lifeboat.evacuation.failed', (e) => e.incident === run.incident).map((e) => `failed: ${e.data.reason}`);
  const refused = started.length > run.vms.length ? [] : ['no evacuation met a held lock: this run has shown nothing'];
  const said = `  ${started.length} evacuations were begun for ${run.vms.length} guests`;
  return { ...run, lines: [...run.lines, said], wrong: [...run.wrong, ...failed, ...refused] };
};

/**
 * The host's cables are pulled on both networks while it goes on running, and its fence device says yes and does nothing:
 * everything has to wait. Then the device is honest again.
 */
export const lyingDeviceRun = async (stack: TrueStack, guests: readonly Guest[], waitMs = 20_000): Promise<TrueRun> => {
  const { recorder, lab } = stack;
  const host = stack.host(VICTIM);
  const mine = guests.filter((x) => x.host === VICTIM);
  const stop = keepLooking(guests);
  const from = recorder.events.length;
  lab.setFault(VICTIM, 'lie', true);
  const cutAt = Date.now();
  await lab.setCable(VICTIM, 'management', false);
  await lab.setCable(VICTIM, 'production', false);
  const confirmed = await recorder.until('lifeboat.fault.confirmed', (e) => e.time >= cutAt && e.data.hosts.includes(host), 90_000);
  const { incident } = confirmed.data;
  const waiting = await recorder.until('lifeboat.incident.waiting', (e) => e.incident === incident && e.data.for === 'isolation', 120_000);
  await sleep(waitMs);
  const early = recorder.of('lifeboat.evacuation.started', (e) => e.incident === incident);
  const wrong = early.length > 0 ? ['evacuated without isolation'] : [];
  if (mine.some((x) => copiesOf(x.vm) !== 1)) wrong.push('a guest did not run on, on the host that could not be isolated');
  const waited = Date.now() - waiting.time;
  lab.setFault(VICTIM, 'lie', false);
  await recorder.until('lifeboat.incident.closed', (e) => e.incident === incident, 240_000);
  const vms = mine.map((x) => x.vm);
  const run: Run = { host, vms, cutAt, incident, events: recorder.events.slice(from), times: timesOf(stack, host, incident, cutAt) };
  const done = await finish(stack, guests, run, stop);
  const said = `${seconds(waiting.time - cutAt)}  waits visibly: ${waiting.data.reason.slice(0, 160)} (for ${seconds(waited).trim()}, nothing evacuated)`;
  return { ...done, lines: [said, ...done.lines], wrong: [...wrong, ...done.wrong] };
};

const finish = async (stack: TrueStack, guests: readonly Guest[], run: Run, stop: () => Promise<string[]>): Promise<TrueRun> => {
  const mine = guests.filter((x) => x.host === VICTIM);
  await until('the guests answer on the production network', ANSWER_MS, async () => {
    for (const x of mine) if ((await askGuest(x.g))?.boots !== 2) return false;
    return true;
  }).catch(() => undefined);
  const answeredMs = Date.now() - run.cutAt;
  const released = await powerOnAgain(stack);
  const words = new Map<number, GuestWord | null>();
  for (const { g } of guests) words.set(g, await askGuest(g));
  const wrong = [...(await stop()), ...(await judge(guests, words))];
  const lines = [
    ...tellStory(stack.recorder.events, run.incident),
    `${seconds(answeredMs)}  the guests answer on the production network`,
    `${seconds(released)}  after power on: released`,
  ];
  return { ...run, guests, words, answeredMs, releasedMs: released, lines, wrong };
};

const judge = async (guests: readonly Guest[], words: ReadonlyMap<number, GuestWord | null>): Promise<string[]> => {
  const wrong: string[] = [];
  for (const { g, vm, host } of guests) {
    const word = words.get(g) ?? null;
    const server = await serverOf(vm);
    const at = server['OS-EXT-SRV-ATTR:host'];
    if (word === null) wrong.push(`guest ${g} does not answer on the production network (Nova: ${server.status} on ${at})`);
    else {
      if (word.uuid.toLowerCase() !== vm) wrong.push(`guest ${g}: its machine has the id ${word.uuid}, Nova's is ${vm}`);
      if (word.split > 0) wrong.push(`guest ${g} found another writer on its disk ${word.split} times`);
      if (word.data !== 'ok' || word.ioerr > 0) wrong.push(`guest ${g}: its disk is not well (${word.data}, ${word.ioerr} errors)`);
      if (word.marker !== markerOf(g)) wrong.push(`guest ${g}: its disk has lost its marker ('${word.marker}')`);
      const boots = host === VICTIM ? 2 : 1;
      if (word.boots !== boots) wrong.push(`guest ${g} has booted ${word.boots} times, not ${boots}`);
    }
    if (server.status !== 'ACTIVE' || server['OS-EXT-STS:task_state'] !== null) wrong.push(`guest ${g}: Nova says ${server.status}`);
    if (host === VICTIM ? at === hostName(VICTIM) : at !== hostName(host)) wrong.push(`guest ${g} is on ${at}`);
    const copies = copiesOf(vm);
    if (copies !== 1) wrong.push(`guest ${g} runs ${copies} times at the end`);
  }
  return wrong;
};

/** Power on by the BMC; Nova cleans up, Lifeboat releases. Milliseconds. */
const powerOnAgain = async (stack: TrueStack): Promise<number> => {
  const began = Date.now();
  const host = stack.host(VICTIM);
  await stack.lab.ipmi(VICTIM, 'on');
  await stack.recorder.until('lifeboat.host.released', (e) => e.data.host === host && e.time >= began, RELEASED_MS);
  const took = Date.now() - began;
  await until(`${host} is up`, 60_000, async () => {
    const s = await stack.nova.serviceOf(host);
    return s.state === 'up' && s.status === 'enabled' && !s.forced_down;
  });
  return took;
};

/** An agent that stands still: the monitor logs in over SSH, with the host's key checked, and restarts it. Milliseconds. */
export const silentAgentRun = async (stack: TrueStack, n: number): Promise<number> => {
  const host = stack.host(n);
  const began = Date.now();
  await stack.lab.onHost(n, 'sh', '-c', 'kill -STOP $(cat /run/lifeboat-agent.pid)');
  await stack.recorder.until('lifeboat.agent.lost', (e) => e.data.host === host && e.time >= began, 30_000);
  await stack.recorder.until('lifeboat.agent.restarted', (e) => e.data.host === host && e.data.succeeded && e.time >= began, 60_000);
  return Date.now() - began;
};
