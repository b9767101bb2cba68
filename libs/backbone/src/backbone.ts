import { ensureTopics, type KafkaOptions, openKafka } from '@lifeboat/adapters-kafka';
import { wallClock } from '@lifeboat/adapters-memory/wall-clock';
import { openRedis } from '@lifeboat/adapters-redis';
import { topics } from '@lifeboat/contracts';
import { describeFailure } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';
import type { Backbone, Log, ServerSettings } from '@lifeboat/runtime/process';
import { openServiceRegistry } from './registry.ts';

const PARTITIONS = 6;
const COPIES = 3;
const TOPICS_AGAIN_MS = 2_000;

export interface OpenBackbone extends Backbone {
  readonly clock: Clock;
}

/** Kafka, Redis and ZooKeeper behind their ports. All connect in the background, at the start and after every loss. */
export async function openBackbone(settings: ServerSettings, log: Log): Promise<OpenBackbone> {
  const clock = wallClock();
  const kafka: KafkaOptions = {
    brokers: settings.brokers,
    clientId: settings.instance,
    log: (level, message, about) => log[level](about, message),
  };
  const bus = openKafka(kafka);
  const redis = openRedis(settings.redisUrl, { prefix: 'lifeboat' });
  const registry = openServiceRegistry(settings.zookeeper, clock);
  const closing = new AbortController();
  const topicsMade = makeTopics(kafka, clock, log, closing.signal);
  return {
    bus,
    store: redis.store,
    ledger: redis.ledger,
    registry,
    clock,
    connected: () => ({ bus: bus.connected(), store: redis.connected(), registry: registry.connected() }),
    async close() {
      closing.abort();
      await topicsMade;
      await Promise.all([bus.close(), registry.close(), redis.close()]);
    },
  };
}

/** Every service makes the topics: whichever starts first finds none. What is there already is left as it is. */
async function makeTopics(kafka: KafkaOptions, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  const shape = { partitions: PARTITIONS, replication: Math.min(COPIES, kafka.brokers.length) };
  while (!signal.aborted) {
    const made = await ensureTopics(kafka, Object.values(topics), shape);
    if (made.ok) return;
    log.warn({ what: describeFailure(made) }, 'topics not made yet');
    await clock.sleep(TOPICS_AGAIN_MS, signal);
  }
}
