import type { Verdict } from '@lifeboat/contracts';
import { type Decision, decided, type IncidentId, type Instant, stay } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import type { Suspect } from './confirmed.ts';
import { isInDoubt } from './contradicted.ts';
import type { CorrelatorSettings } from './settings.ts';
import { type CorrelatorState, viewOf } from './state.ts';

type Step = Decision<CorrelatorState, Output<never>>;

/** Every signal of it is well: whoever was told of it is told that, too. */
export function clear(s: CorrelatorState, settings: CorrelatorSettings, one: Suspect, now: Instant): Step {
  const { standing, host, seen } = one;
  // one that never registered was only not heard of
  if (seen.agent === 'lost' || (seen.agent === 'unknown' && seen.management !== 'alive')) return stay(s);
  // a rack that is cut off still sees itself
  const ofSwitch = standing.kind === 'suspected' || (standing.kind === 'diagnosed' && standing.verdict === 'top-of-rack switch failure');
  if (ofSwitch && seen.beyond === 'dead') return stay(s);
  // silent to the monitor only just now: its session may be about to lapse, and others fail with it (the cut)
  const silentSince = viewOf(s, host).silentSince ?? now;
  if (standing.kind === 'suspected' && seen.management === 'dead' && now - silentSince < settings.cutMostMs) return stay(s);
  // peers call it dead whose word does not count yet: they were off that network themselves a moment ago
  const saidDead = seen.production === 'unknown' && Object.values(viewOf(s, host).production).some((v) => v.is === 'dead');
  if (standing.kind === 'suspected' && saidDead) return stay(s);
  const forgotten = { ...s, standings: s.standings.delete(host) };
  if (standing.kind === 'suspected') return stay(forgotten);
  if (standing.kind === 'diagnosed' || standing.kind === 'held') return decided(forgotten, cleared(one, standing.verdict, false, now));
  // An open incident keeps its host, so that no second one opens for it; the scheduler is told that it came back. So does one whose
  // proof of death is in doubt.
  const isOver = standing.closed && !isInDoubt(s, host, standing);
  const next = isOver ? forgotten : { ...s, standings: s.standings.set(host, { ...standing, returned: true }) };
  const restarted = viewOf(s, host).agent?.bootId !== standing.bootId;
  return standing.returned ? stay(next) : decided(next, cleared(one, standing.verdict, restarted, now, standing.incident));
}

const cleared = (one: Suspect, was: Verdict, restarted: boolean, now: Instant, incident?: IncidentId): Output<never> =>
  tell({
    type: 'lifeboat.fault.cleared',
    data: { host: one.host, was, restarted, at: now, ...(incident === undefined ? {} : { incident }) },
  });

/** It had come back while its incident was open, and is gone again; after its end that is another failure. */
export function notBackYet(s: CorrelatorState, { host, standing }: Suspect, now: Instant): Step {
  if (standing.kind !== 'confirmed' || !standing.returned) return stay(s);
  if (standing.closed) return stay({ ...s, standings: s.standings.set(host, { kind: 'suspected', since: now }) });
  return stay({ ...s, standings: s.standings.set(host, { ...standing, returned: false }) });
}
