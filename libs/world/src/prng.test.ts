import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Prng } from './prng.ts';

const draw = (p: Prng) => Array.from({ length: 20 }, () => p.between(0, 1_000_000));

describe('Prng', () => {
  it('repeats itself from the same seed, and not from another', () => {
    assert.deepEqual(draw(new Prng(7)), draw(new Prng(7)));
    assert.notDeepEqual(draw(new Prng(7)), draw(new Prng(8)));
  });
  it('gives each named stream its own numbers, however much was drawn from another', () => {
    const a = new Prng(7);
    draw(a);
    draw(a.fork('net'));
    assert.deepEqual(draw(a.fork('power')), draw(new Prng(7).fork('power')));
    assert.notDeepEqual(draw(a.fork('net')), draw(a.fork('power')));
  });
  it('draws both ends, nothing beyond, and every share about as often as asked', () => {
    const p = new Prng(1);
    const seen = Array.from({ length: 3000 }, () => p.between(1, 3));
    assert.deepEqual([...new Set(seen)].sort(), [1, 2, 3]);
    const hits = Array.from({ length: 10_000 }, () => p.chance(0.2)).filter(Boolean).length;
    assert.ok(hits > 1800 && hits < 2200, `${hits} of 10,000`);
  });
  it('makes UUIDs as Nova does, never the same twice', () => {
    const p = new Prng(3);
    const ids = Array.from({ length: 1000 }, () => p.uuid());
    assert.equal(new Set(ids).size, 1000);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
  it('says so when there is nothing to pick from', () => {
    assert.throws(() => new Prng(1).pick([]), /nothing to pick/);
    assert.equal(new Prng(1).maybe([]), undefined);
  });
});
