import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { calm, isToEnd, lookAround, type Surroundings, type Watchdog } from './watchdog.ts';

const alone: Surroundings = { registry: false, peersAsked: 4, peersSilent: 4 };
const after = (w: Watchdog, ...rounds: [number, Surroundings][]) => rounds.reduce((x, [at, seen]) => lookAround(x, seen, at), w);

describe('self-isolation', () => {
  it('after the set time without registry and peers, not before', () => {
    const w = after(calm, [1_000, alone], [2_000, alone], [10_000, alone]);
    assert.equal(isToEnd(w, 10_000, 10_999), false);
    assert.equal(isToEnd(w, 10_000, 11_000), true);
    assert.equal(isToEnd({ ...w, ended: true }, 10_000, 20_000), false, 'once');
  });
  it('is off where the policy does not ask for it', () => assert.equal(isToEnd(after(calm, [0, alone]), 0, 1e9), false));
  const company: [string, Surroundings][] = [
    ['the registry is there', { ...alone, registry: true }],
    ['one peer answers', { ...alone, peersSilent: 3 }],
    ['of one peer nothing is known', { ...alone, peersAsked: 5 }],
    ['there are no peers to ask: an ensemble that restarts must not stop a region', { registry: false, peersAsked: 0, peersSilent: 0 }],
  ];
  for (const [what, seen] of company)
    it(`${what}: not alone, and the time begins anew`, () => {
      const w = after(calm, [0, alone], [9_000, seen], [9_500, alone]);
      assert.equal(isToEnd(w, 10_000, 11_000), false);
      assert.equal(lookAround({ aloneSince: 0, ended: true }, seen, 1), calm);
    });
});
