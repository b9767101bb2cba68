import type { Instant } from '@lifeboat/kernel';
import type { CorrelatorSettings } from './settings.ts';
import type { CorrelatorState } from './state.ts';

/** We have only just begun: nothing is wrong with anybody for that. */
export const NO_ROUND = 'no full round has been seen yet';

/** Why no host may be taken for failed now; null: a whole round by a sound observer was seen after we started. */
export function observerReason(s: CorrelatorState, settings: CorrelatorSettings, now: Instant): string | null {
  const last = s.rounds.get('last');
  if (last === undefined || last.at < (s.started.get('at') ?? now)) return NO_ROUND;
  if (now - last.at > settings.evidenceMaxAgeMs) return `its last round is ${Math.round((now - last.at) / 1000)} s old`;
  return last.observer === 'cut-off' ? last.reason || 'it is cut off' : null;
}
