import assert from 'node:assert/strict';
import { eventually, uniqueName } from './contract-tools.ts';
import { gathered, NEWS_MS } from './registry.contract-tools.ts';
import type { Registry } from './registry.ts';

/** As much of the suite's harness as is used here. */
interface Members {
  readonly sessionTimeoutMs: number;
  member(): Promise<{ readonly registry: Registry; cut(): Promise<void>; heal(): Promise<void>; kill(): Promise<void> }>;
}
type Test = (what: string, body: (h: Members) => Promise<void>) => void;

/** Part of registryContract: members of a group, for sharing work. */
export function memberTests(test: Test) {
  test('see each other come and go', async (h) => {
    const group = uniqueName('group');
    const [a, b, c] = [await h.member(), await h.member(), await h.member()];
    const [seenA, seenB] = [gathered(a.registry, group, 'a'), gathered(b.registry, group, 'b')];
    await eventually('both see both', () => [seenA, seenB].every((s) => s.now() === 'a b'), NEWS_MS);
    const seenC = gathered(c.registry, group, 'c');
    await eventually('all see all', () => [seenA, seenB, seenC].every((s) => s.now() === 'a b c'), NEWS_MS);
    await seenB.leave();
    await eventually('b is gone', () => [seenA, seenC].every((s) => s.now() === 'a c'), NEWS_MS);
    await c.kill();
    await eventually('the dead one, too', () => seenA.now() === 'a', 2 * h.sessionTimeoutMs + NEWS_MS);
    await seenA.leave();
    assert.equal(gathered(a.registry, uniqueName('group'), 'a').now(), '', 'groups do not touch each other');
  });
  test('one that was cut off for long is there again afterwards', async (h) => {
    const group = uniqueName('group');
    const [a, b] = [await h.member(), await h.member()];
    const [seenA, seenB] = [gathered(a.registry, group, 'a'), gathered(b.registry, group, 'b')];
    await eventually('both', () => [seenA, seenB].every((s) => s.now() === 'a b'), NEWS_MS);
    await b.cut();
    await eventually('b is gone', () => seenA.now() === 'a', 2 * h.sessionTimeoutMs + NEWS_MS);
    await b.heal();
    await eventually('b is back', () => [seenA, seenB].every((s) => s.now() === 'a b'), 20_000);
  });
}
