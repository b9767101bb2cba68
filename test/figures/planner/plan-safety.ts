import { createHash } from 'node:crypto';
import { plan } from '@lifeboat/planner';
import { check } from '../../planner/checker.ts';
import { randomRequest } from '../../planner/instances.ts';
import type { Figure } from './measure.ts';

/** Random regions judged by a checker that shares no code with the planner; some of them planned twice. */
export const run = async ({ full }: { full: boolean }): Promise<Figure> => {
  const n = full ? 100_000 : 3_000;
  const hash = createHash('sha256');
  let violations = 0;
  let first = '';
  let unlike = 0;
  for (let seed = 0; seed < n; seed++) {
    const told = plan(randomRequest(seed));
    const found = check(randomRequest(seed), told);
    violations += found.length;
    first ||= found.length > 0 ? ` (first: seed ${seed}: ${found[0]})` : '';
    const text = JSON.stringify(told);
    hash.update(text);
    if (seed % 20 === 0 && JSON.stringify(plan(randomRequest(seed))) !== text) unlike += 1;
  }
  return {
    value: `${violations} violations in ${n} plans${first}; ${unlike} plans differed when made again; digest of all ${hash.digest('hex').slice(0, 12)}`,
    asked: `0 violations${full ? ' in 100,000' : ''}, no plan differs`,
    met: violations === 0 && unlike === 0,
  };
};
