import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guards, keptGuard, withoutGuard } from './guards.ts';
import { simulate } from './simulate.ts';

/** Seeds that catch each guard's absence soon; `npm run figure -- guards-matter` looks at all guards and more seeds. */
const caughtSoon = guards.filter((g) => g.soon !== undefined);
const MOST_SEEDS = 120;

describe('Guards switched off one by one', () => {
  it('are at least five', () => assert.ok(caughtSoon.length >= 5));
  for (const guard of caughtSoon)
    it(`${guard.name}: some seed breaks a rule without it, and not with it`, async () => {
      const { soon: first = 1 } = guard;
      for (let seed = first; seed < first + MOST_SEEDS; seed++) {
        const without = await simulate(withoutGuard(guard, seed));
        if (without.violations.length === 0) continue;
        const kept = await simulate(keptGuard(guard, seed));
        if (kept.violations.length > 0) continue;
        return;
      }
      assert.fail(`${MOST_SEEDS} seeds without ${guard.name}, and no rule broken`);
    });
});
