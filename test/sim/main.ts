import { commandLine, notUnderstood } from '@lifeboat/runtime/command-line';
import { crew, inTurn, inWords, noSums, replay, sum } from './crew.ts';
import { faultsAgainst, guardNamed, guards, withoutGuard } from './guards.ts';
import { simulate } from './simulate.ts';

const USAGE = `npm run sim -- [options]: the simulated region under a virtual clock, with faults from a seed; what must never be is looked for at each step

  --seeds N [--from K]        N seeds (100), from K on (1); --workers N at the same time (2)
  --seed N [--trace] [--about TEXT]
                              one seed again: what it came to; told as a story; only the lines with TEXT in them
  --without GUARD             with that guard switched off: some seed must break a rule
  --against GUARD             one seed with it on, under the faults it is there for

  guards: ${guards.map((g) => g.name).join(', ')}`;

const { values, positionals } = commandLine(USAGE, {
  seeds: { type: 'string' },
  from: { type: 'string' },
  seed: { type: 'string' },
  trace: { type: 'boolean' },
  about: { type: 'string' },
  without: { type: 'string' },
  against: { type: 'string' },
  workers: { type: 'string' },
  help: { type: 'boolean' },
});
if (positionals.length > 0) notUnderstood(`not an option: ${positionals.join(' ')}`, USAGE);
const fail = (why: string): never => notUnderstood(why, USAGE);
const number = (name: 'seeds' | 'from' | 'seed' | 'workers', otherwise: number): number => {
  const text = values[name];
  if (text === undefined) return otherwise;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : fail(`--${name} ${text}: it wants a whole number from 1`);
};
for (const name of ['without', 'against'] as const)
  if (values[name] !== undefined && !guards.some((g) => g.name === values[name])) fail(`--${name} ${values[name]}: no such guard`);
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
    number('workers', 2),
  );
  console.log(`${count} seeds, ${sums.bad} with violations; ${inWords(sums)}; ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return sums.bad;
};

const bad = values.seed !== undefined ? await one(number('seed', 1)) : await many(number('from', 1), number('seeds', 100));
process.exitCode = bad > 0 ? 1 : 0;
