import { VirtualClock } from '@lifeboat/adapters-memory';
import { type Changes, EmbeddedRegion, type ServiceProcess, type Wrap } from '@lifeboat/embedded';
import { after, type HostId, type Instant } from '@lifeboat/kernel';
import {
  Checker,
  FaultInjector,
  type FaultMix,
  faultsFor,
  Prng,
  region,
  type ServiceFault,
  simulatedRegion,
  type Violation,
} from '@lifeboat/world';

export interface SimulationChoices {
  readonly seed: number;
  readonly faults?: FaultMix;
  readonly wrap?: Wrap;
  readonly change?: Changes;
  /** Faults are injected for this long; then everything is healed and the run must come to rest. */
  readonly faultsMs?: number;
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
}

const FAULTS_MS = 150_000;
const REST_MS = 900_000;
const LOOK_MS = 5_000;

/** One seed, from the first fault to rest: the same seed gives the same run, step by step. */
export async function simulate(choices: SimulationChoices): Promise<SimulationReport> {
  const { seed } = choices;
  const clock = new VirtualClock();
  const start = clock.now();
  const chaos = new Chaos(seed, choices.faults ?? faultsFor(seed));
  const counts = { incidents: 0, evacuated: 0 };
  let checker: Checker | null = null;
  const r = new EmbeddedRegion({
    clock,
    seed,
    region: region({ ...simulatedRegion, seed, policy: { releaseAfterHealthyMs: 10_000 }, brake: { clusterShare: 0.6, regionShare: 0.6 } }),
    replicas: 2,
    sessionTimeoutMs: 4_000,
    busFaults: chaos.bus,
    available: { bus: () => chaos.up('bus-away'), store: () => chaos.up('store-away') },
    onStep: (p) => chaos.step(p),
    onEvent: (e) => {
      if (e.type === 'lifeboat.incident.opened') counts.incidents += 1;
      if (e.type === 'lifeboat.vm.evacuated') counts.evacuated += 1;
      r.world.trace.add(clock.now(), e.source, `${e.type} ${JSON.stringify(e.data).slice(0, 400)}`);
      checker?.observe(e);
    },
    onTrouble: (process, what) => {
      r.world.trace.add(clock.now(), process, what.slice(0, 600));
      if (what.startsWith('a bug') || what.includes('threw')) bugs.push(`${process}: ${what}`);
    },
    ...(choices.wrap === undefined ? {} : { wrap: choices.wrap }),
    ...(choices.change === undefined ? {} : { change: choices.change }),
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
  r.start();
  injector.start();
  await clock.runUntil(healAt);
  let end: Instant = healAt;
  while (end < healAt + REST_MS && checker.step().length === 0 && !(end > healAt + 60_000 && atRest(r, checker))) {
    end = after(end, LOOK_MS);
    await clock.runUntil(end);
  }
  const ended = checker.end();
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
    ...counts,
  };
}

/** Nothing is open, every host is back, every agent is registered. */
const atRest = (r: EmbeddedRegion, checker: Checker): boolean =>
  checker.incidents().every((i) => i.closedAt !== null) &&
  [...r.world.hosts.values()].every((h) => h.os === 'up' && h.compute) &&
  [...r.nova.services.values()].every((s) => !s.forcedDown);

/** What goes wrong with Lifeboat's own processes and servers: crashes and stalls between any two steps, servers away. */
class Chaos {
  readonly mix: FaultMix;
  readonly #prng: Prng;
  readonly #away = new Set<ServiceFault>();
  #on = true;
  #restart: (p: ServiceProcess) => void = () => undefined;
  #stall: (p: ServiceProcess) => void = () => undefined;
  crashes = 0;

  constructor(seed: number, mix: FaultMix) {
    this.mix = mix;
    this.#prng = new Prng(seed).fork('chaos');
  }

  #strength(kind: ServiceFault): number {
    return this.#on ? (this.mix.strength[kind] ?? 0) : 0;
  }

  up(kind: ServiceFault): boolean {
    return !this.#away.has(kind);
  }

  readonly bus = {
    deliveryDelayMs: () => {
      const s = this.#strength('event-delay');
      return s > 0 && this.#prng.chance(0.2 * s) ? this.#prng.between(1, 5_000) : this.#prng.between(1, 20);
    },
    duplicate: () => this.#prng.chance(0.3 * this.#strength('event-duplicate')),
    answerLost: () => this.#prng.chance(0.05 * this.#strength('event-duplicate')),
  };

  begin(r: EmbeddedRegion, clock: VirtualClock, healAt: Instant): void {
    const later = (ms: number, act: () => void) => void clock.sleep(ms).then(act);
    this.#restart = (p) => {
      this.crashes += 1;
      r.world.trace.add(clock.now(), p.name, 'killed');
      p.kill();
      later(this.#prng.between(200, 8_000), () => p.start());
    };
    this.#stall = (p) => {
      const life = p.life;
      if (life === null) return;
      r.world.trace.add(clock.now(), p.name, 'stalled');
      life.stall();
      later(this.#prng.between(500, 25_000), () => life.resume());
    };
    later(healAt - clock.now(), () => {
      this.#on = false;
      this.#away.clear();
      r.registry.back();
    });
  }

  /** Called between any two steps of any process. */
  step(p: ServiceProcess): void {
    if (!this.#on) return;
    if (this.#prng.chance(0.0008 * this.#strength('service-crash'))) this.#restart(p);
    else if (this.#prng.chance(0.0005 * this.#strength('service-stall'))) this.#stall(p);
  }

  hooks(r: EmbeddedRegion, clock: VirtualClock, _healAt: Instant): Partial<Record<ServiceFault, (strength: number) => void>> {
    const away = (kind: ServiceFault) => () => {
      this.#away.add(kind);
      void clock.sleep(this.#prng.between(1_000, 60_000)).then(() => this.#away.delete(kind));
    };
    return {
      'service-crash': () => this.#restart(this.#prng.pick([...r.processes])),
      'service-stall': () => this.#stall(this.#prng.pick([...r.processes])),
      'event-duplicate': () => undefined,
      'event-delay': () => undefined,
      'session-expiry': () => {
        const p = this.#prng.pick([...r.processes]);
        if (p.life !== null) r.registry.expire(p.life.registry);
      },
      'store-away': away('store-away'),
      'bus-away': away('bus-away'),
      'registry-away': () => {
        r.registry.down();
        void clock.sleep(this.#prng.between(1_000, 30_000)).then(() => r.registry.back());
      },
    };
  }
}
