// What the tests of the shell share: a service small enough to know by heart, its world, and processes that can die at any call.
import { MemoryBus, MemoryRegistryCore, MemoryStateStore, VirtualClock } from '@lifeboat/adapters-memory';
import { decode, encode, type LifeboatEvent, topics, type WireRecord } from '@lifeboat/contracts';
import { type EventId, hostId, type IncidentId, type Instant, incidentId, instant, stableId, Table } from '@lifeboat/kernel';
import { type Clock, type Delivered, partitionName } from '@lifeboat/ports';
import {
  type Effect,
  type Input,
  type Output,
  order,
  type PerformContext,
  type ServiceDefinition,
  type ServiceWorld,
  tell,
} from './service.ts';
import { Shell } from './shell.ts';

export type Act = Effect & { readonly kind: 'act'; readonly host: string };
export type ProbeState = Readonly<{ lost: Table<number>; acted: Table<string>; seen: Table<number> }>;
type ProbeInput = Input<Act, string, string>;

const incidentOf = (host: string): IncidentId => incidentId(`inc-${host}`);

/**
 * A lost agent is counted, told and acted upon; the act's result is kept and told. Session 'poison' is a bug, as are the result,
 * the observation and the state of that name; 'later' waits a minute.
 */
export const probe: ServiceDefinition<ProbeState, Act, string, string> = {
  name: 'scheduler',
  consumes: ['lifeboat.agent.lost'],
  initial: { lost: Table.empty(), acted: Table.empty(), seen: Table.empty() },
  tickMs: 2_000,
  wanted: (s, e) => !s.seen.has(`not ${e.host}`),
  decide: (s, input: ProbeInput): { state: ProbeState; outputs: readonly Output<Act>[] } => {
    if (input.kind === 'observed' && input.observation === 'poison') throw new Error('poisoned observation');
    if (input.kind === 'tick' && s.seen.has('no ticks')) throw new Error('poisoned tick');
    if (input.kind === 'started' && s.seen.has('no starts')) throw new Error('poisoned start');
    if (input.kind === 'observed') return { state: { ...s, seen: s.seen.set(input.observation, 1) }, outputs: [] };
    if (input.kind === 'settled') {
      const { host } = input.effect;
      if (input.result === 'poison') throw new Error('poisoned result');
      const told = tell({ type: 'lifeboat.isolation.withdrawn', data: { incident: incidentOf(host), host: hostId(host), at: input.at } });
      return { state: { ...s, acted: s.acted.set(host, input.result) }, outputs: [told] };
    }
    if (input.kind !== 'event' || input.event.type !== 'lifeboat.agent.lost') return { state: s, outputs: [] };
    const { host, session } = input.event.data;
    if (session === 'poison') throw new Error('poisoned');
    const incident = incidentOf(host);
    const told = tell({ type: 'lifeboat.isolation.requested', data: { incident, host, epoch: 0, at: input.at } });
    const wait = session === 'later' ? { notBefore: instant(input.at + 60_000) } : {};
    const act = order<Act>({ kind: 'act', operation: `${incident}/act/${session}`, host, ...wait });
    return { state: { ...s, lost: s.lost.set(host, (s.lost.get(host) ?? 0) + 1) }, outputs: [told, act] };
  },
};

/** The record of an agent that is lost, as the agent-watcher's shell would have published it. */
export const lost = (host: string, sequence: number, session = 's1', source = 'agent-watcher/1'): WireRecord =>
  encode({
    type: 'lifeboat.agent.lost',
    data: { host: hostId(host), session, reason: 'session-lapsed', vms: [], at: instant(0) },
    id: stableId('lost', host, session) as EventId,
    source,
    time: instant(0),
    sequence,
  });

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
export interface Death {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** What stands between a process and everything outside it: it counts the calls, and none is answered after the death. */
export class Gate {
  calls = 0;
  dead = false;
  readonly #death: Death | null;
  readonly #onDeath: () => void;

  constructor(death: Death | null, onDeath: () => void) {
    this.#death = death;
    this.#onDeath = onDeath;
  }

  die(): void {
    if (this.dead) return;
    this.dead = true;
    this.#onDeath();
  }

  async call<T>(act: () => Promise<T>): Promise<T> {
    this.calls += 1;
    const fatal = this.#death?.call === this.calls ? this.#death.when : null;
    if (fatal === 'before') this.die();
    if (this.dead) return never();
    const answer = await act();
    if (fatal === 'after') this.die();
    return this.dead ? never() : answer;
  }

  /** The port with all its asynchronous calls through the gate. */
  guard<P extends object>(port: P): P {
    const atOnce = new Set<string | symbol>(['now', 'monotonic', 'connected']);
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          const run = () => member.apply(target, args) as unknown;
          return atOnce.has(name) ? run() : this.call(async () => run());
        };
      },
    });
  }
}

