import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafka } from '@lifeboat/adapters-kafka';
import type { HostId } from '@lifeboat/kernel';
import { startKafka, startRedis, startZooKeeper } from '../servers/index.ts';
import { startService, untilReady } from './idle/processes.ts';
import type { Figure, RunFigure } from './index.ts';
import { Agents } from './registry/agents.ts';
import type { Delays } from './registry/delay-probe.ts';
import { hostName } from './registry/fleet.ts';
import { Monitor } from './registry/monitor.ts';
import { type Parts, type Stall, standStill } from './registry/stalls.ts';
import { Told } from './registry/told.ts';
import { type Judged, judge } from './registry/truth.ts';

export interface Size {
  readonly hosts: number;
  readonly vms: number;
  /** The agents' session timeout. */
  readonly sessionMs: number;
  readonly stalls: readonly Stall[];
  /** Between two stalls. */
  readonly betweenMs: number;
  /** A host dies in each of the first stalls, so many. */
  readonly deaths: number;
}
const quick: Size = {
  hosts: 2_000,
  vms: 30,
  sessionMs: 4_000,
  stalls: [
    { what: 'ZooKeeper', forMs: 6_000 },
    { what: 'some agents', forMs: 6_000 },
    { what: 'the watcher', forMs: 5_000 },
  ],
  betweenMs: 1_500,
  deaths: 1,
};
/** Less and more than the watcher's lease (4 s) and the agents' session timeout; ten minutes in all. */
const allStalls: readonly Stall[] = [
  { what: 'ZooKeeper', forMs: 3_000 },
  { what: 'the watcher', forMs: 3_000 },
  { what: 'some agents', forMs: 4_000 },
  { what: 'ZooKeeper', forMs: 15_000 },
  { what: 'the watcher', forMs: 6_000 },
  { what: 'some agents', forMs: 15_000 },
  { what: 'ZooKeeper, restarted', forMs: 3_000 },
  { what: 'the watcher and ZooKeeper', forMs: 5_000 },
  { what: 'the watcher', forMs: 15_000 },
  { what: 'ZooKeeper, restarted', forMs: 15_000 },
  { what: 'the watcher and ZooKeeper', forMs: 15_000 },
  { what: 'ZooKeeper', forMs: 8_000 },
];
const full: Size = { hosts: 10_000, vms: 30, sessionMs: 10_000, stalls: allStalls, betweenMs: 41_000, deaths: allStalls.length };
const MOST = { memoryMb: 300, p99Ms: 20 };
const PROCESSES = 5;
const SESSIONS_EACH = 8;
const RACK = 40;
/** VMs that change their state, each second. */
const CHANGES_A_SECOND = 50;
const REGISTERED_WITHIN_MS = 180_000;
/** A dead host's verdict: its peers, its fence device, the cut and a doubt about the registry, with room for a busy machine. */
const CONFIRMED_WITHIN_MS = 60_000;
const probe = new URL('./registry/delay-probe.ts', import.meta.url);

const topologyOf = (hosts: number) => ({
  region: 'scale',
  clusters: [{ cluster: 'c', policy: { automation: 'manual' } }],
  racks: Array.from({ length: hosts / RACK }, (_, i) => ({ rack: `rack-${i}` })),
  hosts: Array.from({ length: hosts }, (_, n) => ({
    host: hostName(n),
    cluster: 'c',
    rack: `rack-${Math.floor(n / RACK)}`,
    managementAddress: `10.${Math.floor(n / 62_500)}.${Math.floor(n / 250) % 250}.${(n % 250) + 1}`,
    fence: [],
  })),
});

/**
 * Real: ZooKeeper, Kafka, Redis, one agent-watcher process, the fault-correlator's process, every agent's entry. Simulated: the machines,
 * and with them what the node-monitor and the peers would see of them. What is counted:
 *
 * - false losses: `agent.lost` of a host that lives and whose agent never stood still, whatever stood still besides;
 * - false verdicts: `fault.confirmed` of a host that lives, or any verdict about one whose agent never stood still.
 *
 * An agent that stood still for longer than its session lives is truly lost; its host must not be taken for failed.
 */
