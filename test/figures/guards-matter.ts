import { crew, type Job, type JobDone } from '../sim/crew.ts';
import { type Guard, guards } from '../sim/guards.ts';
import type { RunFigure } from './index.ts';

const QUICK = { seeds: 60, ms: 45_000, asked: 5 };
const FULL_SEEDS = 2_000;

export interface Row {
  readonly guard: Guard;
  readonly runs: number;
  readonly caught: readonly { readonly seed: number; readonly violation: string }[];
}

/**
 * Caught = a rule is broken without the guard, and by the same seed with the same faults none is with it. A guard is done when
 * a seed has caught its absence, or after `seeds`; with `all`, every seed is counted.
 */
export async function withoutEach(seeds: number, limitMs: number, all: boolean, say: (line: string) => void): Promise<readonly Row[]> {
  const started = performance.now();
  const rows = new Map(
    guards.map((guard) => [guard.name, { guard, given: 0, runs: 0, caught: [] as { seed: number; violation: string }[] }]),
  );
  const suspected: (Job & { violation: string })[] = [];
  const asked = new Set<object>();
  const next = (): Job | null => {
    if (performance.now() - started > limitMs) return null;
    const compare = suspected.find((x) => !asked.has(x));
    if (compare !== undefined) {
      asked.add(compare);
      return { seed: compare.seed, ...(compare.without === undefined ? {} : { without: compare.without }), kept: true };
    }
    const open = [...rows.values()].filter((r) => r.given < seeds && (all || r.caught.length === 0));
    const soon = open.filter((r) => r.guard.soon !== undefined);
    const first = !all && soon.length > 0 ? soon : open;
    const seedOf = ({ given, guard }: (typeof open)[number]) => given + (all ? 1 : (guard.soon ?? 1));
    const row = first.reduce<(typeof open)[number] | undefined>((a, b) => (a === undefined || seedOf(b) < seedOf(a) ? b : a), undefined);
    if (row === undefined) return null;
    const seed = seedOf(row);
    row.given += 1;
    return { seed, without: row.guard.name };
  };
  const done = ({ job, violations }: JobDone) => {
    const row = rows.get(job.without ?? '');
    if (row === undefined) return;
    const [violation] = violations;
    if (job.kept !== true) {
      row.runs += 1;
      if (violation !== undefined) suspected.push({ ...job, violation });
      return;
    }
    const found = suspected.findIndex((x) => x.seed === job.seed && x.without === job.without);
    const [without] = found < 0 ? [] : suspected.splice(found, 1);
    if (violation !== undefined) say(`  with ${row.guard.name} on: seed ${job.seed}: ${violation.slice(0, 200)}`);
    if (violation !== undefined || without === undefined) return;
    if (row.caught.length === 0) say(`  without ${row.guard.name}: seed ${job.seed}: ${without.violation.slice(0, 160)}`);
    row.caught.push({ seed: job.seed, violation: without.violation });
  };
  await crew(next, done);
  return [...rows.values()];
}

export const run: RunFigure = async ({ full }) => {
  const rows = full
    ? await withoutEach(FULL_SEEDS, Number.POSITIVE_INFINITY, true, console.log)
    : await withoutEach(QUICK.seeds, QUICK.ms, false, console.log);
  const width = Math.max(...guards.map((g) => g.name.length));
  console.log(`\n${'switched off'.padEnd(width)}  seeds that break a rule`);
  for (const { guard, runs, caught } of rows) {
    const count = caught.length === 0 ? `0 of ${runs}: not shown to matter` : `${caught.length} of ${runs}, first seed ${caught[0]?.seed}`;
    console.log(`${guard.name.padEnd(width)}  ${count.padEnd(32)}  ${guard.what}`);
  }
  const caught = rows.filter((r) => r.caught.length > 0).length;
  return {
    value: `${caught} of ${rows.length} guards caught when switched off`,
    asked: `at least ${QUICK.asked}`,
    met: caught >= QUICK.asked,
  };
};
