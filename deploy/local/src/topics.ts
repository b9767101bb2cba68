import { ensureTopics } from '@lifeboat/adapters-kafka';
import { topics } from '@lifeboat/contracts';

/** Creates Lifeboat's topics on the brokers of LIFEBOAT_KAFKA and ends: what docker-compose runs before the services. */
const number = (name: string, byDefault: number) => Number(process.env[name] ?? byDefault);
const brokers = (process.env.LIFEBOAT_KAFKA ?? '').split(',').filter((b) => b !== '');
if (brokers.length === 0) throw new Error('LIFEBOAT_KAFKA: missing; set it to the brokers, e.g. 10.0.0.1:9092,10.0.0.2:9092');
const shape = { partitions: number('LIFEBOAT_PARTITIONS', 4), replication: number('LIFEBOAT_REPLICATION', 1) };
const made = await ensureTopics({ brokers, clientId: 'lifeboat-topics' }, Object.values(topics), shape);
if (made.ok) console.log(`topics: ${Object.values(topics).join(', ')}`);
else {
  console.error(made.detail);
  process.exitCode = 1;
}
