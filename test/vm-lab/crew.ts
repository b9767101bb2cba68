import { libvirtVms } from '@lifeboat/adapters-libvirt';
import { MemoryBus, MemoryLedger, MemoryRegistryCore, MemoryStateStore } from '@lifeboat/adapters-memory';
import { wallClock } from '@lifeboat/adapters-memory/wall-clock';
import { runAgent } from '@lifeboat/agent';
import { agentWatcher, agentWatcherWorld, concerns, watcherSettings } from '@lifeboat/agent-watcher';
import { decode, type LifeboatEvent, type Topology } from '@lifeboat/contracts';
import { correlatorSettings, faultCorrelator } from '@lifeboat/fault-correlator';
import type { HostId } from '@lifeboat/kernel';
import { migrator, migratorSettings, migratorWorld } from '@lifeboat/migrator';
import type { Bus, BusRecord, Cloud, FenceDevice } from '@lifeboat/ports';
import { Band, Shell } from '@lifeboat/runtime';
import { FleetKeeper, scheduler, schedulerSettings, schedulerWorld } from '@lifeboat/scheduler';

/** Agent, watcher, correlator, scheduler and migrator in this process, as they are; the agent's libvirt is a real one. */
export function crewFor(o: {
  uri: string;
  host: HostId;
  topology: Topology;
  cloud: Cloud;
  silentAfterMs: number;
  onEvent: (e: LifeboatEvent) => void;
}) {
  const clock = wallClock();
  const stop = new AbortController();
  const [bus, store, ledger] = [new MemoryBus(clock, {}), new MemoryStateStore(clock, {}), new MemoryLedger(clock, {})];
  const registry = new MemoryRegistryCore(clock, { sessionTimeoutMs: 4_000 });
  const topology = () => o.topology;
  const heard = new Set<string>();
  /** Whoever measures hears an event when it is published. */
  const tell = (records: readonly BusRecord[]) => {
    for (const r of records) {
      const d = decode(r);
      if (!d.ok || heard.has(d.event.id)) continue;
      heard.add(d.event.id);
      o.onEvent(d.event);
    }
  };
  const client = (): Bus =>
    new Proxy(bus.client(), {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (name !== 'publish') return member.bind(target);
        return (records: readonly BusRecord[]) => {
          tell(records);
          return target.publish(records);
        };
      },
    });
  const ports = (name: string) => ({ bus: client(), store, registry: registry.client(name), clock, instance: name });
  const watching = registry.client('watch');
  const shells = [
    new Band(
      agentWatcher(watcherSettings(4_000)),
      { count: 1, world: (shard) => agentWatcherWorld({ registry: watching, clock, sessionMs: 4_000, concerns: concerns(shard, 1) }) },
      ports('agent-watcher'),
    ),
    new Shell(faultCorrelator(correlatorSettings(o.topology)), { perform: async (e: never) => e }, ports('fault-correlator')),
    new Shell(
      scheduler(schedulerSettings(o.topology)),
      schedulerWorld({ cloud: o.cloud, planner: new FleetKeeper({ cloud: o.cloud, clock, topology }) }),
      ports('scheduler'),
    ),
    new Shell(
      migrator(migratorSettings(o.topology)),
      migratorWorld({ cloud: o.cloud, fence: {} as FenceDevice, ledger, clock, topology }),
      ports('migrator'),
    ),
  ];
  for (const s of shells) void s.run(stop.signal);
  const vmSource = libvirtVms({ uri: o.uri, guests: { silentAfterMs: o.silentAfterMs, everyMs: 500 } });
  const prober = { reach: async () => new Map(), unfitBecause: async () => null };
  void runAgent({ registry: registry.client('agent'), vmSource, prober, clock, topology, host: o.host, bootId: 'b1', signal: stop.signal });
  return {
    stop: () => {
      stop.abort();
      vmSource.close();
    },
  };
}
