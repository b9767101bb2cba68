import type { Plan, Topology } from '@lifeboat/contracts';
import { type HostId, type Instant, instant, type Outcome, ok, type VmId } from '@lifeboat/kernel';
import { planOn, rulesOf } from '@lifeboat/planner';
import type { Clock, Cloud, CloudFailure } from '@lifeboat/ports';
import type { RedundancySeen } from '../../effects.ts';
import { FleetMirror } from './mirror.ts';
import { Outlook } from './outlook.ts';
import type { FleetFigures, FleetNews, FleetPlanner, PlannerFailure, PlanQuestion } from './planner.ts';

export interface KeeperPorts {
  readonly cloud: Pick<Cloud, 'fleet' | 'fleetChanges'>;
  readonly clock: Clock;
  readonly topology: () => Topology;
  /** How often it is asked what changed, while nothing happens. */
  readonly refreshMs?: number;
  /** How often all of it is read: what Nova does not date is seen then. */
  readonly wholeMs?: number;
}

const REFRESH_MS = 20_000;
const WHOLE_MS = 10 * 60_000;
const RETRY_MS = 5_000;
/** Nova dates changes by its own clocks: so much earlier than our last look is asked for. What is told twice changes nothing. */
const SKEW_MS = 30_000;

type Read = Outcome<undefined, CloudFailure>;

/**
 * The fleet, kept from OpenStack: all of it at the start and now and then, between them what changed, and once more right
 * before every plan. Readings are taken in one after the other; a whole one is taken in together with what changed while
 * it was read, so that no plan ever sees an older fleet than the plan before it.
 */
export class FleetKeeper implements FleetPlanner {
  readonly #p: KeeperPorts;
  readonly #mirror = new FleetMirror();
  readonly #outlook: Outlook;
  #readAt: Instant | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #first: Promise<Read> | null = null;
  #wake = new AbortController();
  #said = '';
  #lost = { hostsLost: 0, racksLost: 0, vmsWithoutPlace: 0 };

  constructor(ports: KeeperPorts) {
    this.#p = ports;
    this.#outlook = new Outlook(this.#mirror, ports.clock, rulesOf(ports.topology()));
  }

  async plan(q: PlanQuestion): Promise<Outcome<Plan, PlannerFailure>> {
    const fresh = await this.#fresh();
    return fresh.ok ? ok(this.#planNow(q)) : fresh;
  }

  hear(news: FleetNews): void {
    this.#mirror.shut(news.shut);
    this.#wake.abort();
  }

  async keep(tell: (seen: RedundancySeen) => void, signal: AbortSignal): Promise<void> {
    const { clock, refreshMs = REFRESH_MS, wholeMs = WHOLE_MS } = this.#p;
    this.#said = '';
    let nextWhole = clock.monotonic();
    while (!signal.aborted) {
      const whole = clock.monotonic() >= nextWhole;
      const read = whole ? await this.#whole() : await this.#fresh();
      if (read.ok && whole) nextWhole = clock.monotonic() + wholeMs;
      if (read.ok) await this.#look(tell, signal);
      await this.#pause(read.ok ? refreshMs : RETRY_MS, signal);
    }
  }

  figures(): FleetFigures {
    return { readAt: this.#readAt, hosts: this.#mirror.hosts.size, vms: this.#mirror.model.vms.size, ...this.#lost, restarts: 0 };
  }

  async close(): Promise<void> {
    this.#wake.abort();
  }

  #planNow(q: PlanQuestion): Plan {
    this.#mirror.correct(q);
    const wanted = new Set(q.vms);
    // what Nova is doing to these may end well: they are planned by a later look
    const busy = q.there.filter((v) => wanted.has(v.vm) && v.notNow !== undefined && v.unevacuable === undefined);
    for (const v of busy) wanted.delete(v.vm);
    const plan = planOn(this.#mirror.model, {
      failedHosts: q.failedHosts,
      vms: q.vms.filter((vm) => wanted.has(vm)),
      clusters: rulesOf(this.#p.topology()),
      inFlight: new Map(Object.entries(q.inFlight) as [HostId, (typeof q.inFlight)[HostId]][]),
      exclude: q.exclude,
    });
    const later = busy.map((v) => ({ vm: v.vm, from: v.host, kind: 'no-room' as const, because: v.notNow ?? '' }));
    return { ...plan, unplaced: [...plan.unplaced, ...later.sort((a, b) => (a.vm < b.vm ? -1 : 1))] };
  }

  /** The fleet as it is now: what changed since the last look; all of it, where there was none. */
  async #fresh(): Promise<Read> {
    if (this.#readAt === null) return this.#whole();
    return this.#inTurn(async () => {
      const { cloud, clock } = this.#p;
      const began = clock.now();
      const changes = await cloud.fleetChanges(before(this.#readAt ?? began), (vm) => this.#mirror.hostOf(vm));
      if (!changes.ok) return changes;
      this.#mirror.apply(changes.value);
      this.#readAt = began;
      return ok(undefined);
    });
  }

  /** Whoever asks for the first reading waits for the same one. */
  #whole(): Promise<Read> {
    this.#first ??= this.#readWhole().finally(() => {
      this.#first = null;
    });
    return this.#first;
  }

  /** Plans go on from the fleet as it was kept, while this is read. */
  async #readWhole(): Promise<Read> {
    const { cloud, clock } = this.#p;
    const began = clock.now();
    const fleet = await cloud.fleet();
    if (!fleet.ok) return fleet;
    return this.#inTurn(async () => {
      const readAt = clock.now();
      let places: ReadonlyMap<VmId, HostId> | undefined;
      const hostOf = (vm: VmId) => {
        places ??= new Map(fleet.value.vms.map((v) => [v.vm, v.host]));
        return places.get(vm);
      };
      const since = await cloud.fleetChanges(before(began), hostOf);
      if (!since.ok) return since;
      this.#mirror.replace(fleet.value, since.value);
      this.#readAt = readAt;
      return ok(undefined);
    });
  }

  #inTurn(read: () => Promise<Read>): Promise<Read> {
    const mine = this.#turn.then(read);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #look(tell: (seen: RedundancySeen) => void, signal: AbortSignal): Promise<void> {
    await this.#outlook.refresh(signal);
    const endangered = this.#outlook.endangered();
    const hostsLost = endangered.filter((e) => e.kind === 'host').length;
    this.#lost = { hostsLost, racksLost: endangered.length - hostsLost, vmsWithoutPlace: this.#outlook.withoutPlace() };
    const said = JSON.stringify(endangered);
    if (signal.aborted || said === this.#said) return;
    this.#said = said;
    tell({ endangered });
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const wake = new AbortController();
    this.#wake = wake;
    const end = () => wake.abort();
    signal.addEventListener('abort', end, { once: true });
    if (!signal.aborted) await this.#p.clock.sleep(ms, wake.signal);
    signal.removeEventListener('abort', end);
  }
}

const before = (t: Instant): Instant => instant(Math.max(0, t - SKEW_MS));
