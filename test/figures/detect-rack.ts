import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryBus, MemoryRegistryCore, MemoryStateStore } from '@lifeboat/adapters-memory';
import { agentWatcher, agentWatcherWorld, concerns, SHARDS, watcherSettings } from '@lifeboat/agent-watcher';
import { openServiceRegistry, wallClock } from '@lifeboat/backbone';
import { decode, type LifeboatEvent, type Topology } from '@lifeboat/contracts';
import { correlatorSettings, faultCorrelator } from '@lifeboat/fault-correlator';
import { clusterId, type HostId, instant, rackId } from '@lifeboat/kernel';
import type { Bus } from '@lifeboat/ports';
import { Band, Shell } from '@lifeboat/runtime';
import { tcpLink } from '../contract/tcp-link.ts';
import { startZooKeeper } from '../servers/index.ts';
import type { Figure, RunFigure } from './index.ts';
import { Fleet, hostName } from './registry/fleet.ts';
import { Monitor } from './registry/monitor.ts';

const HOSTS = 2_000;
const RACK = 40;
/** The agents' session timeout, and what is promised on top of it. */
const T = 10_000;
const MARGIN_MS = 1_000;
const LOST_RACK = 7;
const SESSIONS = 28;

const topology = {
  region: 'detect',
  clusters: [{ cluster: clusterId('c') }],
  racks: Array.from({ length: HOSTS / RACK }, (_, i) => ({ rack: rackId(`rack-${i}`) })),
  hosts: Array.from({ length: HOSTS }, (_, n) => ({
    host: hostName(n),
    cluster: clusterId('c'),
    rack: rackId(`rack-${Math.floor(n / RACK)}`),
    managementAddress: `10.0.${Math.floor(n / 250)}.${(n % 250) + 1}`,
    fence: [],
  })),
} satisfies Topology;
const isOfRack = (n: number) => Math.floor(n / RACK) === LOST_RACK;
const rackHosts = Array.from({ length: RACK }, (_, i) => LOST_RACK * RACK + i);

/**
 * Real: ZooKeeper, every agent's entry (the rack's agents with a session each), the agent-watcher's parts, the correlator's
 * decisions in their shells. Simulated: the machines, and with them what the node-monitor and the peers would see of them, at the
 * times at which they would.
 */
export const run: RunFigure = async ({ full }) => {
  const runs: { lost: number; first: number; confirmed: number; wrong: number }[] = [];
  for (let i = 0; i < (full ? 3 : 1); i++) runs.push(await once());
  const worst = (of: 'lost' | 'confirmed') => Math.max(...runs.map((r) => r[of]));
  const wrong = runs.reduce((n, r) => n + r.wrong, 0);
  const s = (ms: number) => (ms / 1000).toFixed(2);
  const figure: Figure = {
    value: `all ${RACK} agents lost within ${s(worst('lost'))} s, the rack confirmed within ${s(worst('confirmed'))} s of the cut; ${wrong} false (${runs.length} runs, ${HOSTS} agents)`,
    asked: `≤ T + ${MARGIN_MS / 1000} s = ${s(T + MARGIN_MS)} s, 0 false`,
    met: worst('lost') <= T + MARGIN_MS && worst('confirmed') <= T + MARGIN_MS && wrong === 0,
  };
  return figure;
};

