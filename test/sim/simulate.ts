import { VirtualClock } from '@lifeboat/adapters-memory';
import { type EventOf, type EventType, encode, type LifeboatEvent, type NewEvent, type Service } from '@lifeboat/contracts';
import { type Changes, EmbeddedRegion, type Wrap } from '@lifeboat/embedded';
import { after, type HostId, type Instant, stableId } from '@lifeboat/kernel';
import {
  Checker,
  FaultInjector,
  type FaultMix,
  faultsFor,
  type Nova,
  Prng,
  type RegionOptions,
  region,
  simulatedRegion,
  type Violation,
  type World,
} from '@lifeboat/world';
import { Chaos } from './chaos.ts';
import { Drainers, drains } from './drains.ts';
import { askingPolicy, asks, Persons } from './persons.ts';

export interface SimulationChoices {
  readonly seed: number;
  readonly faults?: FaultMix;
  readonly wrap?: Wrap;
  readonly change?: Changes;
  /** For what stands in an adapter's place and takes time: it gets the run's own clock. */
  readonly wrapWithSleep?: (sleep: (ms: number) => Promise<void>) => Wrap;
  /** Faults are injected for this long; then everything is healed and the run must come to rest. */
  readonly faultsMs?: number;
  readonly region?: Partial<RegionOptions>;
  /** Do its clusters ask a person? Left out: in some seeds they do. */
  readonly asking?: boolean;
  /** Does somebody drain hosts? Left out: in some seeds. Not in stories, which order for themselves. */
  readonly draining?: boolean;
  /** A story with a schedule of its own, told to the world beside (or instead of) faults by chance. */
  readonly story?: (s: Stage) => void;
}
/** What a story has at hand. */
export interface Stage {
  readonly world: World;
  readonly nova: Nova;
  /** kill -9; it is started again a moment later. */
  readonly kill: (process: string) => void;
  /** SIGSTOP for whoever leads this service, and SIGCONT so much later. */
  readonly stallLeader: (service: Service, forMs: number) => void;
  /** The registry ends the sessions of these hosts' agents, through no fault of theirs, and takes none anew for so long. */
  readonly dropSessions: (hosts: readonly HostId[], forMs: number) => void;
  readonly registryAway: (forMs: number) => void;
  /** Does this so long after the beginning. */
  readonly at: (ms: number, act: () => void) => void;
  /** Somebody gives this order at the command line. */
  readonly order: (order: NewEvent) => void;
  /** Does this when an event of this type is published for the first time. */
  readonly once: <T extends EventType>(type: T, act: (e: EventOf<T>) => void) => void;
}
export interface SimulationReport {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  readonly hash: string;
  readonly virtualMs: number;
  readonly incidents: number;
  readonly evacuated: number;
  readonly crashes: number;
  /** Every event, when it was first published; an event published again is not told again. */
  readonly events: readonly LifeboatEvent[];
}

const FAULTS_MS = 150_000;
const REST_MS = 900_000;
const LOOK_MS = 5_000;
const RESTARTED_MS = 3_000;
/** A migration that hangs is ended before a run is over. */
const patience = { liveLimitMs: 60_000, shiftStuckMs: 180_000 } as const;
const policy = { releaseAfterHealthyMs: 10_000 } as const;

/** One seed, from the first fault to rest: the same seed gives the same run, step by step. */
export async function simulate(choices: SimulationChoices): Promise<SimulationReport> {
  const { seed } = choices;
  const clock = new VirtualClock();
  const start = clock.now();
  const chaos = new Chaos(seed, choices.faults ?? faultsFor(seed));
  const told = new Told();
  const asking = choices.asking ?? asks(seed);
  let checker: Checker | null = null;
  const r = new EmbeddedRegion({
    clock,
    seed,
    region: regionOf(choices, asking),
    replicas: 2,
    sessionTimeoutMs: 4_000,
    busFaults: chaos.bus,
    available: { bus: () => chaos.up('bus-away'), store: () => chaos.up('store-away') },
    onStep: (p) => chaos.step(p),
    onEvent: (e) => {
      r.world.trace.add(clock.now(), e.source, `${e.type} ${JSON.stringify(e.data).slice(0, 400)}`);
      checker?.observe(e);
      told.tell(e);
    },
    onTrouble: (process, what) => {
      r.world.trace.add(clock.now(), process, what.slice(0, 600));
      if (what.startsWith('a bug') || what.includes('threw')) bugs.push(`${process}: ${what}`);
    },
    code: codesOf(seed),
    wrap: { ...choices.wrap, ...choices.wrapWithSleep?.((ms) => clock.sleep(ms)) },
    change: { ...choices.change, migrator: { ...patience, ...choices.change?.migrator } },
  });
  const bugs: string[] = [];
  checker = new Checker(r.world, r.nova);
  const healAt = after(start, choices.faultsMs ?? FAULTS_MS);
  const injector = new FaultInjector(r.world, r.nova, new Prng(seed), {
    mix: chaos.mix,
    healAt,
    openIncidentFor: (host: HostId) => (checker?.openIncident(host) ?? null) !== null,
    observers: r.processes.map((p) => p.name),
    hooks: chaos.hooks(r, clock, healAt),
  });
  chaos.begin(r, clock, healAt);
  choices.story?.(stageOf(r, clock, told, checker));
  let living = true;
  if (isDrained(choices)) void new Drainers(stageOf(r, clock, told, checker), told, seed).live(() => !living);
  if (asking) void new Persons(r, checker, seed).live(() => !living);
  r.start();
  injector.start();
  await clock.runUntil(healAt);
  let end: Instant = healAt;
  while (end < healAt + REST_MS && checker.step().length === 0 && !(end > healAt + 60_000 && atRest(r, checker))) {
    end = after(end, LOOK_MS);
    await clock.runUntil(end);
  }
  const ended = checker.end();
  living = false;
  r.stop();
  checker.close();
  const bugViolations = bugs.map((text): Violation => ({ at: clock.now(), rule: 'world', text: `bug: ${text}` }));
  return {
    seed,
    violations: [...ended.violations, ...bugViolations],
    trace: r.world.trace.lines(),
    hash: r.world.trace.hash(),
    virtualMs: end - start,
    crashes: chaos.crashes,
    events: told.events,
    incidents: told.count('lifeboat.incident.opened'),
    evacuated: told.count('lifeboat.vm.evacuated'),
  };
}

