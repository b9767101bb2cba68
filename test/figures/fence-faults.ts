import { FenceBench, fenceFaults, tryFault } from '../lab-hosts/fence-faults.ts';
import type { RunFigure } from './index.ts';

const FIRST = 231;
const AT_ONCE = 3;

/** What can be wrong with a fence device, on real BMCs: what the migrator told, after how long, and whether it was true. */
export const run: RunFigure = async ({ full }) => {
  const rounds = full ? 3 : 1;
  let wrong = 0;
  for (let round = 0; round < rounds; round++) {
    const bench = new FenceBench(FIRST, fenceFaults.length);
    try {
      await bench.open();
      const left = [...fenceFaults.entries()];
      const one = async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const [i, fault] = next;
          const row = await tryFault(bench, fault, FIRST + i);
          wrong += row.wrong.length > 0 ? 1 : 0;
          const verdict = row.wrong.length === 0 ? '' : `   WRONG: ${row.wrong.join('; ')}`;
          console.log(`  ${row.name.padEnd(46)}${`${(row.tookMs / 1000).toFixed(1)} s`.padStart(7)}  ${row.told}${verdict}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    } finally {
      await bench.close();
    }
  }
  const all = rounds * fenceFaults.length;
  return { value: `${all - wrong} of ${all} right`, asked: `all ${all}`, met: wrong === 0 };
};
