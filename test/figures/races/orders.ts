import { Duel, type Missing } from './duel.ts';

/** What races, as in the field: each happens once, in every order. */
export const racing = {
  yes: (d: Duel) => d.writes('sms', '+86 138 1234 1234', `同意 ${d.sent[0]}`, 'm-yes'),
  'yes, replayed': (d: Duel) => d.writes('sms', '+8613812341234', `同意 ${d.sent[0]}`, 'm-yes'),
  no: (d: Duel) => d.writes('e-mail', 'Jan@example.org', `NO ${d.sent[0]}`, 'm-no'),
  'host returns': (d: Duel) => {
    d.story.returns('h1', true);
    return d.pass();
  },
  'plan changes': (d: Duel) => {
    d.story.has(3, { to: 'h3' });
    return d.wait(130);
  },
  'time is over': (d: Duel) => d.wait(605),
  'forged yes': (d: Duel) => d.writes('sms', '+15550100', `YES ${d.sent[0]}`, 'm-forged'),
  'yes to another incident': (d: Duel) => d.writes('e-mail', 'jan@example.org', `YES ${d.sent[1]}`, 'm-other'),
} as const satisfies Record<string, (d: Duel) => Duel>;
export type Race = keyof typeof racing;

/**
 * What must come of it, from the rules alone. The question stands until it is answered or void; it is void when the host
 * returns, a VM more is to be moved, or time is over. The first answer from a contact counts, if the question stands.
 */
function expected(order: readonly Race[]): { ordered: readonly number[]; declined: boolean } {
  let stands = true;
  let decided: 'yes' | 'no' | null = null;
  for (const e of order) {
    if (e === 'yes' || e === 'yes, replayed' || e === 'no') {
      if (stands && decided === null) decided = e === 'no' ? 'no' : 'yes';
    } else if (e === 'host returns' || e === 'plan changes' || e === 'time is over') stands = false;
  }
  return { ordered: decided === 'yes' ? [1, 2] : [], declined: decided === 'no' };
}

export function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length <= 1) yield items;
  else for (const [i, first] of items.entries()) for (const rest of permutations(items.filter((_, j) => j !== i))) yield [first, ...rest];
}

/** What comes of this order, and what is wrong with it; null: nothing. */
export function wrongWith(order: readonly Race[], missing: Missing = {}, unnoticed?: Race): { outcome: string; wrong: string | null } {
  const duel = new Duel(missing);
  for (const e of order) if (e !== unnoticed) racing[e](duel);
  const want = expected(order);
  const ordered = [...new Set(duel.ordered)].sort();
  const outcome = duel.declined
    ? 'declined, host stays isolated'
    : ordered.length > 0
      ? 'evacuated under the yes'
      : 'nothing: void or nobody in time';
  const says = (what: string, is: unknown, should: unknown) => `${what}: ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`;
  const problems = [
    ...(JSON.stringify(ordered) === JSON.stringify(want.ordered) ? [] : [says('ordered', ordered, want.ordered)]),
    ...(duel.declined === want.declined ? [] : [says('declined', duel.declined, want.declined)]),
    ...(duel.ordered.length === ordered.length ? [] : [says('ordered twice', duel.ordered, want.ordered)]),
    ...(order.includes('yes to another incident') || duel.strayed === 0 ? [] : ['a yes strayed to another incident']),
    ...(order.includes('forged yes') && duel.recorded === 0 ? ['a forged answer was not recorded'] : []),
  ];
  return { outcome, wrong: problems.length === 0 ? null : problems.join('; ') };
}