const isDrained = ({ draining, story, seed }: SimulationChoices): boolean => draining ?? (story === undefined && drains(seed));

const regionOf = ({ seed, region: more }: SimulationChoices, asking: boolean) =>
  region({
    ...simulatedRegion,
    seed,
    policy: { ...policy, ...(asking ? askingPolicy(seed) : {}) },
    brake: { clusterShare: 0.6, regionShare: 0.6 },
    ...more,
  });

const codesOf = (seed: number) => {
  const codes = new Prng(seed).fork('codes');
  return () => ({ code: String(codes.between(0, 999_999)).padStart(6, '0'), key: codes.uuid() });
};

const stageOf = (r: EmbeddedRegion, clock: VirtualClock, told: Told, checker: Checker): Stage => ({
  world: r.world,
  nova: r.nova,
  kill: (name) => {
    const process = r.processes.find((p) => p.name === name);
    if (process === undefined) throw new Error(`no process ${name}; there are ${r.processes.map((p) => p.name).join(', ')}`);
    process.kill();
    void clock.sleep(RESTARTED_MS).then(() => process.start());
  },
  stallLeader: (service, forMs) => {
    const process = r.processes.find((p) => p.service === service && p.leading);
    const life = process?.life;
    if (process === undefined || !life) throw new Error(`nobody leads ${service}`);
    r.world.trace.add(clock.now(), process.name, 'stalled');
    life.stall();
    void clock.sleep(forMs).then(() => life.resume());
  },
  dropSessions: (hosts, forMs) => {
    for (const host of hosts) {
      const agent = r.agents.lifeOf(host)?.registry;
      if (agent === undefined) continue;
      agent.cut();
      r.registry.expire(agent);
      void clock.sleep(forMs).then(() => agent.heal());
    }
  },
  registryAway: (forMs) => {
    r.registry.down();
    void clock.sleep(forMs).then(() => r.registry.back());
  },
  at: (ms, act) => void clock.sleep(ms).then(act),
  order: (order) => {
    const e = ordered(order, clock.now());
    checker.observe(e);
    told.tell(e);
    void r.bus.client().publish([encode(e)]);
  },
  once: (type, act) => told.once(type, act as (e: LifeboatEvent) => void),
});

/** As the command line makes it: from this person, numbered by the clock. */
const ordered = (order: NewEvent, at: Instant): LifeboatEvent => {
  const { incident } = order.data as { incident?: string };
  const id = stableId('console', at, JSON.stringify(order));
  const e = { ...order, id, source: 'console/li.wei', time: at, sequence: at };
  return (incident === undefined ? e : { ...e, incident }) as unknown as LifeboatEvent;
};

/** Nothing is open, every host is back, every agent is registered. */
const atRest = (r: EmbeddedRegion, checker: Checker): boolean =>
  checker.incidents().every((i) => i.closedAt !== null) &&
  checker.vmsFailed().length === 0 &&
  checker.drains.open.length === 0 &&
  [...r.world.hosts.values()].every((h) => h.os === 'up' && h.compute) &&
  [...r.nova.services.values()].every((s) => !s.forcedDown && !(s.disabledReason ?? '').startsWith('Lifeboat: '));

/** Every event once, in the order in which they were first published. */
class Told {
  readonly events: LifeboatEvent[] = [];
  readonly #ids = new Set<string>();
  readonly #waiting = new Map<EventType, (e: LifeboatEvent) => void>();

  once(type: EventType, act: (e: LifeboatEvent) => void): void {
    this.#waiting.set(type, act);
  }
  tell(e: LifeboatEvent): void {
    if (this.#ids.has(e.id)) return;
    this.#ids.add(e.id);
    this.events.push(e);
    const act = this.#waiting.get(e.type);
    this.#waiting.delete(e.type);
    act?.(e);
  }
  count(type: EventType): number {
    return this.events.filter((e) => e.type === type).length;
  }
}
