import type Type from 'typebox';

export const topics = {
  agents: 'lifeboat.agents',
  nodes: 'lifeboat.nodes',
  faults: 'lifeboat.faults',
  incidents: 'lifeboat.incidents',
  confirmations: 'lifeboat.confirmations',
  migrations: 'lifeboat.migrations',
  deadLetters: 'lifeboat.dead-letters',
} as const;
export type Topic = (typeof topics)[keyof typeof topics];

export const services = [
  'agent',
  'agent-watcher',
  'node-monitor',
  'fault-correlator',
  'scheduler',
  'notifier',
  'migrator',
  'console',
] as const;
export type Service = (typeof services)[number];

/** An event, defined once: its TypeScript type, validator, JSON Schema, topic, key and AsyncAPI message come from here. */
export interface EventDefinition<Name extends string = string, Data extends Type.TSchema = Type.TSchema> {
  readonly type: Name;
  readonly version: number;
  readonly topic: Topic;
  readonly producedBy: readonly Service[];
  readonly consumedBy: readonly Service[];
  readonly about: string;
  /** What must stay in order shares a key. */
  readonly key: (data: Type.Static<Data>) => string;
  readonly data: Data;
}
export const defineEvent = <const Name extends string, Data extends Type.TSchema>(d: EventDefinition<Name, Data>) => d;
export type DataOf<D> = D extends EventDefinition<string, infer Data> ? Type.Static<Data> : never;
