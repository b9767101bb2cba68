import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeFailure, type FailureCode, type Outcome } from '@lifeboat/kernel';

/** What the contract suites share. They run against real servers too: real time, generous limits. */
export const taken = <T>(o: Outcome<T>): T => {
  assert.ok(o.ok, o.ok ? '' : describeFailure(o));
  return o.value;
};

export const refusedAs = (o: Outcome<unknown>, code: FailureCode) => {
  assert.equal(o.ok, false, `expected ${code}, was taken`);
  assert.equal(o.ok ? '' : o.code, code, o.ok ? '' : o.detail);
  assert.ok(!o.ok && o.detail.length > 0, 'a failure says what was seen');
};

export const eventually = async (what: string, holds: () => boolean | Promise<boolean>, withinMs: number) => {
  const until = performance.now() + withinMs;
  while (!(await holds())) {
    assert.ok(performance.now() < until, `not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
};

export const within = async <T>(what: string, ms: number, promise: Promise<T>): Promise<T> => {
  const stop = new AbortController();
  const late = sleep(ms, null, { signal: stop.signal }).then(
    () => assert.fail(`not within ${ms} ms: ${what}`),
    () => assert.fail('stopped'),
  );
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
};

/** A server that a test may take away: connected clients notice by themselves. */
export interface Outage {
  away(): Promise<void>;
  back(): Promise<void>;
}

let made = 0;
/** A name that no earlier test and no earlier run has used on the same server. */
export const uniqueName = (what: string) => `${what}-${process.pid}-${Math.round(performance.timeOrigin)}-${++made}`;
