import type { Instant } from '@lifeboat/kernel';
import type { Suspect } from './confirmed.ts';
import type { CorrelatorSettings } from './settings.ts';
import { type CorrelatorState, viewOf } from './state.ts';
import { isPlanned } from './suspects.ts';

/**
 * Multi-process cut detection: the hosts of one failing rack, switch or network come under suspicion over seconds. As long as
 * others were suspected only just now, more may follow, and what has failed cannot be told from what has only failed first. So it
 * is with one that has lost its agent or is silent to the monitor and that is not judged yet: of one round of the monitor, or of
 * the peers, the word about one host comes a moment before that about the next.
 */
export function cutIsOpen(
  s: CorrelatorState,
  suspects: readonly Suspect[],
  settings: CorrelatorSettings,
  now: Instant,
): (one: Suspect) => boolean {
  const isYoung = (x: Suspect): boolean => now - worseSince(s, x) < settings.cutMostMs;
  const recent = suspects.filter(
    (x) =>
      x.standing.kind !== 'confirmed' &&
      (now - x.standing.since < settings.cutQuietMs || (isUnsettled(x) && isYoung(x) && !isPlanned(s, x.place))),
  );
  return (one) => isYoung(one) && recent.some((x) => x.host !== one.host);
}

/** Its first bad signal, or the loss of its agent, which long sessions tell much later. */
const worseSince = (s: CorrelatorState, { host, standing }: Suspect): number => {
  const { agent } = viewOf(s, host);
  return agent?.is === 'lost' ? Math.max(standing.since, agent.at) : standing.since;
};

const isUnsettled = ({ standing, seen, diagnosis }: Suspect): boolean =>
  (standing.kind === 'suspected' || standing.kind === 'diagnosed') &&
  (seen.agent === 'lost' || seen.management === 'dead') &&
  !(diagnosis.kind === 'judged' && diagnosis.failed);
