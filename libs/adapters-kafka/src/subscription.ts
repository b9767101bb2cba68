import { setTimeout as sleep } from 'node:timers/promises';
import { failed, type Outcome, ok } from '@lifeboat/kernel';
import { type Bus, type Delivered, partitionName, type Subscription } from '@lifeboat/ports';
import { type Feed, newFeed } from './feed.ts';
import { type Cluster, type FetchAnswer, type FetchedMessage, outOfRange } from './internals.ts';
import { clusterOf, type KafkaOptions, messageOf, SILENT_MS, within } from './settings.ts';
import { trackedSockets } from './sockets.ts';

type Request = Parameters<Bus['subscribe']>[0];

/** A fetch waits this long for a record to come; it bounds how soon a partition that was full is read again. */
const FETCH_WAIT_MS = 250;
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

/** Reads without a consumer group: our own positions, one fetch loop for each broker, a new client after any failure. */
export const openSubscription = async (options: KafkaOptions, request: Request): Promise<Outcome<Subscription, 'BUS_UNREACHABLE'>> => {
  const feeds = new Map<string, Feed>();
  const closing = new AbortController();
  const closed = () => closing.signal.aborted;
  const aborted = new Promise<void>((resolve) => closing.signal.addEventListener('abort', () => resolve(), { once: true }));
  const warn = (message: string, about: Readonly<Record<string, unknown>>) =>
    options.log?.('warn', message, { subscription: request.name, ...about });
  let connected = false;
  let answered = false;
  const first = Promise.withResolvers<void>();

  const feedOf = (topic: string, partition: number): Feed => {
    const name = partitionName(topic, partition);
    const known = feeds.get(name);
    if (known) return known;
    const feed = newFeed({ topic, partition, from: request.from[name] ?? 0 }, request.onRecords, (error) =>
      warn('the handler failed; the same records follow again', { partition: name, error: messageOf(error) }),
    );
    feeds.set(name, feed);
    return feed;
  };

  /** Which broker leads which of our partitions. */
  const leadersOf = (cluster: Cluster): Map<string, Feed[]> => {
    const leaders = new Map<string, Feed[]>();
    for (const topic of request.topics) {
      const partitions = cluster.findTopicPartitionMetadata(topic);
      if (partitions.length === 0) throw new Error(`topic ${topic} does not exist`);
      for (const { partitionId, leader } of partitions) {
        if (leader === null || leader < 0) throw new Error(`${partitionName(topic, partitionId)} has no leader`);
        leaders.set(String(leader), [...(leaders.get(String(leader)) ?? []), feedOf(topic, partitionId)]);
      }
    }
    return leaders;
  };

  const toEarliest = async (cluster: Cluster, lost: { topic: string; partition: number }): Promise<void> => {
    const { topic, partition } = lost;
    const feed = feedOf(topic, partition);
    const offsets = await within(
      SILENT_MS,
      'asking for the earliest offset',
      cluster.fetchTopicsOffset([{ topic, fromBeginning: true, partitions: [{ partition }] }]),
    );
    const earliest = Number(offsets[0]?.partitions[0]?.offset);
    if (!Number.isSafeInteger(earliest) || earliest === feed.position())
      throw new Error(`${partitionName(topic, partition)}: no earliest offset`);
    // a partition that nobody named starts at whatever is its beginning; anything else means records are gone
    if (feed.position() !== 0)
      warn('the position is not in the log any more; reading from its beginning', {
        topic,
        partition,
        position: feed.position(),
        earliest,
      });
    feed.moveTo(earliest);
  };

  const take = (answer: FetchAnswer) => {
    connected = true;
    answered = true;
    for (const { topicName, partitions } of answer.responses)
      for (const { partition, messages } of partitions) {
        const last = messages.at(-1);
        if (last === undefined) continue;
        const records = messages.filter((m) => m.isControlRecord !== true).map((m) => deliveredOf(topicName, partition, m));
        feedOf(topicName, partition).put(records, Number(last.offset) + 1);
      }
  };

  const readFrom = async (cluster: Cluster, nodeId: string, led: readonly Feed[], live: () => boolean): Promise<void> => {
    while (live()) {
      const wanted = led.filter((f) => f.room());
      if (wanted.length === 0) {
        await Promise.race(led.map((f) => f.roomy()));
        continue;
      }
      const topics = [...Map.groupBy(wanted, (f) => f.topic)].map(([topic, of]) => ({
        topic,
        partitions: of.map((f) => ({ partition: f.partition, fetchOffset: String(f.position()), maxBytes: PARTITION_BYTES })),
      }));
      try {
        const broker = await within(SILENT_MS, `connecting to broker ${nodeId}`, cluster.findBroker({ nodeId }));
        const fetch = { maxWaitTime: FETCH_WAIT_MS, minBytes: 1, maxBytes: ANSWER_BYTES, isolationLevel: READ_COMMITTED, topics };
        const answer = await within(SILENT_MS, `reading from broker ${nodeId}`, broker.fetch(fetch));
        if (live()) take(answer);
      } catch (error) {
        const lost = outOfRange(error);
        if (lost === undefined || !live()) throw error;
        await toEarliest(cluster, lost);
      }
    }
  };

  const watchLeaders = async (cluster: Cluster, live: () => boolean): Promise<void> => {
    const picture = () =>
      JSON.stringify([...leadersOf(cluster)].map(([node, led]) => [node, led.map((f) => partitionName(f.topic, f.partition))]).sort());
    const before = picture();
    while (live()) {
      await sleep(METADATA_EVERY_MS, undefined, { signal: closing.signal });
      if (!live()) return;
      await within(SILENT_MS, 'asking who leads', cluster.refreshMetadata());
      if (picture() !== before) throw new Error('partitions have moved');
    }
  };

  /** One client, until something fails. */
  const readOnce = async (attempt: number): Promise<void> => {
    const sockets = trackedSockets();
    let over = false;
    const live = () => !over && !closed();
    try {
      const cluster = clusterOf(options, sockets, attempt);
      await within(
        SILENT_MS,
        'connecting',
        Promise.race([aborted, cluster.connect().then(() => cluster.addMultipleTargetTopics(request.topics))]),
      );
      if (closed()) return;
      const leaders = leadersOf(cluster);
      connected = true;
      first.resolve();
      // the loops that lose this race end by themselves: their sockets are gone and their waits have limits
      await Promise.race([aborted, watchLeaders(cluster, live), ...[...leaders].map(([node, led]) => readFrom(cluster, node, led, live))]);
    } finally {
      over = true;
      connected = false;
      sockets.destroy('this client has ended');
    }
  };

  const readForEver = async (): Promise<void> => {
    let wait = RECONNECT_MS.first;
    for (let attempt = 0; !closed(); attempt++) {
      answered = false;
      try {
        await readOnce(attempt);
      } catch (error) {
        if (closed()) return;
        warn('reading was interrupted; beginning again', { error: messageOf(error), waitMs: wait });
        if (attempt + 1 >= options.brokers.length) first.reject(error);
        wait = answered ? RECONNECT_MS.first : Math.min(wait * 2, RECONNECT_MS.longest);
        await sleep(wait, undefined, { signal: closing.signal }).catch(() => {});
      }
    }
  };

  const reading = readForEver();
  const close = async () => {
    closing.abort();
    await Promise.all([...feeds.values()].map((f) => f.stop()));
    await reading;
  };
  try {
    await first.promise;
  } catch (error) {
    await close();
    return failed('BUS_UNREACHABLE', `${options.brokers.join(',')}: subscribing ${request.name}: ${messageOf(error)}`);
  }
  return ok({ close, connected: () => connected });
};
