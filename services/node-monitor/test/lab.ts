import assert from 'node:assert/strict';
import { MemoryBus, MemoryRegistryCore, MemoryStateStore, VirtualClock } from '@lifeboat/adapters-memory';
import { decode, encode, type LifeboatEvent, type Topology } from '@lifeboat/contracts';
import { clusterId, done, type EventId, failed, hostId, instant, ok, rackId } from '@lifeboat/kernel';
import type { ComputeService, FenceDevice, Prober, RemoteShell } from '@lifeboat/ports';
import { Shell } from '@lifeboat/runtime';
import { nodeMonitor } from '../src/service.ts';
import { monitorSettings } from '../src/settings.ts';
import { nodeMonitorWorld } from '../src/world.ts';

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

/** A network, fence devices and a Nova of which parts can be broken. */
function brokenWorld() {
  /** What is broken, by address or method. */
  const broken = new Set<string>();
  const restarted: string[] = [];
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
  return { broken, restarted, ports: { prober, fence, shell, cloud } };
}

export function lab() {
  const clock = new VirtualClock(instant(1_000_000));
  const core = new MemoryRegistryCore(clock, { sessionTimeoutMs: 4_000 });
  const bus = new MemoryBus(clock);
  const store = new MemoryStateStore(clock);
  const { broken, restarted, ports: adapters } = brokenWorld();
  const troubles: string[] = [];
  const leads: { instance: string; at: number }[] = [];
  const start = (instance: string) => {
    const registry = core.client(instance);
    const stop = new AbortController();
    const world = nodeMonitorWorld({ ...adapters, clock, topology }, stop.signal);
    const ports = { bus: bus.client(), store, registry, clock, instance };
    const ended = new Shell(nodeMonitor(monitorSettings(topology)), world, ports, {
      trouble: (t) => troubles.push(t),
      deposed: (w) => troubles.push(w),
      leading: () => leads.push({ instance, at: clock.now() }),
    }).run(stop.signal);
    return Object.assign(
      async () => {
        stop.abort();
        await clock.runFor(1_500);
        await ended;
        await registry.close();
      },
      // its session ends as by expiry; nothing says good-bye
      { cut: () => registry.cut(), heal: () => registry.heal() },
    );
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
  return { clock, broken, restarted, troubles, leads, start, tell, told, lastOf };
}
