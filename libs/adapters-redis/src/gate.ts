import { type Epoch, failed, invariant, type Outcome, ok } from '@lifeboat/kernel';
import type { Connection, ScriptName } from './connection.ts';

export interface Gate {
  /** What the gate is called in messages. */
  readonly name: string;
  /** Keys of one gate share a hash tag, so that a cluster keeps them together. */
  readonly tag: string;
}

/** Runs a script behind its gate; `keys` and `args` are those after the common two. */
export async function throughGate(
  connection: Connection,
  gate: Gate,
  epoch: Epoch,
  script: ScriptName,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<Outcome<string[], 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> {
  invariant(Number.isSafeInteger(epoch) && epoch >= 0, `an epoch is a whole number, got ${epoch}`);
  const common = [`{${gate.tag}}:epoch`, `{${gate.tag}}:sender:${connection.sender}`];
  const answer = await connection.run(script, (call) => [...common, ...keys, epoch, call, ...args]);
  if (!answer.ok) return answer;
  const [word, detail] = answer.value;
  if (word === 'STALE') return failed('STALE_EPOCH', `${gate.name}: epoch ${epoch} shown, ${detail} was seen`);
  if (word === 'LATE') return failed('STORE_UNREACHABLE', `${gate.name}: this call was overtaken by a later one`);
  return ok(answer.value);
}