export const run: RunFigure = (options) => measure(options.full ? full : quick);

export async function measure(size: Size): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-scale-'));
  const undo: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    await writeFile(join(folder, 'topology.yaml'), JSON.stringify(topologyOf(size.hosts)));
    const [kafka, zookeeper, redis] = await Promise.all([startKafka(), startZooKeeper(), startRedis()]);
    undo.push(...[kafka, zookeeper, redis].map((s) => () => s.stop()));
    const delays = join(folder, 'delays.json');
    const env = {
      LIFEBOAT_KAFKA: kafka.brokers.join(','),
      LIFEBOAT_ZOOKEEPER: zookeeper.connect,
      LIFEBOAT_REDIS: redis.url,
      LIFEBOAT_TOPOLOGY: join(folder, 'topology.yaml'),
      LIFEBOAT_LOG_LEVEL: 'warn',
      LIFEBOAT_SESSION_MS: String(size.sessionMs),
    };
    const probed = { LIFEBOAT_FIGURE_DELAYS: delays, NODE_OPTIONS: `--import ${probe.href}` };
    const [watcher, correlator] = await Promise.all([
      startService('agent-watcher', folder, { ...env, ...probed }),
      startService('fault-correlator', folder, env),
    ]);
    undo.push(watcher.end, correlator.end);
    // what else runs on this machine stands for other machines: the watcher gets a processor when it wants one
    if (process.getuid?.() === 0) setPriority(watcher.pid, -10);
    await Promise.all([untilReady(watcher, 60_000), untilReady(correlator, 60_000)]);
    const bus = openKafka({ brokers: kafka.brokers, clientId: 'figure' });
    undo.push(() => bus.close());
    const stop = new AbortController();
    undo.push(() => stop.abort());
    const names = Array.from({ length: size.hosts }, (_, n) => hostName(n));
    const monitor = new Monitor(bus, names, RACK, stop.signal);
    const told = new Told();
    await told.listen(bus, monitor);
    undo.push(() => told.close());
    const agents = new Agents(zookeeper.connect, size.sessionMs, PROCESSES, SESSIONS_EACH);
    undo.push(() => agents.close());
    const region: Region = { size, agents, monitor, told, parts: { zookeeper, watcherPid: watcher.pid, agents } };

    const readDelays = async () => JSON.parse(await readFile(delays, 'utf8')) as Delays;
    await load(region, readDelays, watcher.pid);
    process.kill(watcher.pid, 'SIGUSR2');
    const judged = await soak(region);
    await sleep(1_500);
    return figureOf(size, judged, await readDelays(), await memoryOf(watcher.pid));
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

interface Region {
  readonly size: Size;
  readonly agents: Agents;
  readonly monitor: Monitor;
  readonly told: Told;
  readonly parts: Parts;
}

async function load({ size, agents, told }: Region, readDelays: () => Promise<Delays>, pid: number): Promise<void> {
  const began = performance.now();
  await agents.all({ do: 'register', hosts: size.hosts, vms: size.vms });
  await until('all are registered', () => told.registered.size === size.hosts, REGISTERED_WITHIN_MS);
  const { late, own } = await readDelays();
  console.log(
    `  ${size.hosts} hosts with ${size.hosts * size.vms} VMs registered and told in ${((performance.now() - began) / 1000).toFixed(1)} s; meanwhile event-loop delay p99 ${late.p99.toFixed(1)} ms (own work ${own.p99.toFixed(1)} ms), worst ${late.max.toFixed(0)} ms; peak ${(await memoryOf(pid)).peak.toFixed(0)} MB`,
  );
}

