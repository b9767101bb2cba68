import type { Instant } from '@lifeboat/kernel';
import type { Suspect } from './confirmed.ts';
import type { CorrelatorSettings } from './settings.ts';

/**
 * Multi-process cut detection: the hosts of one failing rack, switch or network come under suspicion over seconds. As long as
 * others were suspected only just now, more may follow, and what has failed cannot be told from what has only failed first.
 */
export function cutIsOpen(suspects: readonly Suspect[], settings: CorrelatorSettings, now: Instant): (one: Suspect) => boolean {
  const recent = suspects.filter((x) => x.standing.kind !== 'confirmed' && now - x.standing.since < settings.cutQuietMs);
  return (one) => now - one.standing.since < settings.cutMostMs && recent.some((x) => x.host !== one.host);
}
