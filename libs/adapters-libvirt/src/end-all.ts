import { failed, type Outcome, ok } from '@lifeboat/kernel';
import { plainEnv, runProgram } from '@lifeboat/subprocess';
import type { DomainState } from './bridge.ts';

const SHUT_OFF = 5;

export interface EndAll {
  readonly uri: string;
  readonly virsh: string;
  readonly timeLimitMs: number;
}

/**
 * `virsh destroy` of every VM that has a process, all at once: a process of its own for each, so that one that hangs keeps none of
 * the others. By virsh also where the bridge works: what is ordered here must not wait behind a question.
 */
export async function endAll(o: EndAll, listed: readonly DomainState[]): Promise<Outcome<number, 'VMS_UNREADABLE'>> {
  const running = listed.filter((d) => d.state !== SHUT_OFF);
  const ended = await Promise.all(
    running.map(async (d) => {
      const args = [o.virsh, '-q', '-c', o.uri, 'destroy', d.uuid];
      const ran = await runProgram({ command: '/usr/bin/env', args, env: plainEnv(), timeLimitMs: o.timeLimitMs });
      return ran.kind === 'ended' && ran.code === 0 ? null : d.name;
    }),
  );
  const left = ended.filter((name) => name !== null);
  if (left.length > 0)
    return failed('VMS_UNREADABLE', `${o.uri}: ${left.length} of ${running.length} VMs could not be ended: ${left.slice(0, 5).join(', ')}`);
  return ok(running.length);
}
