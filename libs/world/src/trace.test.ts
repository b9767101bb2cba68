import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '@lifeboat/kernel';
import { Trace } from './trace.ts';

describe('Trace', () => {
  it('tells each line with its time since the start, and finds what is about somebody', () => {
    const t = new Trace(instant(1_000));
    t.add(instant(1_000), 'h1', 'power off');
    t.add(instant(2_345), 'nova', 'h2 is down');
    assert.deepEqual(t.lines(), ['0.000 h1 power off', '1.345 nova h2 is down']);
    assert.deepEqual(t.about('h2'), ['1.345 nova h2 is down']);
    assert.deepEqual(t.lines(1), ['1.345 nova h2 is down']);
  });
  it('hashes all lines in order, also those it no longer keeps', () => {
    const tell = (words: readonly string[], keep?: number) => {
      const t = new Trace(instant(0), keep === undefined ? {} : { keep });
      for (const w of words) t.add(instant(0), 'a', w);
      return t;
    };
    assert.equal(tell(['x', 'y', 'z']).hash(), tell(['x', 'y', 'z'], 1).hash());
    assert.notEqual(tell(['x', 'y']).hash(), tell(['y', 'x']).hash());
    assert.deepEqual(tell(['x', 'y', 'z'], 1).lines(), ['0.000 a z']);
    assert.equal(tell(['x', 'y', 'z'], 1).count, 3);
  });
});
