import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fenceAgents } from '@lifeboat/adapters-fence';
import { prober } from '@lifeboat/adapters-probe';
import { TopologySchema } from '@lifeboat/contracts';
import { hostId } from '@lifeboat/kernel';
import { fenceDeviceContract } from '@lifeboat/ports/fence-device.contract';
import Schema from 'typebox/schema';
import { HOST_PORT, hostName, labHosts, labMethod, topologyFor } from './lab-hosts.ts';
import { readOr, startOf } from './places.ts';

// Numbers that no compute of the OpenStack lab has. The agent leaves its process group and has a child, as a real one may.
const pids = '/tmp/lifeboat-lab-agent';
const agent = (n: number) => [
  'bash',
  '-c',
  `rec() { read -r p _ < /proc/self/stat; echo $p >> ${pids}-${n}; }; rec; setsid bash -c "$(declare -f rec); rec; exec sleep 300" & hostname > ${pids}-${n}.name; cat /proc/sys/kernel/random/boot_id > ${pids}-${n}.boot; sleep 300`,
];
const lab = labHosts({ count: 3, first: 201, compute: false, agentCommand: agent });
const [good, other, silent] = [201, 202, 203] as const;
const device = fenceAgents();
const tcp = prober({ icmp: false, tcpPorts: [HOST_PORT], refusedIsAlive: false });

const agentPids = (n: number) => readOr(`${pids}-${n}`, '').split('\n').filter(Boolean).map(Number);
const living = (n: number) => agentPids(n).filter((p) => startOf(p) !== null).length;
const answers = async (n: number) => [...(await tcp.reach([lab.mgmtAddress(n), lab.prodAddress(n)], 1_000)).values()].map((r) => r.alive);
const statusOf = async (n: number) => {
  const s = await device.status(hostId(hostName(n)), labMethod(n));
  return s.ok ? s.value : s.code;
};
const soon = async (isSo: () => boolean) => {
  for (let i = 0; i < 100 && !isSo(); i++) await new Promise((r) => setTimeout(r, 20));
  assert.ok(isSo());
};

before(async () => {
  await lab.stopAll();
  for (const n of lab.numbers) for (const s of ['', '.name', '.boot']) rmSync(`${pids}-${n}${s}`, { force: true });
  await lab.startAll();
});
after(() => lab.stopAll());

fenceDeviceContract('fence_ipmilan, real BMCs by ipmi_sim', async () => {
  lab.setFault(silent, 'silent', true);
  lab.setFault(other, 'lie', true);
  return {
    device,
    host: hostId(hostName(good)),
    good: labMethod(good),
    unreachable: labMethod(silent),
    lying: labMethod(other),
    close: async () => {
      lab.setFault(silent, 'silent', false);
      lab.setFault(other, 'lie', false);
    },
  };
});

describe('a lab host', () => {
  it('answers on both networks, has its own name and boot id, and runs its agent', async () => {
    assert.deepEqual(await answers(other), [true, true]);
    await soon(() => living(other) === 2 && readOr(`${pids}-${other}.boot`, '') !== '');
    assert.equal(readFileSync(`${pids}-${other}.name`, 'utf8').trim(), 'compute-202');
    assert.notEqual(readFileSync(`${pids}-${other}.boot`, 'utf8'), readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  });

  it('is dead as a whole once fenced, and the others are not', async () => {
    await soon(() => living(other) === 2);
    const began = performance.now();
    const off = await device.off(hostId(hostName(other)), labMethod(other));
    console.log(`fence_ipmilan off: ${Math.round(performance.now() - began)} ms`);
    assert.deepEqual([off.ok, living(other), await statusOf(other), await answers(other)], [true, 0, 'off', [false, false]]);
    assert.deepEqual([await statusOf(silent), await answers(silent)], ['on', [true, true]]);
  });

  it('comes back by its BMC with another boot id', async () => {
    const boot = readFileSync(`${pids}-${other}.boot`, 'utf8');
    assert.deepEqual(await device.on(hostId(hostName(other)), labMethod(other)), { ok: true, value: undefined });
    await soon(() => living(other) === 2);
    assert.deepEqual(await answers(other), [true, true]);
    await soon(() => readOr(`${pids}-${other}.boot`, boot) !== boot);
  });

  it('dies quickly when the plug is pulled; its BMC, with power of its own, says off', async () => {
    const began = performance.now();
    await lab.powerCut(other);
    const took = performance.now() - began;
    console.log(`power cut: ${Math.round(took)} ms`);
    assert.ok(took < 1_000);
    assert.deepEqual([living(other), await answers(other), await statusOf(other)], [0, [false, false], 'off']);
    assert.deepEqual(await device.off(hostId(hostName(other)), labMethod(other)), { ok: true, value: undefined });
  });

  it('with a slow BMC: the limit holds', async () => {
    lab.setFault(good, 'slow', 8);
    const began = performance.now();
    const answer = await device.status(hostId(hostName(good)), labMethod(good, {}, 2_000));
    assert.equal(answer.ok ? 'ok' : answer.code, 'FENCE_TIMEOUT');
    assert.ok(performance.now() - began < 4_000);
    lab.setFault(good, 'slow', false);
  });

  it('says which machine its BMC is in: each its own, by the BMC itself', async () => {
    const identity = async (n: number) => {
      const said = await device.identity?.(hostId(hostName(n)), labMethod(n));
      return said?.ok === true ? said.value : said?.code;
    };
    const [a, b] = [await identity(good), await identity(other)];
    assert.match(a ?? '', /^[0-9a-f-]{36}$/);
    assert.match(b ?? '', /^[0-9a-f-]{36}$/);
    assert.notEqual(a, b);
  });

  it('refuses a wrong password, and shows neither', async () => {
    const answer = await device.off(hostId(hostName(silent)), labMethod(silent, { password: 'wrong-secret' }));
    assert.equal(answer.ok ? 'ok' : answer.code, 'FENCE_REFUSED');
    assert.doesNotMatch(answer.ok ? '' : answer.detail, /secret/);
    assert.equal(await statusOf(silent), 'on');
  });
});

describe('topologyFor', () => {
  it('is a topology as the schema wants it', () => {
    const topology = topologyFor({ hosts: 6, racks: 3, policy: { automation: 'automatic' } });
    assert.ok(Schema.Compile(TopologySchema).Check(topology));
    assert.deepEqual(
      topology.hosts.map((h) => h.rack),
      ['rack-1', 'rack-2', 'rack-3', 'rack-1', 'rack-2', 'rack-3'],
    );
    assert.equal(topology.hosts[5]?.fence[0]?.parameters.ip, '127.0.13.6');
  });
});
