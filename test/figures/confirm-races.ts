import type { RunFigure } from './index.ts';
import { missedIn, raceGuards } from './races/guards.ts';
import { permutations, type Race, racing, wrongWith } from './races/orders.ts';

/** Each guard taken away: how many orders go wrong, and the shortest of them. Answers how many are not missed. */
function tellOfGuards(most: number): number {
  console.log(`orders of at most ${most} events that go wrong without`);
  let unmissed = 0;
  for (const guard of raceGuards) {
    const { wrong, of } = missedIn(guard, most);
    if (wrong.length === 0) unmissed += 1;
    console.log(`${`${wrong.length} of ${of}`.padStart(12)}  ${guard.what}: ${wrong[0]?.join(' → ') ?? 'NOT MISSED'}`);
  }
  return unmissed;
}

export const run: RunFigure = async ({ full }) => {
  const all = Object.keys(racing) as Race[];
  // quick: every order of all but the replay, then of the five that decide
  const sets: readonly (readonly Race[])[] = full
    ? [all]
    : [
        all.filter((e) => e !== 'yes, replayed' && e !== 'yes to another incident'),
        ['yes', 'yes, replayed', 'no', 'host returns', 'plan changes'],
        ['yes', 'no', 'yes to another incident', 'forged yes', 'time is over'],
      ];
  const table = new Map<string, number>();
  let orders = 0;
  let wrong = 0;
  for (const set of sets)
    for (const order of permutations(set)) {
      const found = wrongWith(order);
      orders += 1;
      table.set(found.outcome, (table.get(found.outcome) ?? 0) + 1);
      if (found.wrong === null) continue;
      wrong += 1;
      if (wrong <= 10) console.log(`WRONG: ${order.join(' → ')}: ${found.wrong}`);
    }
  console.log(`orders  outcome`);
  for (const [outcome, n] of [...table].sort()) console.log(`${String(n).padStart(6)}  ${outcome}`);
  const sample = (order: readonly Race[]) => console.log(`        ${order.join(' → ')}: ${wrongWith(order).outcome}`);
  for (const s of [
    ['yes', 'no'],
    ['no', 'yes'],
    ['host returns', 'yes'],
    ['yes', 'host returns'],
    ['plan changes', 'yes'],
    ['yes', 'plan changes'],
    ['time is over', 'yes'],
    ['forged yes'],
    ['yes to another incident'],
  ] as const)
    sample(s);
  const unmissed = tellOfGuards(full ? 3 : 2);
  return {
    value: `${orders} orders of ${all.length} racing events, ${wrong} wrong; ${raceGuards.length} guards, ${unmissed} not missed`,
    asked: '0 wrong, every guard missed when it is taken away',
    met: wrong === 0 && unmissed === 0,
  };
};
