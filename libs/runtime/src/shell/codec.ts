import { Table } from '@lifeboat/kernel';
import type { Changes, StoredTables, TableChange } from '@lifeboat/ports';
import type { State } from './service.ts';

/** The shell's own tables lie beside the service's, under names that no service uses. */
export const OWED = '@owed';
export const OUTBOX = '@outbox';
export const POSITIONS = '@positions';
export const SEEN = '@seen';
export const META = '@meta';

export const parseTable = (service: string, name: string, stored: Readonly<Record<string, string>>): Table<unknown> =>
  Table.of(
    Object.entries(stored).map(([key, text]) => {
      try {
        return [key, JSON.parse(text) as unknown] as const;
      } catch (e) {
        throw new Error(`state of ${service}: table ${name}, key ${key}: not JSON (${(e as Error).message}); restore it or delete the key`);
      }
    }),
  );

export const parseState = <S extends State>(service: string, initial: S, stored: StoredTables): S =>
  Object.fromEntries(Object.keys(initial).map((name) => [name, parseTable(service, name, stored[name] ?? {})])) as unknown as S;

/** What differs between two states, as the store takes it. */
export const changesBetween = (before: State, after: State): Record<string, TableChange> => {
  const changes: Record<string, TableChange> = {};
  for (const name of Object.keys(after)) {
    const was = before[name];
    const is = after[name];
    if (was === undefined || is === undefined || was === is) continue;
    const { put, del } = is.changesSince(was);
    if (put.length > 0 || del.length > 0) changes[name] = { put: Object.fromEntries(put.map(([k, v]) => [k, JSON.stringify(v)])), del };
  }
  return changes;
};

export const isEmpty = (c: Changes): boolean => Object.keys(c).length === 0;
