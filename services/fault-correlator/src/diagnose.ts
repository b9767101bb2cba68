import type { Verdict } from '@lifeboat/contracts';
import type { Seen } from './evidence.ts';

export type Diagnosis =
  | Readonly<{ kind: 'well' }>
  /** Something is wrong; not enough is known. `missing` says what would decide it. */
  | Readonly<{ kind: 'undecided'; missing: string }>
  | Readonly<{ kind: 'judged'; verdict: Verdict; rule: string; failed: boolean }>;

const judged = (verdict: Verdict, rule: string, failed: boolean): Diagnosis => ({ kind: 'judged', verdict, rule, failed });
const undecided = (missing: string): Diagnosis => ({ kind: 'undecided', missing });

/**
 * The specification's diagnosis table for one host, row by row. 'failed' = the host is taken for dead: isolate and
 * evacuate; all other verdicts never evacuate by themselves. Unknown never counts as dead.
 */
export function diagnose(e: Seen, powerIsAwaited: boolean): Diagnosis {
  if (e.agent === 'unknown') return e.management === 'dead' ? undecided('its agent, which has never been heard of') : { kind: 'well' };
  if (e.agent === 'ok') return withAgent(e);
  if (e.ssh === 'works') return judged('agent failure', 'agent lost, SSH works', false);
  if (e.management === 'alive') {
    return e.ssh === 'unknown'
      ? undecided('an SSH login')
      : judged(
          'agent failure',
          `agent lost, management address answers, SSH ${e.ssh === 'refused' ? 'refuses the login' : 'is dead'}`,
          false,
        );
  }
  if (e.management === 'unknown') return undecided('a probe of the management address');
  if (e.production === 'alive') {
    return e.power === 'off'
      ? undecided('agreement: the fence device says off, peers see the production address alive')
      : judged('management network failure', 'agent lost, management dead, production alive', false);
  }
  if (e.production === 'dead' && !e.sure) return undecided('a few seconds more in which no peer sees its production address');
  if (e.power === 'off') return judged('host power failure', `agent lost, management dead, production ${e.production}, power off`, true);
  if (e.production === 'unknown') return undecided("a peer's view of the production address");
  if (e.power === 'unknown' && powerIsAwaited) return undecided("the fence device's word");
  return judged('host failure', `agent lost, management dead, production dead, power ${powerWord(e.power)}`, true);
}

function withAgent(e: Seen): Diagnosis {
  if (e.production !== 'dead') return { kind: 'well' };
  // silent on both networks: its session has only not lapsed yet
  if (e.management === 'dead') return undecided("the end of the agent's session, or a sign of life");
  return judged('production network failure', 'agent and management well, production dead for all peers', false);
}

const powerWord = (p: Seen['power']) => (p === 'on' ? 'on' : p === 'unreachable' ? 'unknown (the fence device is silent)' : 'unknown');
