import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { crew, inTurn, type JobDone, replay } from './crew.ts';

const once = JSON.parse(readFileSync(new URL('./regressions.json', import.meta.url), 'utf8')) as { seed: number; why: string }[];

const runAll = async (seeds: readonly number[]): Promise<readonly JobDone[]> => {
  const all: JobDone[] = [];
  await crew(inTurn(seeds.map((seed) => ({ seed }))), (d) => all.push(d));
  return all.sort((a, b) => a.job.seed - b.job.seed);
};

describe('Seeds', () => {
  it('that failed once pass', async () => {
    for (const d of await runAll(once.map((x) => x.seed))) assert.deepEqual(d.violations, [], replay(d.job.seed));
  });

  it('give the same run every time, in whatever thread', async () => {
    const twenty = Array.from({ length: 20 }, (_, i) => i + 1);
    const [first, second] = [await runAll(twenty), await runAll([...twenty].reverse())];
    assert.deepEqual(
      first.map((d) => [d.job.seed, d.hash]),
      second.map((d) => [d.job.seed, d.hash]),
    );
    assert.equal(new Set(first.map((d) => d.hash)).size, twenty.length, 'and different seeds different ones');
  });
});
