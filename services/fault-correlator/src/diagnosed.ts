import type { Verdict } from '@lifeboat/contracts';
import { type Decision, decided, type Instant, stay } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import type { Suspect } from './confirmed.ts';
import type { Diagnosis } from './diagnose.ts';
import type { CorrelatorSettings } from './settings.ts';
import type { CorrelatorState } from './state.ts';
import { switchMayBeFailing } from './switches.ts';

/** A fault that is no cause to evacuate: told, once it has lasted. */
export function diagnoseOnly(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  one: Suspect,
  d: Diagnosis & { kind: 'judged' },
  suspects: readonly Suspect[],
  now: Instant,
): Decision<CorrelatorState, Output<never>> {
  const { standing } = one;
  if (standing.kind === 'diagnosed' && standing.verdict === d.verdict) return stay(s);
  if (standing.kind === 'suspected' && now - standing.since < settings.diagnoseAfterMs) return stay(s);
  if (d.verdict === 'production network failure') {
    // told with its whole rack before; or its rack may still show the same
    if (standing.kind === 'diagnosed' && standing.verdict === 'top-of-rack switch failure') return stay(s);
    if (switchMayBeFailing(settings, one, suspects, now)) return stay(s);
  }
  const action = d.verdict === 'agent failure' ? 'the agent is restarted; nothing is evacuated' : 'alert; nothing is evacuated';
  return diagnosed(s, one, { ...d, action }, now);
}

/** Told once, as long as the verdict stays. */
export function diagnosed(
  s: CorrelatorState,
  { host, standing, seen }: Suspect,
  { verdict, rule, action }: { readonly verdict: Verdict; readonly rule: string; readonly action: string },
  now: Instant,
): Decision<CorrelatorState, Output<never>> {
  if (standing.kind === 'diagnosed' && standing.verdict === verdict) return stay(s);
  const data = { verdict, rule, hosts: [host], evidence: [...seen.lines], at: now, action };
  return decided(
    { ...s, standings: s.standings.set(host, { kind: 'diagnosed', since: standing.since, verdict, rule }) },
    tell({ type: 'lifeboat.fault.diagnosed', data }),
  );
}
