import { setTimeout as sleep } from 'node:timers/promises';
import { done, failed, type Outcome } from '@lifeboat/kernel';
import { clientOf, type KafkaOptions, messageOf, within } from './settings.ts';
import { trackedSockets } from './sockets.ts';

/** An incident of a whole rack is one record; the broker's default of 1 MB is too near for comfort. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;
const LIMIT_MS = 15_000;
const LEADER_TRIES = 30;

interface Shape {
  readonly partitions: number;
  readonly replication: number;
  readonly retentionMs?: number;
}

const create = async (options: KafkaOptions, topics: readonly string[], shape: Shape, attempt: number): Promise<void> => {
  const sockets = trackedSockets();
  const admin = clientOf(options, sockets, attempt).admin();
  const configEntries = [
    { name: 'max.message.bytes', value: String(MAX_RECORD_BYTES) },
    { name: 'retention.ms', value: String(shape.retentionMs ?? 7 * 24 * 3_600_000) },
  ];
  const work = async () => {
    await admin.connect();
    const there = new Set(await admin.listTopics());
    const missing = topics.filter((t) => !there.has(t));
    if (missing.length > 0)
      await admin.createTopics({
        waitForLeaders: false,
        timeout: LIMIT_MS / 2,
        topics: missing.map((topic) => ({ topic, numPartitions: shape.partitions, replicationFactor: shape.replication, configEntries })),
      });
    // metadata names a leader before the leader knows of it; only it can answer for its offsets
    for (let tries = 1; ; tries++) {
      try {
        for (const topic of topics) await admin.fetchTopicOffsets(topic);
        return;
      } catch (error) {
        if (tries === LEADER_TRIES) throw error;
        await sleep(100);
      }
    }
  };
  try {
    await within(LIMIT_MS, 'creating topics', work());
  } finally {
    sockets.destroy('done');
  }
};

/** Creates the topics that are missing; ok when every partition of every topic can be written. */
export const ensureTopics = async (
  options: KafkaOptions,
  topics: readonly string[],
  shape: Shape,
): Promise<Outcome<undefined, 'BUS_UNREACHABLE'>> => {
  let why = 'brokers: the list is empty';
  for (let attempt = 0; attempt < options.brokers.length; attempt++) {
    try {
      await create(options, topics, shape, attempt);
      return done;
    } catch (error) {
      why = messageOf(error);
    }
  }
  return failed('BUS_UNREACHABLE', `${options.brokers.join(',')}: topics: ${why}`);
};