/** VMs change all the time; one after another something stands still, and in the midst of it a host dies. */
async function soak({ size, agents, monitor, told, parts }: Region): Promise<Judged & { readonly deaths: number }> {
  const dead = new Map<HostId, number>();
  await agents.all({ do: 'change', perSecond: CHANGES_A_SECOND / agents.parts });
  const began = performance.now();
  for (const [i, stall] of size.stalls.entries()) {
    await sleep(size.betweenMs);
    const lostBefore = told.lost.length;
    const stalled = standStill(stall, parts, i % agents.parts);
    if (i < size.deaths) {
      // of a rack of its own, and not of the agents that stand still
      const n = size.hosts - i * RACK - agents.parts + ((i + 2) % agents.parts);
      const host = hostName(n);
      dead.set(host, Date.now());
      monitor.lose([host], Date.now());
      void agents.lose(n);
      void sleep(2_000).then(() => agents.all({ do: 'see dead', hosts: [n] }));
    }
    await stalled;
    console.log(
      `  ${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s: ${stall.what} stood still for ${stall.forMs / 1000} s; since the one before ${told.lost.length - lostBefore} agents told lost`,
    );
  }
  const isThrough = () => [...dead.keys()].every((host) => told.confirmed.some((w) => w.host === host));
  await sleep(size.betweenMs);
  await until('the dead hosts are confirmed', isThrough, CONFIRMED_WITHIN_MS).catch((e: unknown) => console.log(`  ${String(e)}`));
  const stalls = await agents.stalls();
  const numberOf = new Map(Array.from({ length: size.hosts }, (_, n) => [hostName(n), n]));
  const judged = judge(told, { dead, stallsOf: (host) => stalls[agents.partOf(numberOf.get(host) ?? 0)] ?? [], sessionMs: size.sessionMs });
  for (const word of judged.falseWords) console.log(`  false: ${word}`);
  for (const [i, host] of [...dead.keys()].entries())
    if (!told.confirmed.some((w) => w.host === host))
      console.log(`  not confirmed: ${host}, dead when ${size.stalls[i]?.what} stood still (${seenOf(told, host)})`);
  const held = Map.groupBy(told.held, (w) => w.reason);
  for (const [reason, words] of held) console.log(`  held, and nothing done: ${new Set(words.map((w) => w.host)).size} hosts (${reason})`);
  return { ...judged, deaths: dead.size };
}

const seenOf = (told: Told, host: HostId): string => {
  const verdicts = told.diagnosed.filter((w) => w.host === host).map((w) => w.verdict);
  return `agent told lost: ${told.lost.some((w) => w.host === host) ? 'yes' : 'no'}${verdicts.length === 0 ? '' : `; other verdicts: ${verdicts.join(', ')}`}`;
};

function figureOf(
  size: Size,
  j: Judged & { readonly deaths: number },
  { late, own }: Delays,
  memory: { now: number; peak: number },
): Figure {
  console.log(
    `  event-loop delay p50 ${late.p50.toFixed(1)} ms, p99 ${late.p99.toFixed(1)} ms (own work ${own.p99.toFixed(1)} ms), worst ${late.max.toFixed(0)} ms; agents that stood still or died told lost: ${j.stalledLosses}`,
  );
  const p99 = late.p99;
  return {
    value: `${size.hosts} hosts, ${size.hosts * size.vms} VMs: ${memory.peak.toFixed(0)} MB at most, event-loop delay p99 ${p99.toFixed(1)} ms; ${j.falseVerdicts} false verdicts, ${j.falseLosses} false losses; ${j.deadConfirmed} of ${j.deaths} dead hosts confirmed`,
    asked: `≤ ${MOST.memoryMb} MB, p99 ≤ ${MOST.p99Ms} ms, 0 false, all confirmed`,
    met: memory.peak <= MOST.memoryMb && p99 <= MOST.p99Ms && j.falseVerdicts === 0 && j.falseLosses === 0 && j.deadConfirmed === j.deaths,
  };
}

async function until(what: string, holds: () => boolean, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await sleep(100);
  }
}

async function memoryOf(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return { now: mb('VmRSS'), peak: mb('VmHWM') };
}
