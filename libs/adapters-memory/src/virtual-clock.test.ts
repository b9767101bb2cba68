import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { after, instant } from '@lifeboat/kernel';
import { VirtualClock } from './virtual-clock.ts';
import { wallClock } from './wall-clock.ts';

describe('VirtualClock', () => {
  it('fires by time, then by the order of setting, and settles after each', async () => {
    const clock = new VirtualClock(instant(1_000));
    const log: string[] = [];
    const wait = async (name: string, ms: number) => {
      await clock.sleep(ms);
      log.push(`${name} ${clock.now()}`);
      await Promise.resolve();
      log.push(`${name} settled`);
    };
    for (const [name, ms] of [
      ['c', 20],
      ['a', 10],
      ['b', 10],
      ['now', 0],
    ] as const)
      void wait(name, ms);
    await clock.runUntil(instant(1_015));
    assert.deepEqual(log, ['now 1000', 'now settled', 'a 1010', 'a settled', 'b 1010', 'b settled']);
    assert.equal(clock.now(), 1_015);
    assert.equal(clock.monotonic(), 15);
    assert.equal(clock.next(), 1_020);
    await clock.runFor(5);
    assert.equal(log.length, 8);
    assert.equal(clock.pending, 0);
  });
  it('keeps the order of thousands of timers, some of them cancelled', async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const cancels: (() => void)[] = [];
    for (let i = 0; i < 5_000; i++) {
      const at = (i * 7919) % 4_999;
      const cancel = clock.at(instant(at), () => fired.push(at));
      if (i % 3 !== 0) cancels.push(cancel);
    }
    for (const cancel of cancels) cancel();
    assert.equal(clock.pending, 5_000 - cancels.length);
    await clock.runUntil(instant(5_000));
    assert.equal(fired.length, 5_000 - cancels.length);
    assert.deepEqual(
      fired,
      [...fired].sort((a, b) => a - b),
    );
  });
  it('a sleep ends when its signal aborts, and leaves nothing behind', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    let ended = 0;
    for (let i = 0; i < 3; i++) void clock.sleep(1_000, stop.signal).then(() => ended++);
    clock.at(instant(10), () => stop.abort());
    await clock.runUntil(instant(10));
    assert.equal(ended, 3);
    assert.equal(clock.pending, 0);
    await clock.sleep(1_000, stop.signal);
    assert.equal(clock.now(), 10);
  });
});

describe('wallClock', () => {
  it('sleeps, ends early on a signal, and never rejects', async () => {
    const clock = wallClock();
    const began = clock.monotonic();
    await clock.sleep(20);
    assert.ok(clock.monotonic() - began >= 19);
    const stop = new AbortController();
    const long = clock.sleep(2 ** 40, stop.signal);
    const elapsed = clock.monotonic();
    stop.abort();
    await long;
    await clock.sleep(1_000, stop.signal);
    assert.ok(clock.monotonic() - elapsed < 500);
    assert.ok(after(clock.now(), 0) > 1_600_000_000_000);
  });
});
