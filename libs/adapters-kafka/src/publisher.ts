import { setTimeout as sleep } from 'node:timers/promises';
import { done, failed, type Outcome } from '@lifeboat/kernel';
import type { BusRecord } from '@lifeboat/ports';
import { Partitioners, type Producer } from 'kafkajs';
import { clientOf, type KafkaOptions, messageOf, within } from './settings.ts';
import { type Sockets, trackedSockets } from './sockets.ts';

type Published = Outcome<undefined, 'BUS_UNREACHABLE'>;
/** One request carries one batch for each partition, and a broker refuses a batch above its message limit. */
const CHUNK_RECORDS = 500;
const CHUNK_BYTES = 512 * 1024;
const SEND_MS = 12_000;
const RETRY = { firstMs: 50, forMs: 2_000 };
const RECONNECT_MS = { first: 100, longest: 2_000 };

interface Client {
  readonly producer: Producer;
  readonly sockets: Sockets;
}

const sizeOf = (r: BusRecord) => Buffer.byteLength(r.value) + r.key.length + 64 * Object.keys(r.headers).length + 64;

/** In order, each small enough for one request; a record that is larger goes alone. */
export const chunksOf = (records: readonly BusRecord[]): BusRecord[][] => {
  const chunks: BusRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = sizeOf(record);
    const last = chunks.at(-1);
    if (last === undefined || bytes + size > CHUNK_BYTES || last.length >= CHUNK_RECORDS) {
      chunks.push([record]);
      bytes = size;
    } else {
      last.push(record);
      bytes += size;
    }
  }
  return chunks;
};

const byTopic = (records: readonly BusRecord[]) =>
  [...Map.groupBy(records, (r) => r.topic)].map(([topic, of]) => ({
    topic,
    messages: of.map((r) => ({ key: r.key, value: r.value, headers: { ...r.headers } })),
  }));

interface Call {
  readonly records: readonly BusRecord[];
  readonly answer: (published: Published) => void;
}

/** One client at a time, made again by itself when it was lost: `connected` is true again without anyone publishing. */
class Connection {
  readonly #options: KafkaOptions;
  readonly #closing = new AbortController();
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  #keeping = false;
  #attempt = 0;

  constructor(options: KafkaOptions) {
    this.#options = options;
    void this.#keep();
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  connected(): boolean {
    return this.#client !== undefined && this.#client.sockets.open() > 0;
  }

  get(): Promise<Client> {
    if (this.#client) return Promise.resolve(this.#client);
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  drop(why: string): void {
    this.#client?.sockets.destroy(why);
    this.#client = undefined;
    void this.#keep();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.drop('closed');
    await this.#connecting?.catch(() => {});
  }

  async #keep(): Promise<void> {
    if (this.#keeping) return;
    this.#keeping = true;
    for (let wait = RECONNECT_MS.first; this.#client === undefined && !this.closed; wait = Math.min(wait * 2, RECONNECT_MS.longest))
      await this.get().catch(() => sleep(wait, undefined, { signal: this.#closing.signal }).catch(() => {}));
    this.#keeping = false;
  }

  async #open(): Promise<Client> {
    const sockets = trackedSockets(() => this.drop('the broker closed the connection'));
    const producer = clientOf(this.#options, sockets, this.#attempt++).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      idempotent: false,
      maxInFlightRequests: 1,
      retry: { retries: 0 },
    });
    const stop = () => sockets.destroy('closed');
    this.#closing.signal.addEventListener('abort', stop, { once: true });
    try {
      await within(SEND_MS, 'connecting', producer.connect());
      if (this.closed) throw new Error('the bus is closed');
    } catch (error) {
      sockets.destroy('not connected');
      throw error;
    } finally {
      this.#closing.signal.removeEventListener('abort', stop);
    }
    this.#client = { producer, sockets };
    return this.#client;
  }
}

/**
 * One request at a time: kafkajs's idempotent producer loses concurrent sends, and without it two requests under way
 * may land the wrong way round. What is published meanwhile goes together with the next request. When a request
 * fails, what waited behind it fails too: sent alone it would overtake what the caller is about to publish again.
 */
export class Publisher {
  readonly #options: KafkaOptions;
  readonly #connection: Connection;
  #waiting: Call[] = [];
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#connection = new Connection(options);
  }

  publish(records: readonly BusRecord[]): Promise<Published> {
    if (this.#closed) return Promise.resolve(failed('BUS_UNREACHABLE', 'the bus is closed'));
    if (records.length === 0) return Promise.resolve(done);
    return new Promise((answer) => {
      this.#waiting.push({ records, answer });
      this.#sending ??= this.#sendWaiting();
    });
  }

  connected(): boolean {
    return this.#connection.connected();
  }

  /** What was accepted is let out first, within its time limit. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#sending;
    await this.#connection.close();
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const calls = this.#waiting;
      this.#waiting = [];
      const result = await this.#sendAll(calls.flatMap((c) => c.records));
      if (!result.ok) {
        calls.push(...this.#waiting);
        this.#waiting = [];
      }
      for (const c of calls) c.answer(result);
    }
    this.#sending = undefined;
  }

  async #sendAll(records: readonly BusRecord[]): Promise<Published> {
    for (const chunk of chunksOf(records)) {
      const sent = await this.#sendChunk(chunk);
      if (!sent.ok) return sent;
    }
    return done;
  }

  /** Again with a new client for a short while: the old one's picture of the cluster may be stale, a leader may be changing. */
  async #sendChunk(chunk: readonly BusRecord[]): Promise<Published> {
    const began = performance.now();
    for (let wait = RETRY.firstMs; ; wait *= 2) {
      try {
        const { producer } = await this.#connection.get();
        await within(SEND_MS, 'publishing', producer.sendBatch({ acks: -1, timeout: 8_000, topicMessages: byTopic(chunk) }));
        return done;
      } catch (error) {
        this.#connection.drop(messageOf(error));
        if (performance.now() - began > RETRY.forMs)
          return failed('BUS_UNREACHABLE', `${this.#options.brokers.join(',')}: ${messageOf(error)}`);
        await sleep(wait);
      }
    }
  }
}