export interface ActLog {
  readonly operation: string;
  readonly epoch: number;
  readonly attempt: string;
  readonly at: Instant;
}
export interface ProcessOptions {
  readonly death?: Death;
  readonly onDeath?: () => void;
  readonly perform?: (effect: Act, context: PerformContext) => Promise<string>;
  readonly world?: Partial<ServiceWorld<Act, string, string>>;
  readonly registry?: MemoryRegistryCore;
  readonly store?: MemoryStateStore;
  /** Every look at the monotonic clock takes so long: decisions that compute. */
  readonly slowMs?: number;
}

export interface Process {
  readonly shell: Shell<ProbeState, Act, string, string>;
  readonly gate: Gate;
  readonly notes: string[];
  kill(): void;
  stop(): Promise<void>;
}

/** Servers and world; both outlive the processes. */
export class Bench {
  readonly clock = new VirtualClock(instant(1_000_000));
  up = { bus: true, store: true };
  twice = false;
  /** So many answers of the bus are lost on their way, though it took the records. */
  answersLost = 0;
  readonly bus = new MemoryBus(this.clock, {
    available: () => this.up.bus,
    duplicate: () => this.twice,
    answerLost: () => this.answersLost-- > 0,
  });
  readonly store = new MemoryStateStore(this.clock, { available: () => this.up.store });
  readonly registry = new MemoryRegistryCore(this.clock, { sessionTimeoutMs: 4_000 });
  /** Every try of an effect, and what was really done to the world. */
  readonly tries: ActLog[] = [];
  readonly done: string[] = [];

  start(name: string, o: ProcessOptions = {}): Process {
    const client = (o.registry ?? this.registry).client(name);
    const stop = new AbortController();
    const notes: string[] = [];
    const gate = new Gate(o.death ?? null, () => {
      client.kill();
      o.onDeath?.();
    });
    const world: ServiceWorld<Act, string, string> = {
      perform: (e, c) => gate.call(() => (o.perform ?? this.perform)(e, c)),
      ...o.world,
    };
    const bus = {
      publish: (r: Parameters<MemoryBus['publish']>[0]) => this.bus.publish(r),
      subscribe: (r: Parameters<MemoryBus['subscribe']>[0]) =>
        this.bus.subscribe({ ...r, onRecords: (records) => (gate.dead ? never() : r.onRecords(records)) }),
      connected: () => this.bus.connected(),
      close: async () => undefined,
    };
    let computedMs = 0;
    const clock: Clock = {
      now: () => this.clock.now(),
      monotonic: () => {
        computedMs += o.slowMs ?? 0;
        return this.clock.monotonic() + computedMs;
      },
      sleep: (ms, signal) => gate.call(() => this.clock.sleep(ms, signal)),
    };
    const shell = new Shell(
      probe,
      world,
      {
        bus: gate.guard(bus),
        store: gate.guard<MemoryStateStore>(o.store ?? this.store),
        registry: gate.guard(client),
        clock,
        instance: name,
      },
      {
        leading: (epoch) => notes.push(`leads ${epoch}`),
        deposed: (why) => notes.push(`deposed: ${why}`),
        trouble: (what) => notes.push(`trouble: ${what.split('\n')[0]}`),
        decided: (what, _told, rejected) => notes.push(rejected === null ? what : `rejected ${rejected}`),
      },
    );
    const ran = shell.run(stop.signal);
    return {
      shell,
      gate,
      notes,
      kill: () => gate.die(),
      stop: async () => {
        stop.abort();
        await this.clock.settle();
        await ran;
      },
    };
  }

  /** Looks before it acts, as every performer does: what was done is not done again. */
  readonly perform = async (e: Act, c: PerformContext): Promise<string> => {
    this.tries.push({ operation: e.operation, epoch: c.epoch, attempt: c.attempt, at: this.clock.now() });
    if (c.valid() && !this.done.includes(e.operation)) this.done.push(e.operation);
    return 'done';
  };

  async publish(...records: WireRecord[]): Promise<void> {
    const taken = await this.bus.publish(records);
    if (!taken.ok) throw new Error(taken.detail);
  }

  /** What was stored last, table by table. */
  async stored(store: MemoryStateStore = this.store): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
    const read = await store.read(probe.name);
    if (!read.ok) throw new Error(read.detail);
    return read.value;
  }

  /** Every record that the service published, with its repetitions. */
  published(): { event: LifeboatEvent; record: Delivered }[] {
    const ours = [topics.incidents, topics.migrations, topics.deadLetters].flatMap((t) => [...this.bus.records(t)]);
    return ours.map((record) => {
      const read = decode(record);
      if (!read.ok) throw new Error(read.reason);
      return { event: read.event, record };
    });
  }

  /** What a reader takes for new: of each source and partition only what counts higher than all before. */
  read(): string[] {
    const seen = new Map<string, number>();
    return this.published().flatMap(({ event, record }) => {
      const key = `${partitionName(record.topic, record.partition)} ${event.source}`;
      if (event.sequence <= (seen.get(key) ?? 0)) return [];
      seen.set(key, event.sequence);
      return [`${event.type.replace('lifeboat.', '')} ${record.key}`];
    });
  }
}
