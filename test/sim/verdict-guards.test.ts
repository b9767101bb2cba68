import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { play } from './scenario.ts';
import { type VerdictGuard, verdictGuards } from './verdict-guards.ts';

const told = async (guard: VerdictGuard, off: boolean) => {
  const { without, check, ...scenario } = guard.story();
  const t = await play(off ? { ...scenario, more: { ...scenario.more, ...without } } : scenario);
  check?.(t);
};

describe('Rules of diagnosis, isolation and release, switched off one by one', () => {
  for (const guard of verdictGuards)
    it(`${guard.name}: ${guard.what}`, async () => {
      await told(guard, false);
      await assert.rejects(told(guard, true), (e: Error) => {
        console.log(`without ${guard.name}: ${e.message.split('\n').slice(0, 2).join(' ').slice(0, 160)}`);
        return true;
      });
    });
});