async function once() {
  const clock = wallClock();
  const zookeeper = await startZooKeeper();
  const stop = new AbortController();
  const registry = openServiceRegistry({ connectString: zookeeper.connect, sessionMs: T, leaseMs: 4_000 }, clock);
  const others = new Fleet(zookeeper.connect, T, SESSIONS);
  const [host = '', port] = zookeeper.connect.split(':');
  // What hangs on this link is cut like a host without power: nothing is closed, nothing is said.
  const link = await tcpLink({ host, port: Number(port) });
  const rack = new Fleet(`127.0.0.1:${link.port}`, T, RACK);
  try {
    const bus = new MemoryBus(clock).client();
    const ports = { bus, store: new MemoryStateStore(clock), clock, instance: 'detect' };
    const { told, close } = await listen(bus);
    const world = (shard: number) => agentWatcherWorld({ registry, clock, sessionMs: T, concerns: concerns(shard) });
    const watchers = new Band(agentWatcher(watcherSettings(T)), { count: SHARDS, world }, { ...ports, registry }).run(stop.signal);
    const election = new MemoryRegistryCore(clock, { sessionTimeoutMs: 4_000 }).client('correlator');
    const correlator = new Shell(
      faultCorrelator(correlatorSettings(topology)),
      { perform: async (e: never) => e },
      { ...ports, registry: election },
    ).run(stop.signal);
    const monitor = new Monitor(
      bus,
      topology.hosts.map((h) => h.host),
      RACK,
      stop.signal,
    );
    await Promise.all([others.register(HOSTS, 5, (n) => !isOfRack(n)), rack.register(HOSTS, 5, isOfRack)]);
    await until(
      'all are registered',
      () => new Set(told.flatMap((e) => (e.type === 'lifeboat.agent.registered' ? [e.data.host] : []))).size === HOSTS,
    );
    console.log(
      `  ${HOSTS} agents are registered with ZooKeeper, the rack's with a session each; its power is cut when the grace after the start is over`,
    );
    await sleep(T + 1_500);
    const cutAt = clock.now();
    await link.cut();
    const peers = others.seeDead(rackHosts, 2_000);
    monitor.lose(rackHosts.map(hostName), cutAt);
    const of = (type: LifeboatEvent['type']) => told.filter((e) => e.type === type && e.time >= cutAt);
    await until(
      'the rack is confirmed',
      () => of('lifeboat.fault.confirmed').length > 0 && of('lifeboat.agent.lost').length >= RACK,
      3 * T,
    );
    await sleep(1_000);
    await peers;
    stop.abort();
    await Promise.all([watchers, correlator]);
    await close();
    return report(told, cutAt);
  } finally {
    stop.abort();
    await Promise.all([others.close(), rack.close(), registry.close()]);
    await link.close();
    await zookeeper.stop();
  }
}

async function listen(bus: Bus) {
  const told: LifeboatEvent[] = [];
  const listening = await bus.subscribe({
    name: 'listener',
    topics: ['lifeboat.agents', 'lifeboat.faults'],
    from: {},
    onRecords: async (records) => {
      for (const r of records) {
        const d = decode(r);
        if (d.ok) told.push(d.event);
      }
    },
  });
  return {
    told,
    close: async () => {
      if (listening.ok) await listening.value.close();
    },
  };
}

function report(told: readonly LifeboatEvent[], cutAt: number) {
  const inRack = new Set<HostId>(rackHosts.map(hostName));
  const lost = told.flatMap((e) => (e.type === 'lifeboat.agent.lost' ? [e] : []));
  const faults = told.flatMap((e) => (e.type === 'lifeboat.fault.confirmed' ? [e] : []));
  const times = lost.filter((e) => inRack.has(e.data.host)).map((e) => e.time - cutAt);
  const confirmed = faults.find((e) => e.data.rackRule && e.data.hosts.length === RACK);
  const wrong =
    lost.filter((e) => !inRack.has(e.data.host)).length +
    faults.filter((e) => e !== confirmed).length +
    told.filter((e) => e.type === 'lifeboat.fault.held').length;
  const first = Math.min(...times);
  const last = Math.max(...times);
  const at = confirmed === undefined ? Number.POSITIVE_INFINITY : instant(confirmed.time - cutAt);
  console.log(
    `  agents lost: ${times.length} of ${RACK}, the first after ${(first / 1000).toFixed(2)} s, the last after ${(last / 1000).toFixed(2)} s; ${confirmed?.data.verdict ?? 'no rack verdict'} after ${(at / 1000).toFixed(2)} s`,
  );
  return { lost: times.length < RACK ? Number.POSITIVE_INFINITY : last, first, confirmed: at, wrong };
}

async function until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await sleep(20);
  }
}
