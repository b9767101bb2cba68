import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HOSTS, type Look, place, RegionStory, settingsFor } from './region.test.ts';

const kdump = { waitMs: 20_000, dumpMs: 120_000 };
const withKdump = () => settingsFor({ places: new Map(HOSTS.map((h) => place(h, { kdump }))) });
const dead: Look = { management: 'dead', ssh: 'dead', power: 'on' };
const FAILED = 'confirmed a1: host failure';
const DUMPS = 'diagnosed a1: host failure';

/** a1 dies, and says after `firstS` seconds that it writes a dump; null: it never does. */
function crash(firstS: number | null, power: 'on' | 'off' = 'on', settings = withKdump()): RegionStory {
  const r = new RegionStory(settings);
  r.run(2).dies('a1', power);
  if (firstS !== null) r.run(firstS).look('a1', { ...dead, power, dump: 'in-progress' });
  return r;
}

describe('a host that may be writing a crash dump', () => {
  it('is given the time that its crash kernel takes to speak, and no longer', () => {
    const r = crash(null).run(19);
    assert.deepEqual(r.words, []);
    assert.deepEqual(r.run(2).words, [FAILED]);
  });
  it('has spoken: told once, and powered off when it has been silent again for a while', () => {
    const r = crash(10).run(60);
    assert.deepEqual(r.words, [DUMPS]);
    const e = r.told[0]?.event;
    assert.ok(e?.type === 'lifeboat.fault.diagnosed' && /powered off when that has ended, or after 120 s/.test(e.data.action));
    // the dump has ended: the last message grows old
    r.looks.delete('a1');
    r.look('a1', dead);
    r.run(r.settings.dumpMaxAgeMs / 1_000 - 1);
    assert.deepEqual(r.words, [DUMPS]);
    assert.deepEqual(r.run(2).words, [DUMPS, FAILED]);
  });
  it('dumps for ever: cut off in the end', () => {
    const r = crash(10).run(119);
    assert.deepEqual(r.words, [DUMPS]);
    assert.deepEqual(r.run(2).words, [DUMPS, FAILED]);
  });
  it('is back before anything was done: well again; and a second crash is waited for anew', () => {
    const r = crash(10).run(20);
    r.returns('a1');
    r.run(5);
    assert.deepEqual(r.words, [DUMPS, 'cleared a1: host failure']);
    r.dies('a1');
    assert.equal(r.run(19).words.length, 2, 'nothing of the first dump is left');
    assert.equal(r.run(2).words.at(-1), FAILED);
  });
  it('has no power any more: nothing is waited for', () => {
    assert.deepEqual(crash(null, 'off').run(3).words, ['confirmed a1: host power failure']);
  });
  it('in a cluster without kdump: its message changes nothing', () => {
    assert.deepEqual(crash(0, 'on', settingsFor()).run(10).words, [FAILED]);
  });
  it('whose agent speaks, or which peers see: a message alone is no fault', () => {
    const r = new RegionStory(withKdump());
    r.run(2).look('a1', { management: 'alive', dump: 'in-progress' });
    assert.deepEqual(r.run(300).words, []);
  });
});
