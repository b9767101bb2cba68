import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Prober } from './host-access.ts';

export interface ProberBench {
  readonly prober: Prober;
  readonly answering: readonly string[];
  readonly silent: readonly string[];
  close(): Promise<void>;
}

/** What every prober promises. The machine it runs on is fit. */
export const proberContract = (name: string, open: () => Promise<ProberBench>) =>
  describe(`Prober: ${name}`, () => {
    let bench: ProberBench;
    before(async () => {
      bench = await open();
    });
    after(() => bench.close());

    it('tells those that answer from those that do not, whatever their order', async () => {
      const asked = [...bench.silent, ...bench.answering, ...bench.silent];
      const reach = await bench.prober.reach(asked, 2_000);
      assert.deepEqual(
        [...reach].map(([address, r]) => [address, r.alive]).sort(),
        [...bench.answering.map((a) => [a, true]), ...bench.silent.map((a) => [a, false])].sort(),
      );
      for (const r of reach.values()) assert.notEqual(r.detail, '');
    });

    it('ends within its limit', async () => {
      const began = performance.now();
      await bench.prober.reach(bench.silent, 1_000);
      assert.ok(performance.now() - began < 2_000);
    });

    it('has nothing to say about nobody', async () => assert.equal((await bench.prober.reach([], 1_000)).size, 0));
    it('is fit here', async () => assert.equal(await bench.prober.unfitBecause(), null));
  });
