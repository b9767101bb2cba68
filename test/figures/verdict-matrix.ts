import { exercise } from '../lab-nets/exercise.ts';
import { evidenceOf, placeOf, type Row, rows, type Seen, wordsOf } from '../lab-nets/matrix.ts';
import { upNetLab } from '../lab-nets/stack.ts';
import { verdictInSimulation } from '../sim/verdicts.ts';
import type { RunFigure } from './index.ts';

/** In the quick run: told apart by nothing but what peers see. At the same time, in different racks. */
const quick = [
  { management: 'down', production: 'up', power: 'on', host: 1 },
  { management: 'down', production: 'down', power: 'on', host: 3 },
] as const;

const line = (where: string, row: Row, seen: Seen, wrong: readonly string[], tookMs?: number): boolean => {
  const took = tookMs === undefined ? '' : ` in ${(tookMs / 1000).toFixed(1)} s`;
  console.log(`  ${where.padEnd(4)} ${placeOf(row)}`);
  console.log(`         → ${wordsOf(row.expected)}${took}${wrong.length === 0 ? '' : `   WRONG: ${wrong.slice(0, 3).join('; ')}`}`);
  const evidence = evidenceOf(seen);
  if (evidence !== '') console.log(`           ${evidence}`);
  return wrong.length === 0;
};

const onLab = async (full: boolean): Promise<boolean[]> => {
  const lab = await upNetLab({ racks: full ? 3 : 2, say: (l) => console.log(`  ${l}`) });
  const right: boolean[] = [];
  try {
    if (full) {
      for (const row of rows) {
        const x = await exercise(lab, row);
        right.push(line('lab', row, x.seen, x.wrong, x.tookMs));
      }
    } else {
      const chosen = quick.map((q) => ({ q, row: rows.find((r) => r.scope === 'one host' && sameStrike(r, q)) as Row }));
      const done = await Promise.all(chosen.map(({ q, row }) => exercise(lab, row, { host: q.host, mend: false })));
      for (const x of done) right.push(line('lab', x.row, x.seen, x.wrong, x.tookMs));
    }
  } finally {
    await lab.down();
  }
  return right;
};
const sameStrike = ({ strike: s }: Row, q: Row['strike']) =>
  s.management === q.management && s.production === q.production && s.power === q.power;

/** The specification's diagnosis table as it comes out: what befell whom, what was told, on which evidence. */
export const run: RunFigure = async ({ full }) => {
  const right: boolean[] = [];
  for (const row of rows) {
    const { seen, wrong } = await verdictInSimulation(row);
    right.push(line('sim', row, seen, wrong));
  }
  const lab = await onLab(full);
  const well = (all: readonly boolean[]) => all.filter(Boolean).length;
  return {
    value: `${well(right)} of ${right.length} verdicts right in the simulated region, ${well(lab)} of ${lab.length} on real networks and BMCs`,
    asked: 'all',
    met: [...right, ...lab].every(Boolean),
  };
};
