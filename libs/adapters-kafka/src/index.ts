export type { KafkaLog, KafkaOptions } from './settings.ts';
export { ensureTopics } from './topics.ts';
