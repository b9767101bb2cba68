import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

/** `npm run sim -- --seeds 1000 [--from 1]`: many seeds; `npm run sim -- --seed 42 [--trace]`: one, told as a story. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean' },
    about: { type: 'string' },
  },
});
if (values.seed !== undefined) {
  const r = await simulate({ seed: Number(values.seed) });
  if (values.trace === true) for (const l of r.trace) if (values.about === undefined || l.includes(values.about)) console.log(l);
  console.log(JSON.stringify({ ...r, trace: undefined, violations: r.violations.map((v) => `${v.rule}: ${v.text}`) }, null, 1));
  process.exitCode = r.violations.length > 0 ? 1 : 0;
} else {
  const from = Number(values.from ?? 1);
  const many = Number(values.seeds ?? 100);
  const t0 = performance.now();
  let bad = 0;
  let virtualMs = 0;
  const sums = { incidents: 0, evacuated: 0, crashes: 0 };
  for (let seed = from; seed < from + many; seed++) {
    const r = await simulate({ seed });
    virtualMs += r.virtualMs;
    sums.incidents += r.incidents;
    sums.evacuated += r.evacuated;
    sums.crashes += r.crashes;
    if (r.violations.length > 0) {
      bad += 1;
      console.log(`seed ${seed}: ${r.violations[0]?.rule}: ${r.violations[0]?.text}`);
    }
  }
  const s = (performance.now() - t0) / 1000;
  console.log(
    `${many} seeds, ${bad} with violations; ${JSON.stringify(sums)}; ${(virtualMs / 3_600_000).toFixed(1)} h virtual in ${s.toFixed(1)} s`,
  );
  process.exitCode = bad > 0 ? 1 : 0;
}
