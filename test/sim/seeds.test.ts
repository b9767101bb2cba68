import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { crew, inTurn, type Job, type JobDone, replay } from './crew.ts';

const once = JSON.parse(readFileSync(new URL('./regressions.json', import.meta.url), 'utf8')) as {
  seed: number;
  /** Under the faults that this guard is there for. */
  against?: string;
  why: string;
}[];

const runAll = async (jobs: readonly Job[]): Promise<readonly JobDone[]> => {
  const all: JobDone[] = [];
  await crew(inTurn(jobs), (d) => all.push(d));
  return all.sort((a, b) => a.job.seed - b.job.seed);
};

describe('Seeds', () => {
  it('that failed once pass', async () => {
    for (const d of await runAll(
      once.map(({ seed, against }) => (against === undefined ? { seed } : { seed, without: against, kept: true })),
    ))
      assert.deepEqual(d.violations, [], replay(d.job.seed));
  });

  it('give the same run every time, in whatever thread', async () => {
    const twenty = Array.from({ length: 20 }, (_, i) => ({ seed: i + 1 }));
    const [first, second] = [await runAll(twenty), await runAll([...twenty].reverse())];
    assert.deepEqual(
      first.map((d) => [d.job.seed, d.hash]),
      second.map((d) => [d.job.seed, d.hash]),
    );
    assert.equal(new Set(first.map((d) => d.hash)).size, twenty.length, 'and different seeds different ones');
  });
});
