import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { missedIn, raceGuards } from './guards.ts';

const MOST = 2;

describe('what races about an answer', () => {
  it('comes out right in every order of two', () => {
    const { wrong } = missedIn({ what: 'none is missing', missing: {} }, MOST);
    assert.deepEqual(wrong, []);
  });
  for (const guard of raceGuards)
    it(`without this it does not: ${guard.what}`, () => {
      const { wrong, of } = missedIn(guard, MOST);
      assert.ok(wrong.length > 0, `all of ${of} orders came out right`);
    });
});
