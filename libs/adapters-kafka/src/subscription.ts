import { setTimeout as sleep } from 'node:timers/promises';
import { failed, type Outcome, ok } from '@lifeboat/kernel';
import { type Bus, type Delivered, partitionName, type Subscription } from '@lifeboat/ports';
import { type Feed, newFeed } from './feed.ts';
import { type Cluster, type FetchAnswer, type FetchedMessage, outOfRange } from './internals.ts';
import { clusterOf, type KafkaOptions, messageOf, SILENT_MS, within } from './settings.ts';
import { trackedSockets } from './sockets.ts';

type Request = Parameters<Bus['subscribe']>[0];

/** A fetch waits this long for a record to come. Long, to be idle when nothing happens: it delays only a partition that was full. */
const FETCH_WAIT_MS = 1_000;
const PARTITION_BYTES = 1024 * 1024;
const ANSWER_BYTES = 8 * 1024 * 1024;
const READ_COMMITTED = 1;
const METADATA_EVERY_MS = 60_000;
const RECONNECT_MS = { first: 100, longest: 2_000 };

const textOf = (value: Buffer | string | readonly (Buffer | string)[] | null | undefined): string =>
  value === null || value === undefined ? '' : typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : textOf(value[0]);

const deliveredOf = (topic: string, partition: number, m: FetchedMessage): Delivered => ({
  topic,
  partition,
  offset: Number(m.offset),
  key: textOf(m.key),
  value: textOf(m.value),
  headers: Object.fromEntries(Object.entries(m.headers ?? {}).map(([name, value]) => [name, textOf(value)])),
});

const fetchOf = (feeds: readonly Feed[]) => ({
  maxWaitTime: FETCH_WAIT_MS,
  minBytes: 1,
  maxBytes: ANSWER_BYTES,
  isolationLevel: READ_COMMITTED,
  topics: [...Map.groupBy(feeds, (f) => f.topic)].map(([topic, of]) => ({
    topic,
    partitions: of.map((f) => ({ partition: f.partition, fetchOffset: String(f.position()), maxBytes: PARTITION_BYTES })),
  })),
});

/** One client of a subscription, from connecting to its first failure. */
interface Session {
  readonly cluster: Cluster;
  over: boolean;
}

/** Reads without a consumer group: our own positions, one fetch loop for each broker, a new client after any failure. */
class Reader implements Subscription {
  readonly #options: KafkaOptions;
  readonly #request: Request;
  readonly #feeds = new Map<string, Feed>();
  readonly #closing = new AbortController();
  readonly #aborted: Promise<void>;
  readonly #first = Promise.withResolvers<void>();
  readonly #reading: Promise<void>;
  #connected = false;
  #answered = false;

  constructor(options: KafkaOptions, request: Request) {
    this.#options = options;
    this.#request = request;
    this.#aborted = new Promise((resolve) => this.#closing.signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#reading = this.#readForEver();
  }

  /** Resolves when the topics were found; rejects when no broker let us. */
  opened(): Promise<void> {
    return this.#first.promise;
  }

  connected(): boolean {
    return this.#connected;
  }

  caughtUp(): boolean {
    return this.#feeds.size > 0 && [...this.#feeds.values()].every((f) => f.caughtUp());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#feeds.values()].map((f) => f.stop()));
    await this.#reading;
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #warn(message: string, about: Readonly<Record<string, unknown>>): void {
    this.#options.log?.('warn', message, { subscription: this.#request.name, ...about });
  }

  #feed(topic: string, partition: number): Feed {
    const name = partitionName(topic, partition);
    const known = this.#feeds.get(name);
    if (known) return known;
    const feed = newFeed({ topic, partition, from: this.#request.from[name] ?? 0 }, this.#request.onRecords, (error) =>
      this.#warn('the handler failed; the same records follow again', { partition: name, error: messageOf(error) }),
    );
    this.#feeds.set(name, feed);
    return feed;
  }

