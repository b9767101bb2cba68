import { done, failed, type Outcome } from '@lifeboat/kernel';
import { clientOf, type KafkaOptions, messageOf, within } from './settings.ts';
import { trackedSockets } from './sockets.ts';

/** An incident of a whole rack is one record; the broker's default of 1 MB is too near for comfort. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;
const LIMIT_MS = 15_000;

/** Creates the topics that are missing and waits until every partition of every topic can be written. */
export const ensureTopics = async (
  options: KafkaOptions,
  topics: readonly string[],
  shape: { readonly partitions: number; readonly replication: number; readonly retentionMs?: number },
): Promise<Outcome<undefined, 'BUS_UNREACHABLE'>> => {
  const sockets = trackedSockets();
  const admin = clientOf(options, sockets).admin();
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
    // fails while a partition has no leader
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
    const leaderless = found.flatMap((t) => t.partitions.filter((p) => p.leader < 0).map((p) => `${t.name}/${p.partitionId}`));
    if (leaderless.length > 0) throw new Error(`no leader yet for ${leaderless.join(', ')}`);
  };
  try {
    await within(LIMIT_MS, 'creating topics', work(), () => sockets.destroy('too late'));
    return done;
  } catch (error) {
    return failed('BUS_UNREACHABLE', `${options.brokers.join(',')}: topics: ${messageOf(error)}`);
  } finally {
    sockets.destroy('done');
  }
};
