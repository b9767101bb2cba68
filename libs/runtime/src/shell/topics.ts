import { definitionOf, type EventType } from '@lifeboat/contracts';

export const topicsOf = (types: readonly EventType[]): string[] =>
  [...new Set(types.map((t) => (definitionOf.get(t) as { topic: string }).topic))].sort();
