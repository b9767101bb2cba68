import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { andThen, decided, invariant, stay, unreachable } from './decision.ts';
import { complain, describeFailure, done, type FailureCode, failed, failures, ok } from './failures.ts';
import { eventId, incidentId, operationId, stableId } from './identifiers.ts';
import { after, between, fromIsoTime, instant, isoTime } from './time.ts';

describe('ids', () => {
  it('are the same for the same things named, for ever', () => {
    assert.equal(stableId('scheduler', 'cause', 0), stableId('scheduler', 'cause', 0));
    // recorded: an id that changed with a new version would let old events pass for new ones
    assert.equal(stableId('scheduler', 'cause', 0), '5ecde5fe53c81665293d1573f213b10b');
    assert.equal(eventId('scheduler', 'cause', 0), stableId('scheduler', 'cause', 0));
    assert.match(eventId('a', 'b', 1), /^[0-9a-f]{32}$/);
  });
  it('differ with each part and with where a part ends', () => {
    const ids = [
      stableId('ab', 'c'),
      stableId('a', 'bc'),
      stableId('abc'),
      stableId('a', 'b', 'c'),
      stableId('c', 'ab'),
      stableId('ab', 'c', 0),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });
  it('an operation names its incident and its act', () => {
    assert.equal(operationId(incidentId('inc-h1-5'), 'isolate/h1'), 'inc-h1-5/isolate/h1');
  });
});

describe('failures', () => {
  const codes = Object.keys(failures) as FailureCode[];
  it('each says what it means, what to do about it and whether to try again', () => {
    for (const code of codes) {
      const { about, mend, retry } = failures[code];
      assert.match(code, /^[A-Z]+(_[A-Z]+)+$/);
      assert.ok(about.length > 10 && mend.length > 5, code);
      assert.ok(['never', 'backoff', 'look'].includes(retry), code);
    }
  });
  it('an answer that never came is looked at, not repeated', () => {
    assert.equal(failures.CLOUD_TIMEOUT.retry, 'look');
    assert.equal(failures.CLOUD_UNREACHABLE.retry, 'backoff', 'nothing was sent');
    assert.equal(failures.STALE_EPOCH.retry, 'never');
  });
  it('are said with code, meaning and what was seen', () => {
    const f = failed('FENCE_TIMEOUT', 'bmc-1 after 30 s');
    assert.equal(f.ok, false);
    assert.equal(describeFailure(f), 'FENCE_TIMEOUT: the fence agent did not end within its time limit (bmc-1 after 30 s)');
    assert.deepEqual(ok(3), { ok: true, value: 3 });
    assert.equal(done.ok, true);
    assert.equal(complain({ where: 'topology.yaml', field: 'racks', problem: 'missing' }), 'topology.yaml: racks: missing');
  });
});

describe('decisions', () => {
  it('one after another: the second sees what the first decided, the outputs add up in order', () => {
    const step = andThen(decided(1, 'a', 'b'), (n) => andThen(decided(n + 1, `saw ${n}`), (m) => decided(m * 10, `saw ${m}`)));
    assert.deepEqual(step, { state: 20, outputs: ['a', 'b', 'saw 1', 'saw 2'] });
    assert.deepEqual(stay('s'), { state: 's', outputs: [] });
  });
  it('a broken invariant and an impossible case throw and say what', () => {
    assert.throws(() => invariant(false, 'one incident a host'), /invariant broken: one incident a host/);
    invariant(true, 'holds');
    assert.throws(() => unreachable('odd' as never), /unreachable: "odd"/);
  });
});

describe('time', () => {
  it('is written and read as ISO 8601, to the millisecond', () => {
    const t = instant(1_760_000_000_123);
    assert.equal(isoTime(t), '2025-10-09T08:53:20.123Z');
    assert.equal(fromIsoTime(isoTime(t)), t);
    assert.equal(fromIsoTime('yesterday'), null);
    assert.equal(after(t, 7), t + 7);
    assert.equal(between(t, after(t, 7)), 7);
  });
});
