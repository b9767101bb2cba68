import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId } from '@lifeboat/kernel';
import { computeSignal } from './world.ts';

describe("Nova's compute service as evidence", () => {
  const service = { id: '1', host: hostId('h1'), up: true, enabled: false, forcedDown: false };
  for (const [reason, up, is] of [
    ['new fan', true, 'disabled'],
    ['new fan', false, 'disabled'],
    [null, true, 'disabled'],
    // while its VMs leave it, it is as any host; once it is empty it is planned work
    ['Lifeboat drain for li.wei (inc-drain-h1-1)', true, 'up'],
    ['Lifeboat drain for li.wei (inc-drain-h1-1)', false, 'down'],
    ['Lifeboat maintenance: emptied for li.wei (inc-drain-h1-1)', false, 'disabled'],
    ['Lifeboat: inc-h1-1', true, 'disabled'],
  ] as const)
    it(`disabled (${reason ?? 'no reason'}) and ${up ? 'up' : 'down'}: ${is}`, () =>
      assert.equal(computeSignal({ ...service, up, disabledReason: reason }), is));
  it('forced down is that first', () =>
    assert.equal(computeSignal({ ...service, forcedDown: true, disabledReason: 'Lifeboat drain' }), 'forced-down'));
});
