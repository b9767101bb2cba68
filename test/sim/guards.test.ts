import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faultsAgainst, guardNamed, withoutGuard } from './guards.ts';
import { simulate } from './simulate.ts';

/** A seed that catches each guard's absence soon; `npm run figure -- guards-matter` looks at all guards and more seeds. */
const caughtSoon = ['isolation', 'peers', 'look-and-ledger', 'owed-acts', 'positions-and-seen', 'outbox'] as const;
const MOST_SEEDS = 40;

describe('Guards switched off one by one', () => {
  for (const name of caughtSoon)
    it(`${name}: some seed breaks a rule without it, and none with it`, async () => {
      const guard = guardNamed(name);
      for (let seed = 1; seed <= MOST_SEEDS; seed++) {
        const without = await simulate(withoutGuard(guard, seed));
        if (without.violations.length === 0) continue;
        const kept = await simulate({ seed, faults: faultsAgainst(guard, seed) });
        assert.deepEqual(
          kept.violations.map((v) => v.text),
          [],
          `seed ${seed} with the guard on`,
        );
        return;
      }
      assert.fail(`${MOST_SEEDS} seeds without ${name}, and no rule broken`);
    });
});
