import type Type from 'typebox';
import type { DataOf, EventDefinition } from '../define.ts';
import * as agents from './10-agents.ts';
import * as nodes from './20-nodes.ts';
import * as faults from './30-faults.ts';
import * as vmFaults from './35-vm-failures.ts';
import * as incidents from './40-incidents.ts';
import * as confirmations from './50-confirmations.ts';
import * as messages from './52-messages.ts';
import * as persons from './55-persons.ts';
import * as migrations from './60-migrations.ts';
import * as restarts from './65-restarts.ts';
import * as drains from './67-drains.ts';
import * as redundancy from './70-redundancy.ts';
import * as deadLetters from './90-dead-letters.ts';

const definitionsIn = <M extends Record<string, unknown>>(module: M) =>
  Object.values(module).filter(
    (d): d is Extract<M[keyof M], { readonly key: unknown }> => typeof d === 'object' && d !== null && 'key' in d && 'topic' in d,
  );

/** Every event of Lifeboat, in the order of the story. */
export const events = [
  ...definitionsIn(agents),
  ...definitionsIn(nodes),
  ...definitionsIn(faults),
  ...definitionsIn(vmFaults),
  ...definitionsIn(incidents),
  ...definitionsIn(confirmations),
  ...definitionsIn(messages),
  ...definitionsIn(persons),
  ...definitionsIn(migrations),
  ...definitionsIn(restarts),
  ...definitionsIn(drains),
  ...definitionsIn(redundancy),
  ...definitionsIn(deadLetters),
] as const;

type Known = (typeof events)[number];
export type EventType = Known['type'];
export type DataByType = { [D in Known as D['type']]: DataOf<D> };
export const definitionOf: ReadonlyMap<string, EventDefinition<EventType, Type.TSchema>> = new Map(
  (events as readonly unknown[] as EventDefinition<EventType, Type.TSchema>[]).map((d) => [d.type, d]),
);

export * from './10-agents.ts';
export * from './20-nodes.ts';
export * from './30-faults.ts';
export * from './35-vm-failures.ts';
export * from './40-incidents.ts';
export * from './50-confirmations.ts';
export * from './52-messages.ts';
export * from './55-persons.ts';
export * from './60-migrations.ts';
export * from './65-restarts.ts';
export * from './67-drains.ts';
export * from './70-redundancy.ts';
export * from './90-dead-letters.ts';
