import { describeFailure, type Failure, type Outcome, Table } from '@lifeboat/kernel';
import type { Lease, StoredTables, Subscription } from '@lifeboat/ports';
import { type Owed, type Queued, type Stored, type Taken, takeUp } from './batch.ts';
import { changesBetween, isEmpty, META, OUTBOX, OWED, POSITIONS, parseState, parseTable, SEEN } from './codec.ts';
import { InputQueue } from './queue.ts';
import { type Effect, type ServiceDefinition, type ServiceWorld, type State, scopeOf } from './service.ts';
import type { ShellObserver, ShellPorts } from './shell.ts';
import { topicsOf } from './topics.ts';

export const STALE = 'the store has seen a newer epoch';

const BATCH = 256;
/** No batch is decided for longer: leases, health and other parts of the same process want their turn. */
const BATCH_MS = 8;
const QUEUE_LIMIT = 4_096;
const RETRY_FIRST_MS = 50;
const RETRY_MOST_MS = 2_000;
const PERFORM_AGAIN_MS = 5_000;
/** An act whose result the decision could not take is performed anew, for another result; not at once: it would spin. */
const FAILED_AGAIN_MS = 60_000;

/** Leadership ended while something was under way; `why` is for the log. */
class Deposed extends Error {}

/**
 * One time of leadership, from claim to loss. The order below is the only one in which a crash between any two steps is
 * repaired by the next start:
 *
 *   input → decide → commit(state, owed effects, outgoing events, position: one write, refused under an older epoch)
 *         → perform effects, publish events → (results are inputs again) → forget what was published, with the next commit
 *
 * crash before the commit: the input comes again, nothing has happened. After it: the next leader publishes what lies in
 * the outbox (readers drop what they have seen: same producer, same sequence) and performs what is owed (performers look
 * before they act).
 */
export class Reign<S extends State, E extends Effect, Result, Observation> {
  readonly #d: ServiceDefinition<S, E, Result, Observation>;
  readonly #world: ServiceWorld<E, Result, Observation>;
  readonly #ports: ShellPorts;
  readonly #see: ShellObserver;
  readonly #lease: Lease;
  readonly #over: AbortController;
  readonly #queue = new InputQueue<Queued<Result, Observation>>(QUEUE_LIMIT);
  readonly #performing = new Set<string>();
  /** What the store holds. */
  #stored: Stored<S, E> | null = null;
  #inputs = 0;
  #attempts = 0;
  #tickWaits = false;

  constructor(
    d: ServiceDefinition<S, E, Result, Observation>,
    world: ServiceWorld<E, Result, Observation>,
    ports: ShellPorts,
    see: ShellObserver,
    lease: Lease,
    over: AbortController,
  ) {
    this.#d = d;
    this.#world = world;
    this.#ports = ports;
    this.#see = see;
    this.#lease = lease;
    this.#over = over;
  }

  get state(): S | null {
    return this.#stored?.state ?? null;
  }

