import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBus, MemoryRegistryCore, MemoryStateStore, VirtualClock } from '@lifeboat/adapters-memory';
import { decode, encode, type LifeboatEvent, type Topology } from '@lifeboat/contracts';
import { clusterId, done, type EventId, failed, hostId, instant, ok, rackId } from '@lifeboat/kernel';
import type { ComputeService, FenceDevice, Prober, RemoteShell } from '@lifeboat/ports';
import { Shell } from '@lifeboat/runtime';
import { nodeMonitor } from './service.ts';
import { monitorSettings } from './settings.ts';
import { nodeMonitorWorld } from './world.ts';

const bmc = { name: 'bmc', agent: 'fence_ipmilan', parameters: {} };
const pdu = { name: 'pdu', agent: 'fence_apc', parameters: {} };
const topology: Topology = {
  region: 'lab',
  clusters: [{ cluster: clusterId('web') }],
  racks: [{ rack: rackId('r1') }, { rack: rackId('r2') }],
  hosts: ['h1', 'h2'].map((h, i) => ({
    host: hostId(h),
    cluster: clusterId('web'),
    rack: rackId(`r${i + 1}`),
    managementAddress: `10.0.0.${i + 1}`,
    fence: [bmc, pdu],
  })),
};

function lab() {
  const clock = new VirtualClock(instant(1_000_000));
  const core = new MemoryRegistryCore(clock, { sessionTimeoutMs: 4_000 });
  const bus = new MemoryBus(clock);
  const store = new MemoryStateStore(clock);
  /** What is broken, by address or method. */
  const broken = new Set<string>();
  const restarted: string[] = [];
  const troubles: string[] = [];
  const prober: Prober = {
    reach: async (addresses) => new Map(addresses.map((a) => [a, { alive: !broken.has(a), detail: broken.has(a) ? 'no answer' : 'icmp' }])),
    unfitBecause: async () => (broken.has('ourselves') ? 'no carrier' : null),
  };
  const fence: FenceDevice = {
    status: async (_, method) =>
      broken.has(method.name)
        ? failed(broken.has(`${method.name} refuses`) ? 'FENCE_REFUSED' : 'FENCE_TIMEOUT', 'x')
        : ok(broken.has('power') ? 'off' : 'on'),
    off: async () => failed('FENCE_REFUSED', 'a monitor never orders power off'),
    on: async () => failed('FENCE_REFUSED', 'a monitor never orders power on'),
  };
  const shell: RemoteShell = {
    login: async (address) => (broken.has(address) ? failed('SSH_UNREACHABLE', 'no route') : done),
    restartAgent: async (address) => {
      restarted.push(address);
      return done;
    },
  };
  const cloud = {
    computeServices: async () =>
      ok(
        topology.hosts.map(
          (h): ComputeService => ({ id: h.host, host: h.host, up: true, enabled: true, forcedDown: false, disabledReason: null }),
        ),
      ),
  };
  const start = (instance: string) => {
    const registry = core.client(instance);
    const stop = new AbortController();
    const world = nodeMonitorWorld({ prober, fence, shell, cloud, clock, topology });
    const ports = { bus: bus.client(), store, registry, clock, instance };
    const ended = new Shell(nodeMonitor(monitorSettings(topology)), world, ports, {
      trouble: (t) => troubles.push(t),
      deposed: (w) => troubles.push(w),
    }).run(stop.signal);
    return async () => {
      stop.abort();
      await clock.runFor(1_500);
      await ended;
      await registry.close();
    };
  };
  let sequence = 0;
  const tell = (type: 'lifeboat.agent.lost' | 'lifeboat.agent.registered', session: string) => {
    sequence += 1;
    const data = {
      host: 'h1',
      session,
      vms: [],
      at: clock.now(),
      ...(type === 'lifeboat.agent.lost' ? { reason: 'session-lapsed' } : { bootId: 'b', peers: [] }),
    };
    return bus.publish([
      encode({
        type,
        data,
        id: sequence.toString(16).padStart(32, '0') as EventId,
        source: 'agent-watcher/1',
        time: clock.now(),
        sequence,
      } as unknown as LifeboatEvent),
    ]);
  };
  const told = () =>
    bus.records('lifeboat.nodes').map((r) => {
      const d = decode(r);
      assert.ok(d.ok);
      return d.event;
    });
  const lastOf = (host: string) =>
    told()
      .flatMap((e) => (e.type === 'lifeboat.node.observed' && e.data.host === host ? [e.data] : []))
      .at(-1)?.signals;
  return { clock, broken, restarted, troubles, start, tell, told, lastOf };
}

