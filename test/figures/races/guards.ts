import { instant } from '@lifeboat/kernel';
import { type Consent, confirmationId, type SchedulerState } from '@lifeboat/scheduler/state';
import { INCIDENT, v } from '../../../services/scheduler/src/incident.test.ts';
import type { Missing } from './duel.ts';
import { type Race, racing, wrongWith } from './orders.ts';

/** What keeps an answer from meaning more than its giver meant, and how it is taken away. */
export interface RaceGuard {
  readonly what: string;
  readonly missing: Missing;
  /** Without it this happens unnoticed. */
  readonly unnoticed?: Race;
}

const FOR_EVER_MS = 10 * 365 * 24 * 3_600_000;
const LATE = instant(FOR_EVER_MS);
const consentOf = (s: SchedulerState): Consent | undefined => s.incidents.get(INCIDENT)?.consent;
const withConsent = (s: SchedulerState, change: (c: Consent) => Consent): SchedulerState => {
  const i = s.incidents.get(INCIDENT);
  return i === undefined ? s : { ...s, incidents: s.incidents.set(INCIDENT, { ...i, consent: change(i.consent) }) };
};

export const raceGuards: readonly RaceGuard[] = [
  { what: 'the return of the host voids question and answer', missing: {}, unnoticed: 'host returns' },
  {
    what: 'a yes covers the VMs that were shown, and no other',
    missing: {
      turns: (s) =>
        withConsent(s, (c) => (c.kind === 'asked' || c.kind === 'given' ? { ...c, covers: { ...c.covers, [v(3)]: 'h1 main' } } : c)),
    },
  },
  { what: 'an answer after its time counts for nothing', missing: { expiresMs: FOR_EVER_MS } },
  { what: 'only contacts may answer', missing: { believes: '+15550100' } },
  {
    what: 'a code answers its own question only',
    missing: { hears: (text, d) => text.replace(/\d{6}/, d.sent[0] ?? '') },
  },
  {
    what: 'an answer counts for the question it was given to, not for the one after it',
    missing: {
      unheard: 'lifeboat.confirmation.expired',
      passedOnFor: (d) => {
        const c = consentOf(d.story.state);
        return confirmationId(INCIDENT, c === undefined || c.kind === 'not-needed' ? 1 : c.asked);
      },
    },
  },
  {
    what: 'the first answer decides',
    missing: {
      unheard: 'lifeboat.confirmation.settled',
      turns: (s) =>
        withConsent(s, (c) =>
          c.kind === 'given' ? { kind: 'asked', asked: c.asked, covers: c.covers, expiresAt: LATE, quorum: 1, answers: {} } : c,
        ),
    },
  },
];

/** Orders of at most so many of the racing events in which its absence shows, the shortest first; of how many. */
export function missedIn(guard: RaceGuard, most: number): { wrong: readonly (readonly Race[])[]; of: number } {
  const wrong: (readonly Race[])[] = [];
  let of = 0;
  for (let n = 1; n <= most; n += 1)
    for (const order of selections(Object.keys(racing) as Race[], n)) {
      of += 1;
      if (wrongWith(order, guard.missing, guard.unnoticed).wrong !== null) wrong.push(order);
    }
  return { wrong, of };
}

function* selections<T>(items: readonly T[], n: number): Generator<readonly T[]> {
  if (n === 0) yield [];
  else
    for (const first of items)
      for (const rest of selections(
        items.filter((x) => x !== first),
        n - 1,
      ))
        yield [first, ...rest];
}