  get figures() {
    return { queued: this.#queue.length, owed: this.#stored?.owed.size ?? 0, outbox: this.#stored?.outbox.size ?? 0 };
  }

  /** Resolves with why it ended. */
  async run(): Promise<string> {
    const wake = () => this.#queue.wake();
    this.#over.signal.addEventListener('abort', wake, { once: true });
    let subscription: Subscription | null = null;
    const aside: Promise<void>[] = [];
    try {
      const loaded = await this.#takeOver();
      await this.#publish(loaded);
      for (const [operation, o] of loaded.owed.entries()) this.#perform(operation, o);
      this.#queue.put({ kind: 'started' });
      subscription = await this.#subscribe(loaded);
      aside.push(this.#tick(), this.#observe());
      await this.#decideForEver(loaded);
      return 'stopped';
    } catch (e) {
      if (e instanceof Deposed) return e.message;
      throw e;
    } finally {
      this.#over.abort();
      this.#over.signal.removeEventListener('abort', wake);
      wake();
      await subscription?.close();
      await Promise.all(aside);
    }
  }

  async #takeOver(): Promise<Stored<S, E>> {
    const tables = await this.#untilReached('claim the state', () => this.#ports.store.claim(scopeOf(this.#d), this.#lease.epoch));
    if (this.#world.takeOver !== undefined && !(await this.#world.takeOver(this.#lease.epoch)))
      throw new Deposed('the gates could not be claimed');
    const loaded = load<S, E>({ name: scopeOf(this.#d), initial: this.#d.initial }, tables);
    this.#stored = loaded;
    this.#see.leading?.(this.#lease.epoch);
    return loaded;
  }

  async #subscribe(loaded: Stored<S, E>): Promise<Subscription | null> {
    const topics = topicsOf(this.#d.consumes);
    if (topics.length === 0) return null;
    return this.#untilReached('subscribe', () =>
      this.#ports.bus.subscribe({
        name: `lifeboat.${scopeOf(this.#d)}.${this.#ports.instance}`,
        topics,
        from: Object.fromEntries(loaded.positions.entries()),
        onRecords: async (records) => {
          for (const record of records) this.#queue.put({ kind: 'delivered', record });
          await this.#queue.room();
        },
      }),
    );
  }

  async #decideForEver(loaded: Stored<S, E>): Promise<void> {
    let base = withBirth(published(loaded), this.#lease.epoch);
    while (!this.#over.signal.aborted) {
      const waiting = await this.#queue.take(BATCH);
      const { next, takes } = this.#decide(base, waiting);
      const inputs = waiting.slice(0, takes.length);
      this.#queue.putBack(waiting.slice(takes.length));
      await this.#commit(next);
      for (const t of takes) this.#see.decided?.(t.what, t.told, t.rejected);
      inputs.forEach((q, i) => {
        if (q.kind !== 'settled') return;
        if (takes[i]?.failed) void this.#performLater(q.operation);
        else this.#performing.delete(q.operation);
      });
      if (next.owed !== base.owed) for (const [operation, o] of next.owed.entries()) this.#perform(operation, o);
      await this.#publish(next);
      base = published(next);
    }
  }

  /** Of the inputs as many as there is time for, one at least. */
  #decide(base: Stored<S, E>, inputs: readonly Queued<Result, Observation>[]): { next: Stored<S, E>; takes: readonly Taken[] } {
    let next = base;
    const takes: Taken[] = [];
    const until = this.#ports.clock.monotonic() + BATCH_MS;
    for (const q of inputs) {
      if (takes.length > 0 && this.#ports.clock.monotonic() > until) break;
      if (q.kind === 'tick') this.#tickWaits = false;
      this.#inputs += 1;
      const { stored, taken } = takeUp(
        this.#d,
        next,
        q,
        this.#ports.clock.now(),
        `${this.#lease.epoch}#${this.#inputs}`,
        this.#lease.epoch,
      );
      next = stored;
      takes.push(taken);
    }
    return { next, takes };
  }

  async #commit(next: Stored<S, E>): Promise<void> {
    const before = this.#stored as Stored<S, E>;
    const changes = {
      ...changesBetween(before.state, next.state),
      ...changesBetween(shellTables(before), shellTables(next)),
    };
    if (isEmpty(changes)) return;
    // Storing the same values again is harmless, so a commit whose answer was lost is simply made again.
    await this.#untilReached('commit', () => this.#ports.store.commit(scopeOf(this.#d), this.#lease.epoch, changes));
    this.#stored = next;
  }

  async #publish(s: Stored<S, E>): Promise<void> {
    if (s.outbox.size === 0) return;
    const records = s.outbox.values();
    await this.#untilReached('publish', () => this.#ports.bus.publish(records));
  }

  #perform(operation: string, o: Owed<E>): void {
    if (this.#performing.has(operation)) return;
    this.#performing.add(operation);
    void this.#performUntilSettled(operation, o.effect);
  }

  /** Until then the operation counts as being performed. */
  async #performLater(operation: string): Promise<void> {
    await this.#ports.clock.sleep(FAILED_AGAIN_MS, this.#over.signal);
    this.#performing.delete(operation);
    const owed = this.#stored?.owed.get(operation);
    if (owed !== undefined && !this.#over.signal.aborted) this.#perform(operation, owed);
  }

