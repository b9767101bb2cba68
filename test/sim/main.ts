import { parseArgs } from 'node:util';
import { crew, inTurn, inWords, noSums, replay, sum } from './crew.ts';
import { faultsAgainst, guardNamed, withoutGuard } from './guards.ts';
import { simulate } from './simulate.ts';

/**
 * `npm run sim -- --seeds 1000 [--from 1]`: many seeds; `npm run sim -- --seed 42 [--trace] [--about NAME]`: one, told as a
 * story; `--without GUARD`: with that guard switched off; `--against GUARD`: with it on, under the faults it is there for.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean' },
    about: { type: 'string' },
    without: { type: 'string' },
    against: { type: 'string' },
    workers: { type: 'string' },
  },
});
const PROGRESS_MS = 15_000;

const one = async (seed: number) => {
  const { without, against } = values;
  const faults = against === undefined ? {} : { faults: faultsAgainst(guardNamed(against), seed) };
  const r = await simulate(without === undefined ? { seed, ...faults } : withoutGuard(guardNamed(without), seed));
  if (values.trace === true) for (const l of r.trace) if (values.about === undefined || l.includes(values.about)) console.log(l);
  console.log(
    JSON.stringify({ ...r, trace: undefined, events: undefined, violations: r.violations.map((v) => `${v.rule}: ${v.text}`) }, null, 1),
  );
  return r.violations.length;
};

const many = async (from: number, count: number) => {
  const { without } = values;
  const jobs = Array.from({ length: count }, (_, i) => ({ seed: from + i, ...(without === undefined ? {} : { without }) }));
  const started = performance.now();
  let sums = noSums;
  let told = started;
  await crew(
    inTurn(jobs),
    (d) => {
      sums = sum(sums, d);
      if (d.violations.length > 0) console.log(`seed ${d.job.seed}: ${d.violations[0]}\n  once more: ${replay(d.job.seed)}`);
      if (performance.now() - told < PROGRESS_MS) return;
      told = performance.now();
      console.log(`  ${sums.runs} of ${count} seeds, ${sums.bad} with violations`);
    },
    Number(values.workers ?? 2),
  );
  console.log(`${count} seeds, ${sums.bad} with violations; ${inWords(sums)}; ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return sums.bad;
};

const bad = values.seed !== undefined ? await one(Number(values.seed)) : await many(Number(values.from ?? 1), Number(values.seeds ?? 100));
process.exitCode = bad > 0 ? 1 : 0;
