import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { ensureTopics, openKafka } from '@lifeboat/adapters-kafka';
import { busContract } from '@lifeboat/ports/bus.contract';
import { startKafka } from '../servers/index.ts';

describe('Bus on a real broker', () => {
  let kafka: Awaited<ReturnType<typeof startKafka>>;
  before(async () => {
    kafka = await startKafka();
  });
  after(() => kafka.stop());

  busContract('Kafka', async (topics) => {
    const options = { brokers: kafka.brokers, clientId: 'contract' };
    const made = await ensureTopics(options, topics, { partitions: 3, replication: 1 });
    assert.ok(made.ok, made.ok ? '' : made.detail);
    const bus = openKafka(options);
    return { bus, outage: { away: () => kafka.kill(), back: () => kafka.restart() }, close: () => bus.close() };
  });
});
