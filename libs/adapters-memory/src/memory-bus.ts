import type { Outcome } from '@lifeboat/kernel';
import { done, failed, invariant, ok } from '@lifeboat/kernel';
import type { Bus, BusRecord, Clock, Delivered, Positions, Subscription } from '@lifeboat/ports';
import { partitionName } from '@lifeboat/ports';
import type { Faults } from './faults.ts';

export interface BusFaults extends Faults {
  /** How long records wait before they are given to a subscriber. */
  readonly deliveryDelayMs?: () => number;
  /** True: what was just delivered is delivered again, with the same offsets. */
  readonly duplicate?: () => boolean;
}
export interface MemoryBusOptions extends BusFaults {
  /** Per topic; 4 when left out. */
  readonly partitions?: number;
  /** Records of a partition that are kept at least; older ones are dropped some time after. */
  readonly keep?: number;
}

const BATCH = 100;
/** How often deliveries look whether the bus is back. */
const PAUSE_MS = 50;
const UNREACHABLE = failed('BUS_UNREACHABLE', 'the bus in memory is switched off');

interface Log {
  /** Offset of records[0]. */
  base: number;
  records: Delivered[];
}
interface Topic {
  readonly logs: readonly Log[];
  /** All partitions in order of arrival, for readers of the whole story. */
  all: Delivered[];
  readonly wake: Set<(partition: number) => void>;
}

const partitionOf = (key: string, partitions: number): number => {
  let h = 2166136261;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 16777619);
  return (h >>> 0) % partitions;
};

/** The log itself, and a bus on it. Each service takes a `client()` of its own, so that closing it closes only its own subscriptions. */
export class MemoryBus implements Bus {
  readonly #clock: Clock;
  readonly #options: MemoryBusOptions;
  readonly #partitions: number;
  readonly #keep: number;
  readonly #topics = new Map<string, Topic>();
  readonly #own: Bus;

