import { done, type Outcome, ok } from '@lifeboat/kernel';
import type { Changes, StateStore, StoredTables } from '@lifeboat/ports';
import type { Connection } from './connection.ts';
import { throughGate } from './gate.ts';

/** Between table and key in a field's name; a table's name has none. */
const NUL = '\u0000';

/** All rows of a service lie in one hash: one script loads or changes them in one round trip. */
export function redisStore(connection: Connection, prefix: string): StateStore {
  const gate = (service: string) => ({ name: service, tag: `${prefix}:${service}` });
  const rows = (service: string) => `{${prefix}:${service}}:rows`;
  return {
    claim: async (service, epoch) => {
      const answer = await throughGate(connection, gate(service), epoch, 'lifeboatClaim', [rows(service)], []);
      return answer.ok ? ok(tables(answer.value.slice(1))) : answer;
    },
    commit: async (service, epoch, changes) => {
      const answer = await throughGate(connection, gate(service), epoch, 'lifeboatCommit', [rows(service)], commitArgs(changes));
      return answer.ok ? done : answer;
    },
    read: async (service): Promise<Outcome<StoredTables, 'STORE_UNREACHABLE'>> => {
      const answer = await connection.send((redis) => redis.hgetall(rows(service)));
      return answer.ok ? ok(tables(Object.entries(answer.value).flat())) : answer;
    },
    connected: connection.connected,
    close: connection.close,
  };
}

function commitArgs(changes: Changes): (string | number)[] {
  const put: string[] = [];
  const del: string[] = [];
  for (const [table, change] of Object.entries(changes)) {
    for (const key of change.del) del.push(table + NUL + key);
    for (const [key, value] of Object.entries(change.put)) put.push(table + NUL + key, value);
  }
  return [put.length / 2, ...put, ...del];
}

function tables(fieldsAndValues: readonly string[]): StoredTables {
  const found: Record<string, Record<string, string>> = {};
  for (let i = 0; i < fieldsAndValues.length; i += 2) {
    const field = fieldsAndValues[i] as string;
    const at = field.indexOf(NUL);
    const table = field.slice(0, at);
    found[table] ??= {};
    found[table][field.slice(at + 1)] = fieldsAndValues[i + 1] as string;
  }
  return found;
}