  async #performUntilSettled(operation: string, effect: E): Promise<void> {
    const { clock } = this.#ports;
    const { signal } = this.#over;
    const waitMs = (effect.notBefore ?? 0) - clock.now();
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    while (!signal.aborted) {
      this.#attempts += 1;
      try {
        this.#see.performing?.(effect);
        const result = await this.#world.perform(effect, {
          epoch: this.#lease.epoch,
          valid: () => this.#lease.valid() && !signal.aborted && this.#isWanted(effect),
          signal,
          attempt: `${this.#ports.instance}/${this.#lease.epoch}/${this.#attempts}`,
        });
        // A result that comes after our time is lost on purpose: the next leader performs again, and looks first.
        if (!signal.aborted) this.#queue.put({ kind: 'settled', operation, result });
        return;
      } catch (bug) {
        this.#see.trouble?.(`performing ${operation} threw: ${bug instanceof Error ? (bug.stack ?? bug.message) : String(bug)}`);
        await clock.sleep(PERFORM_AGAIN_MS, signal);
      }
    }
  }

  #isWanted(effect: E): boolean {
    return this.#stored === null || this.#d.wanted === undefined || this.#d.wanted(this.#stored.state, effect);
  }

  async #tick(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#ports.clock.sleep(this.#d.tickMs, this.#over.signal);
      if (this.#tickWaits) continue;
      this.#tickWaits = true;
      this.#queue.put({ kind: 'tick' });
    }
  }

  async #observe(): Promise<void> {
    if (this.#world.observe === undefined) return;
    const { signal } = this.#over;
    const push = (observation: Observation) => {
      if (!signal.aborted) this.#queue.put({ kind: 'observed', observation });
    };
    while (!signal.aborted) {
      try {
        await this.#world.observe(push, { epoch: this.#lease.epoch, valid: () => this.#lease.valid() && !signal.aborted, signal });
      } catch (bug) {
        this.#see.trouble?.(`observing threw: ${bug instanceof Error ? (bug.stack ?? bug.message) : String(bug)}`);
      }
      await this.#ports.clock.sleep(PERFORM_AGAIN_MS, signal);
    }
  }

  /** Tries until it is done or our time is over. */
  async #untilReached<T>(what: string, call: () => Promise<Outcome<T>>): Promise<T> {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MOST_MS)) {
      if (this.#over.signal.aborted) throw new Deposed('the lease was lost, or we are stopping');
      const outcome: Outcome<T> = await call();
      if (outcome.ok) return outcome.value;
      if ((outcome as Failure).code === 'STALE_EPOCH') throw new Deposed(STALE);
      this.#see.trouble?.(`${what}: ${describeFailure(outcome)}`);
      await this.#ports.clock.sleep(waitMs, this.#over.signal);
    }
  }
}

const load = <S extends State, E extends Effect>(d: { readonly name: string; readonly initial: S }, tables: StoredTables): Stored<S, E> => {
  const own = <V>(name: string) => parseTable(d.name, name, tables[name] ?? {}) as Table<V>;
  return {
    state: parseState(d.name, d.initial, tables),
    owed: own(OWED),
    outbox: own(OUTBOX),
    positions: own(POSITIONS),
    seen: own(SEEN),
    meta: own(META),
  };
};

const shellTables = (s: Stored<State, Effect>): State => ({
  [OWED]: s.owed,
  [OUTBOX]: s.outbox,
  [POSITIONS]: s.positions,
  [SEEN]: s.seen,
  [META]: s.meta,
});

const published = <S extends State, E extends Effect>(s: Stored<S, E>): Stored<S, E> =>
  s.outbox.size === 0 ? s : { ...s, outbox: Table.empty() };

/** Sequence numbers count within one birth of the stored state: a state lost and begun anew must not look like old events. */
const withBirth = <S extends State, E extends Effect>(s: Stored<S, E>, epoch: number): Stored<S, E> =>
  s.meta.has('birth') ? s : { ...s, meta: s.meta.set('birth', epoch) };