  constructor(clock: Clock, options: MemoryBusOptions = {}) {
    this.#clock = clock;
    this.#options = options;
    this.#partitions = options.partitions ?? 4;
    this.#keep = options.keep ?? 50_000;
    invariant(this.#partitions >= 1 && this.#keep >= 1, 'MemoryBus: partitions and keep are at least 1');
    this.#own = this.client(options);
  }

  /** A service's own link to the bus; faults left out are the bus's own. */
  client(faults: BusFaults = this.#options): Bus {
    return new BusClient(
      this.#clock,
      faults,
      (name) => this.#topic(name),
      (records) => this.#append(records),
    );
  }

  publish(records: readonly BusRecord[]): Promise<Outcome<undefined, 'BUS_UNREACHABLE'>> {
    return this.#own.publish(records);
  }

  subscribe(request: Parameters<Bus['subscribe']>[0]): Promise<Outcome<Subscription, 'BUS_UNREACHABLE'>> {
    return this.#own.subscribe(request);
  }

  connected(): boolean {
    return this.#own.connected();
  }

  close(): Promise<void> {
    return this.#own.close();
  }

  /** Everything kept of a topic, in order of arrival. */
  records(topic: string): readonly Delivered[] {
    return this.#topics.get(topic)?.all ?? [];
  }

  topics(): readonly string[] {
    return [...this.#topics.keys()].sort();
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { logs: Array.from({ length: this.#partitions }, () => ({ base: 0, records: [] })), all: [], wake: new Set() };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #append(records: readonly BusRecord[]): void {
    for (const { topic: name, key, headers, value } of records) {
      const topic = this.#topic(name);
      const partition = partitionOf(key, this.#partitions);
      const log = topic.logs[partition] as Log;
      const delivered: Delivered = { topic: name, key, headers, value, partition, offset: log.base + log.records.length };
      log.records.push(delivered);
      topic.all.push(delivered);
      if (log.records.length > 2 * this.#keep) {
        log.base += log.records.length - this.#keep;
        log.records = log.records.slice(-this.#keep);
        topic.all = topic.all.filter((r) => r.offset >= (topic.logs[r.partition] as Log).base);
      }
      for (const wake of topic.wake) wake(partition);
    }
  }
}

class BusClient implements Bus {
  readonly #clock: Clock;
  readonly #faults: BusFaults;
  readonly #topic: (name: string) => Topic;
  readonly #append: (records: readonly BusRecord[]) => void;
  readonly #subscriptions = new Set<Subscription>();
  #closed = false;

  constructor(clock: Clock, faults: BusFaults, topic: (name: string) => Topic, append: (records: readonly BusRecord[]) => void) {
    this.#clock = clock;
    this.#faults = faults;
    this.#topic = topic;
    this.#append = append;
  }

  async publish(records: readonly BusRecord[]): Promise<Outcome<undefined, 'BUS_UNREACHABLE'>> {
    const delay = this.#faults.delayMs?.() ?? 0;
    if (delay > 0) await this.#clock.sleep(delay);
    if (!this.connected()) return UNREACHABLE;
    this.#append(records);
    return this.#faults.answerLost?.() === true ? UNREACHABLE : done;
  }

  async subscribe(request: Parameters<Bus['subscribe']>[0]): Promise<Outcome<Subscription, 'BUS_UNREACHABLE'>> {
    if (!this.connected()) return UNREACHABLE;
    let closed = false;
    const detach: (() => void)[] = [];
    const readers: PartitionReader[] = [];
    for (const name of new Set(request.topics)) {
      const topic = this.#topic(name);
      const own = topic.logs.map((log, partition) => {
        const from = startOf(request.from, name, partition);
        return new PartitionReader(this.#clock, this.#faults, () => this.connected(), log, from, request.onRecords);
      });
      const wake = (partition: number) => own[partition]?.wake();
      topic.wake.add(wake);
      detach.push(() => topic.wake.delete(wake));
      readers.push(...own);
    }
    const subscription: Subscription = {
      close: async () => {
        this.#subscriptions.delete(subscription);
        for (const d of detach) d();
        closed = true;
        await Promise.all(readers.map((r) => r.stop()));
      },
      connected: () => !closed && this.connected(),
      caughtUp: () => readers.every((r) => r.caughtUp()),
    };
    this.#subscriptions.add(subscription);
    for (const r of readers) r.wake();
    return ok(subscription);
  }

  connected(): boolean {
    return !this.#closed && this.#faults.available?.() !== false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#subscriptions].map((s) => s.close()));
  }
}

const startOf = (from: Positions, topic: string, partition: number) => from[partitionName(topic, partition)] ?? 0;

/** One subscriber's place in one partition. Sleeps until woken; reads until it has caught up. */
class PartitionReader {
  readonly #clock: Clock;
  readonly #faults: BusFaults;
  readonly #connected: () => boolean;
  readonly #log: Log;
  readonly #onRecords: (records: readonly Delivered[]) => Promise<void>;
  /** Where the log ended when we began. */
  readonly #end: number;
  #next: number;
  #highest: number;
  #reading = false;
  #stopped = false;
  #delivery: Promise<void> = Promise.resolve();

  constructor(
    clock: Clock,
    faults: BusFaults,
    connected: () => boolean,
    log: Log,
    from: number,
    onRecords: (records: readonly Delivered[]) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#faults = faults;
    this.#connected = connected;
    this.#log = log;
    this.#end = log.base + log.records.length;
    this.#next = from;
    this.#highest = from;
    this.#onRecords = onRecords;
  }

  wake(): void {
    if (this.#reading || this.#stopped || this.#behind() === 0) return;
    this.#reading = true;
    void this.#read();
  }

  /** No delivery begins after this; resolves when the one under way has ended. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#delivery;
  }

  caughtUp(): boolean {
    return this.#highest >= this.#end;
  }

  #behind(): number {
    return Math.max(0, this.#log.base + this.#log.records.length - this.#next);
  }

  async #read(): Promise<void> {
    while (this.#behind() > 0) {
      await this.#clock.sleep(this.#connected() ? (this.#faults.deliveryDelayMs?.() ?? 0) : PAUSE_MS);
      if (this.#stopped) return;
      if (!this.#connected()) continue;
      this.#delivery = this.#deliver();
      await this.#delivery;
    }
    this.#reading = false;
  }

  async #deliver(): Promise<void> {
    const start = Math.max(this.#next, this.#log.base);
    const index = start - this.#log.base;
    const records = this.#log.records.slice(index, index + BATCH);
    const end = start + records.length;
    const isNew = end > this.#highest;
    // a subscriber that throws is a bug: nobody catches it
    await this.#onRecords(records);
    this.#highest = Math.max(this.#highest, end);
    this.#next = isNew && this.#faults.duplicate?.() === true ? start : end;
  }
}
