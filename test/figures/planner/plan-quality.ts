import { readFileSync } from 'node:fs';
import { FleetModel, planOn } from '@lifeboat/planner';
import { instance } from '../../planner/optima/instances.ts';
import type { Optimum } from '../../planner/optima/optimum.ts';
import { type Figure, timed } from './measure.ts';

const optima: Optimum[] = JSON.parse(readFileSync(new URL('../../planner/optima/optima.json', import.meta.url), 'utf8'));
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

/** Placed against the exact optimum that a MILP solver proved. */
export const run = async (_: { full: boolean }): Promise<Figure> => {
  const ratios = new Map<string, number[]>();
  let slowest = 0;
  for (const o of optima) {
    const q = instance(o.family, o.seed);
    const model = FleetModel.of(q.fleet);
    const { ms, result } = [0, 1, 2].map(() => timed(() => planOn(model, q))).reduce((a, b) => (b.ms < a.ms ? b : a));
    slowest = Math.max(slowest, ms);
    ratios.set(o.family, [...(ratios.get(o.family) ?? []), result.placements.length / sum(o.placed)]);
  }
  const of = (prefix: string) => [...ratios].filter(([f]) => f.startsWith(prefix)).flatMap(([, r]) => r);
  const shaped = of('openstack');
  const hard = [...of('adversarial'), ...of('crooked')];
  const exact = shaped.filter((r) => r >= 1).length;
  const [mean, worst] = [sum(hard) / hard.length, Math.min(...hard)];
  const each = [...ratios].map(([f, r]) => `${f} ${(sum(r) / r.length).toFixed(4)}/${Math.min(...r).toFixed(4)}`).join(', ');
  return {
    value: `OpenStack-shaped equal to the optimum ${exact}/${shaped.length}; adversarial mean ${mean.toFixed(4)}, worst ${worst.toFixed(4)} of ${hard.length}; slowest ${slowest.toFixed(0)} ms (mean/worst: ${each})`,
    asked: 'equal on OpenStack-shaped; adversarial mean >= 0.985, worst >= 0.975; <= 60 ms each',
    met: exact === shaped.length && mean >= 0.985 && worst >= 0.975 && slowest <= 60,
  };
};