describe('node-monitor in its shell', () => {
  it('tells little while all is well', async () => {
    const l = lab();
    const stop = l.start('m1');
    await l.clock.runFor(35_000);
    assert.deepEqual(
      [
        l.told().filter((e) => e.type === 'lifeboat.node.observed').length,
        l.told().filter((e) => e.type === 'lifeboat.round.completed').length,
      ],
      [4, 4],
      'each host when first seen and when Nova first spoke; a round every ten seconds',
    );
    await stop();
    assert.deepEqual(l.troubles, ['stopped']);
  });

  it('has every signal of a dead host within three rounds, fresh in each', async () => {
    const l = lab();
    const stop = l.start('m1');
    await l.clock.runFor(5_000);
    l.broken.add('10.0.0.1').add('power');
    await l.tell('lifeboat.agent.lost', 's1');
    await l.clock.runFor(3_100);
    const s = l.lastOf('h1');
    assert.deepEqual([s?.management?.is, s?.ssh?.is, s?.power?.is, s?.power?.detail, s?.compute?.is], ['dead', 'dead', 'off', 'bmc', 'up']);
    for (const signal of [s?.management, s?.ssh, s?.power, s?.compute]) assert.ok(l.clock.now() - (signal?.at ?? 0) <= 4_000);
    await stop();
  });

  const devices: [name: string, broken: string[], is: string][] = [
    ['asks the second method when the first is silent', ['bmc'], 'on'],
    ["says 'unreachable' when every device is silent", ['bmc', 'pdu'], 'unreachable'],
    ["says 'error' when one of them answers with an error", ['bmc', 'pdu', 'pdu refuses'], 'error'],
  ];
  for (const [name, broken, is] of devices)
    it(name, async () => {
      const l = lab();
      const stop = l.start('m1');
      for (const b of broken) l.broken.add(b);
      await l.tell('lifeboat.agent.lost', 's1');
      await l.clock.runFor(2_000);
      assert.equal(l.lastOf('h1')?.power?.is, is);
      await stop();
    });

  it('restarts a silent agent, and a new leader goes on where the old one stopped', async () => {
    const l = lab();
    const first = l.start('m1');
    await l.tell('lifeboat.agent.lost', 's1');
    await l.clock.runFor(4_500);
    assert.deepEqual(l.restarted, ['10.0.0.1']);
    await first();
    const second = l.start('m2');
    await l.clock.runFor(2_000);
    await l.tell('lifeboat.agent.registered', 's2');
    await l.clock.runFor(2_000);
    assert.deepEqual(l.restarted, ['10.0.0.1'], 'not again');
    assert.deepEqual(
      l.told().flatMap((e) => (e.type === 'lifeboat.agent.restarted' ? [[e.data.succeeded, e.data.attempt]] : [])),
      [[true, 1]],
    );
    await second();
  });

  it('calls nobody dead while its own link is down', async () => {
    const l = lab();
    const stop = l.start('m1');
    await l.clock.runFor(3_000);
    l.broken.add('ourselves').add('10.0.0.1').add('10.0.0.2');
    await l.clock.runFor(5_000);
    assert.equal(l.lastOf('h1')?.management?.is, 'alive');
    const round = l.told().at(-1);
    assert.ok(round?.type === 'lifeboat.round.completed');
    assert.deepEqual([round.data.observer, round.data.reason], ['cut-off', 'no carrier']);
    await stop();
  });
});
