import { setTimeout as sleep } from 'node:timers/promises';
import { done, failed, type Outcome } from '@lifeboat/kernel';
import type { BusRecord } from '@lifeboat/ports';
import { Partitioners, type Producer } from 'kafkajs';
import { clientOf, type KafkaOptions, messageOf, within } from './settings.ts';
import { type Sockets, trackedSockets } from './sockets.ts';

type Published = Outcome<undefined, 'BUS_UNREACHABLE'>;
export interface Publisher {
  publish(records: readonly BusRecord[]): Promise<Published>;
  connected(): boolean;
  close(): Promise<void>;
}

/** One request carries one batch for each partition, and a broker refuses a batch above its message limit. */
const CHUNK_RECORDS = 500;
const CHUNK_BYTES = 512 * 1024;
const SEND_MS = 12_000;
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

/**
 * One request at a time: kafkajs's idempotent producer loses concurrent sends, and without it two requests under way
 * may land the wrong way round. What is published meanwhile goes together with the next request. When a request
 * fails, what waited behind it fails too: sent alone it would overtake what the caller is about to publish again.
 */
export const openPublisher = (options: KafkaOptions): Publisher => {
  let client: Client | undefined;
  let connecting: Promise<Client> | undefined;
  let attempt = 0;
  let sending: Promise<void> | undefined;
  let waiting: { readonly records: readonly BusRecord[]; readonly answer: (p: Published) => void }[] = [];
  const closing = new AbortController();
  const closed = () => closing.signal.aborted;

  const open = async (): Promise<Client> => {
    const sockets = trackedSockets(() => drop('the broker closed the connection'));
    const producer = clientOf(options, sockets, attempt++).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      idempotent: false,
      maxInFlightRequests: 1,
      retry: { retries: 0 },
    });
    try {
      await within(SEND_MS, 'connecting', producer.connect());
    } catch (error) {
      sockets.destroy('not connected');
      throw error;
    }
    if (closed()) sockets.destroy('closed');
    client = { producer, sockets };
    return client;
  };
  const connect = (): Promise<Client> => {
    if (client) return Promise.resolve(client);
    connecting ??= open().finally(() => {
      connecting = undefined;
    });
    return connecting;
  };
  const drop = (why: string) => {
    client?.sockets.destroy(why);
    client = undefined;
    void keepConnected();
  };

  /** So that `connected` is true again without anyone publishing. */
  let keeping = false;
  const keepConnected = async () => {
    if (keeping) return;
    keeping = true;
    for (let wait = RECONNECT_MS.first; client === undefined && !closed(); wait = Math.min(wait * 2, RECONNECT_MS.longest)) {
      await connect().catch(() => sleep(wait, undefined, { signal: closing.signal }).catch(() => {}));
    }
    keeping = false;
  };

  const send = async (records: readonly BusRecord[]): Promise<void> => {
    const { producer } = await connect();
    await within(SEND_MS, 'publishing', producer.sendBatch({ acks: -1, timeout: 8_000, topicMessages: byTopic(records) }));
  };
  /** Once more with a new client when it failed: the old one's picture of the cluster may be stale. */
  const sendAll = async (records: readonly BusRecord[]): Promise<Published> => {
    const began = performance.now();
    for (const chunk of chunksOf(records)) {
      for (let tries = 1; ; tries++) {
        try {
          await send(chunk);
          break;
        } catch (error) {
          drop(messageOf(error));
          if (closed() || tries === 2 || performance.now() - began > SEND_MS / 2)
            return failed('BUS_UNREACHABLE', `${options.brokers.join(',')}: ${messageOf(error)}`);
        }
      }
    }
    return done;
  };
  const sendWaiting = async () => {
    while (waiting.length > 0) {
      const calls = waiting;
      waiting = [];
      const result = await sendAll(calls.flatMap((c) => c.records));
      if (!result.ok) {
        calls.push(...waiting);
        waiting = [];
      }
      for (const c of calls) c.answer(result);
    }
    sending = undefined;
  };

  void keepConnected();
  return {
    publish: (records) => {
      if (closed()) return Promise.resolve(failed('BUS_UNREACHABLE', 'the bus is closed'));
      if (records.length === 0) return Promise.resolve(done);
      return new Promise((answer) => {
        waiting.push({ records, answer });
        sending ??= sendWaiting();
      });
    },
    connected: () => client !== undefined && client.sockets.open() > 0,
    close: async () => {
      // what was accepted is let out first, within its time limit
      await sending;
      closing.abort();
      client?.sockets.destroy('closed');
      client = undefined;
      await connecting?.then((c) => c.sockets.destroy('closed')).catch(() => {});
    },
  };
};