  async #readForEver(): Promise<void> {
    let wait = RECONNECT_MS.first;
    for (let attempt = 0; !this.#closed; attempt++) {
      this.#answered = false;
      try {
        await this.#readOnce(attempt);
      } catch (error) {
        if (this.#closed) return;
        if (attempt + 1 >= this.#options.brokers.length) this.#first.reject(error);
        wait = this.#answered ? RECONNECT_MS.first : Math.min(wait * 2, RECONNECT_MS.longest);
        this.#warn('reading was interrupted; beginning again', { error: messageOf(error), waitMs: wait });
        await sleep(wait, undefined, { signal: this.#closing.signal }).catch(() => {});
      }
    }
  }

  async #readOnce(attempt: number): Promise<void> {
    const sockets = trackedSockets();
    const cluster = clusterOf(this.#options, sockets, attempt);
    const session: Session = { cluster, over: false };
    try {
      const connecting = cluster.connect().then(() => cluster.addMultipleTargetTopics(this.#request.topics));
      await within(SILENT_MS, 'connecting', Promise.race([this.#aborted, connecting]));
      if (this.#closed) return;
      const leaders = this.#leaders(cluster);
      this.#connected = true;
      this.#first.resolve();
      const loops = [...leaders].map(([nodeId, led]) => this.#readFrom(session, nodeId, led));
      // the loops that lose this race end by themselves: their sockets are gone and their waits have limits
      await Promise.race([this.#aborted, this.#watchLeaders(session), ...loops]);
    } finally {
      session.over = true;
      this.#connected = false;
      sockets.destroy('this client has ended');
    }
  }

  /** Which broker leads which of our partitions. */
  #leaders(cluster: Cluster): Map<string, Feed[]> {
    const leaders = new Map<string, Feed[]>();
    for (const topic of this.#request.topics) {
      const partitions = cluster.findTopicPartitionMetadata(topic);
      if (partitions.length === 0) throw new Error(`topic ${topic} does not exist`);
      for (const { partitionId, leader } of partitions) {
        if (leader === null || leader < 0) throw new Error(`${partitionName(topic, partitionId)} has no leader`);
        const led = leaders.get(String(leader)) ?? [];
        led.push(this.#feed(topic, partitionId));
        leaders.set(String(leader), led);
      }
    }
    return leaders;
  }

  async #readFrom(session: Session, nodeId: string, led: readonly Feed[]): Promise<void> {
    while (!session.over) {
      const wanted = led.filter((f) => f.room());
      if (wanted.length === 0) {
        await Promise.race(led.map((f) => f.roomy()));
        continue;
      }
      try {
        const broker = await within(SILENT_MS, `connecting to broker ${nodeId}`, session.cluster.findBroker({ nodeId }));
        const answer = await within(SILENT_MS, `reading from broker ${nodeId}`, broker.fetch(fetchOf(wanted)));
        if (!session.over) this.#take(answer);
      } catch (error) {
        const lost = outOfRange(error);
        if (lost === undefined || session.over) throw error;
        await this.#toEarliest(session.cluster, lost.topic, lost.partition);
      }
    }
  }

  #take(answer: FetchAnswer): void {
    this.#answered = true;
    for (const { topicName, partitions } of answer.responses)
      for (const { partition, highWatermark, messages } of partitions) {
        this.#feed(topicName, partition).endsAt(Number(highWatermark));
        const last = messages.at(-1);
        if (last === undefined) continue;
        const records = messages.filter((m) => m.isControlRecord !== true).map((m) => deliveredOf(topicName, partition, m));
        this.#feed(topicName, partition).put(records, Number(last.offset) + 1);
      }
  }

  async #toEarliest(cluster: Cluster, topic: string, partition: number): Promise<void> {
    const feed = this.#feed(topic, partition);
    const wanted = [{ topic, fromBeginning: true, partitions: [{ partition }] }];
    const offsets = await within(SILENT_MS, 'asking for the earliest offset', cluster.fetchTopicsOffset(wanted));
    const earliest = Number(offsets[0]?.partitions[0]?.offset);
    const position = feed.position();
    if (!Number.isSafeInteger(earliest) || earliest === position) throw new Error(`${partitionName(topic, partition)}: no earliest offset`);
    // a partition that nobody named starts at whatever is its beginning; anything else means records are gone
    if (position !== 0)
      this.#warn('the position is not in the log any more; reading from its beginning', { topic, partition, position, earliest });
    feed.moveTo(earliest);
  }

  async #watchLeaders(session: Session): Promise<void> {
    const picture = () => {
      const rows = [...this.#leaders(session.cluster)].map(
        ([node, led]) => `${node}: ${led.map((f) => partitionName(f.topic, f.partition))}`,
      );
      return rows.sort().join('; ');
    };
    const before = picture();
    while (!session.over) {
      await sleep(METADATA_EVERY_MS, undefined, { signal: this.#closing.signal });
      if (session.over) return;
      await within(SILENT_MS, 'asking who leads', session.cluster.refreshMetadata());
      if (picture() !== before) throw new Error('partitions have moved');
    }
  }
}

export const openSubscription = async (options: KafkaOptions, request: Request): Promise<Outcome<Subscription, 'BUS_UNREACHABLE'>> => {
  const reader = new Reader(options, request);
  try {
    await reader.opened();
    return ok(reader);
  } catch (error) {
    await reader.close();
    return failed('BUS_UNREACHABLE', `${options.brokers.join(',')}: subscribing ${request.name}: ${messageOf(error)}`);
  }
};
