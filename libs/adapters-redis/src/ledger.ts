import { epoch as asEpoch, done, type Outcome, ok } from '@lifeboat/kernel';
import type { Admission, OperationLedger } from '@lifeboat/ports';
import type { Connection } from './connection.ts';
import { throughGate } from './gate.ts';

/** One hash for each incident, so that forgetting it is one expiry. An operation's id begins with its incident's. */
export function redisLedger(connection: Connection, prefix: string): OperationLedger {
  const gate = { name: 'ledger', tag: `${prefix}:ledger` };
  const page = (incident: string) => `{${gate.tag}}:operations:${incident}`;
  const pageOf = (operation: string) => page(operation.split('/', 1)[0] as string);
  return {
    admit: async (operation, epoch, attempt): Promise<Outcome<Admission, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> => {
      const answer = await throughGate(connection, gate, epoch, 'lifeboatAdmit', [pageOf(operation)], [operation, attempt]);
      if (!answer.ok) return answer;
      const [word, first = '', second = ''] = answer.value;
      if (word === 'GO') return ok({ kind: 'go' });
      if (word === 'SETTLED') return ok({ kind: 'settled', result: first });
      return ok({ kind: 'running', epoch: asEpoch(Number(first)), attempt: second });
    },
    settle: async (operation, epoch, result, again) => {
      const args = [operation, again ? '1' : '0', result];
      const answer = await throughGate(connection, gate, epoch, 'lifeboatSettle', [pageOf(operation)], args);
      return answer.ok ? done : answer;
    },
    claim: async (epoch) => {
      const answer = await throughGate(connection, gate, epoch, 'lifeboatLedgerClaim', [], []);
      return answer.ok ? done : answer;
    },
    forget: async (incident, afterMs) => {
      const answer = await connection.send((redis) => redis.pexpire(page(incident), Math.round(afterMs)));
      return answer.ok ? done : answer;
    },
  };
}
