import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { incidentId } from '@lifeboat/kernel';
import type { EvacuateEffect } from './effects.ts';
import { INCIDENT, Orders } from './orders.test.ts';
import { wanted } from './service.ts';

describe('an order to evacuate', () => {
  it('begins when the host is proven dead and shut out of Nova', () => {
    const o = new Orders()
      .isolate()
      .fenced()
      .evacuate({ 1: ['h2'] })
      .run(5);
    assert.deepEqual(o.calls, []);
    o.settle('shut-out', { kind: 'shut-out' });
    assert.deepEqual(o.calls, ['v1 to h2']);
    const act = o.owedOf('evacuate');
    assert.deepEqual([act?.host, act?.proof.kind, act?.proof.method], ['h1', 'fence', 'bmc'], 'on our own proof, not the one in the order');
  });
  it('without our own record of an isolation is refused: an order is no proof', () => {
    const o = new Orders().evacuate({ 1: ['h2'], 2: ['h3'] }).run(5);
    assert.deepEqual(o.calls, []);
    assert.deepEqual(o.words(), [
      'evacuation.failed v1, retry: NO_PROOF: no proof of death of h1 is recorded in this incident',
      'evacuation.failed v2, retry: NO_PROOF: no proof of death of h1 is recorded in this incident',
    ]);
  });
  it('while the host is being fenced is refused, too; so is one of another incident or host', () => {
    assert.equal(
      new Orders()
        .isolate()
        .evacuate({ 1: ['h2'] })
        .words('evacuation.failed').length,
      1,
    );
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] }, { incident: incidentId('inc-other-1') })
      .evacuate({ 1: ['h2'] }, { host: 'h9' });
    assert.equal(o.words('evacuation.failed').length, 2);
    assert.deepEqual(o.calls, []);
  });
  it('of an older epoch than the incident has had is refused', () => {
    const o = new Orders().isolate('h1', { epoch: 5 }).fenced().settle('shut-out', { kind: 'shut-out' });
    o.evacuate({ 1: ['h2'] }, { epoch: 4 }).run(2);
    assert.deepEqual(o.calls, []);
    o.evacuate({ 1: ['h2'] }, { epoch: 7 }).evacuate({ 2: ['h2'] }, { epoch: 6 });
    assert.deepEqual(o.calls, ['v1 to h2']);
  });
  it('given twice is carried out once', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] })
      .evacuate({ 1: ['h3'] })
      .taken(1)
      .evacuate({ 1: ['h3'] })
      .run(5);
    assert.deepEqual(o.calls, ['v1 to h2']);
  });
});

describe('a confirmation that holds no longer', () => {
  const c = 'inc-h1-1/confirmation/1';
  const expires = (o: Orders): Orders =>
    o.hear('lifeboat.confirmation.expired', { incident: INCIDENT, confirmation: c, reason: 'host h1 came back', at: o.at });
  it('what Nova has goes on, what waits is given back', () => {
    const o = new Orders({ callsMost: 1 }).dead().evacuate({ 1: ['h2'], 2: ['h3'] }, { confirmation: c });
    assert.deepEqual(o.calls, ['v1 to h2']);
    expires(o).taken(1).run(3);
    assert.deepEqual(o.calls, ['v1 to h2']);
    assert.deepEqual(o.words('evacuation'), [
      'evacuation.failed v2, retry: CONFIRMATION_VOID: its confirmation holds no longer: host h1 came back',
      'evacuation.started v1 to h2',
    ]);
  });
  it('a call in hand is not made any more, and given back, too', () => {
    const o = new Orders().dead().evacuate({ 1: ['h2'] }, { confirmation: c });
    const e = o.owedOf('evacuate') as EvacuateEffect;
    assert.ok(wanted(o.state, e));
    assert.equal(wanted(expires(o).state, e), false);
    o.refused(1, 'same', 'LEASE_LOST').run(3);
    assert.deepEqual([o.calls.length, o.words('evacuation.failed').length], [1, 1]);
  });
  it('is known even when its end is heard of before the order', () => {
    const o = expires(new Orders().dead()).evacuate({ 1: ['h2'] }, { confirmation: c });
    assert.deepEqual([o.calls, o.words('evacuation').length], [[], 1]);
    o.evacuate({ 1: ['h2'] }, { confirmation: 'inc-h1-1/confirmation/2', attempt: 2 });
    assert.deepEqual(o.calls, ['v1 to h2'], 'and a new one counts');
    assert.deepEqual(o.closed().state.voided.keys(), [], 'forgotten with its incident');
  });
});

describe('throttles', () => {
  const many = (n: number, to: (i: number) => string) => Object.fromEntries(Array.from({ length: n }, (_, i) => [i + 1, [to(i)]]));
  it('so many calls at a time, the most urgent first', () => {
    const o = new Orders({ callsMost: 2 }).dead().evacuate(
      many(5, () => 'h2'),
      { priority: (n) => 100 - n },
    );
    assert.deepEqual(o.calls, ['v5 to h2', 'v4 to h2']);
    o.taken(5);
    assert.deepEqual(o.calls.slice(2), ['v3 to h2'], 'the next when one is answered');
  });
  it('so many on the way in all', () => {
    const o = new Orders({ movingMost: 2 })
      .dead()
      .evacuate(many(3, (i) => `h${i + 2}`))
      .taken(1)
      .taken(2)
      .run(3);
    assert.equal(o.calls.length, 2);
    o.watched({ 1: { host: 'h2' }, 2: { records: [['r2', 'running', 'h3']] } });
    assert.equal(o.calls.length, 3, 'the next when one has arrived');
  });
  it('so many onto one target; the others need not wait for those', () => {
    const o = new Orders({ movingPerTargetMost: 1 })
      .dead()
      .evacuate({ 1: ['h2'], 2: ['h2'], 3: ['h3'] })
      .taken(1)
      .taken(3)
      .run(3);
    assert.deepEqual(o.calls, ['v1 to h2', 'v3 to h3']);
    o.watched({ 1: { host: 'h2' }, 3: { records: [['r3', 'running', 'h3']] } });
    assert.deepEqual(o.calls.at(-1), 'v2 to h2');
  });
  it('a VM that another incident still has under way waits for that to end', () => {
    const second = incidentId('inc-h2-2');
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] })
      .taken(1);
    o.isolate('h2', { incident: second }).settle('fence', {
      kind: 'fence',
      proof: { host: 'h2' as never, kind: 'fence', method: 'bmc', at: o.at, detail: '' },
    });
    o.settle('shut-out', { kind: 'shut-out' })
      .evacuate({ 1: ['h3'] }, { host: 'h2', incident: second })
      .run(3);
    assert.deepEqual(o.calls, ['v1 to h2']);
    o.watched({ 1: { host: 'h2' } });
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h3']);
  });
});

describe('a call that Nova refuses', () => {
  it('the same target again, after a while, as another operation', () => {
    const o = new Orders({ callAgainMs: 2_000 })
      .dead()
      .evacuate({ 1: ['h2'] })
      .refused(1, 'same', 'CLOUD_UNREACHABLE')
      .run(1);
    assert.equal(o.calls.length, 1);
    o.run(2);
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h2']);
    const operations = o.acts.flatMap((e) => (e.kind === 'evacuate' ? [e.operation] : []));
    assert.equal(new Set(operations).size, 2);
  });
  it('the alternates in their order; then the scheduler plans anew', () => {
    const o = new Orders().dead().evacuate({ 1: ['h2', 'h3', 'h4'] });
    for (let i = 0; i < 3; i++) o.refused(1, 'next').run(3);
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h3', 'v1 to h4']);
    assert.deepEqual(o.words('evacuation.failed'), ['evacuation.failed v1, retry: CLOUD_REFUSED: as Nova said']);
    assert.equal(o.move(1), undefined);
  });
  it('not more than so many calls for one order', () => {
    const o = new Orders({ callsPerOrderMost: 3 }).dead().evacuate({ 1: ['h2'] });
    for (let i = 0; i < 3; i++) o.refused(1, 'same').run(3);
    assert.equal(o.calls.length, 3);
    assert.equal(o.words('evacuation.failed').length, 1);
  });
  it('never: told so, and not tried again', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2', 'h3'] })
      .refused(1, 'never', 'CLOUD_FORBIDDEN')
      .run(10);
    assert.deepEqual(o.words('evacuation.failed'), ['evacuation.failed v1, never: CLOUD_FORBIDDEN: as Nova said']);
    assert.equal(o.calls.length, 1);
  });
  it('because its owner deleted it: gone', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] })
      .settle('evacuate', { kind: 'gone' });
    assert.deepEqual(o.words('evacuation.failed'), ['evacuation.failed v1, gone: CLOUD_NOT_FOUND: its owner deleted it']);
  });
  it('because it takes the host for up: shut out again before the next call', () => {
    const o = new Orders().dead().evacuate({ 1: ['h2'] });
    o.settle('evacuate', { kind: 'not-shut-out', code: 'CLOUD_HOST_STILL_UP', detail: 'up' }).run(5);
    assert.equal(o.calls.length, 1);
    o.settle('shut-out', { kind: 'shut-out' });
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h2']);
  });
  it('because it is not there any more: the watch says where it is', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] })
      .settle('evacuate', { kind: 'elsewhere' });
    o.watched({ 1: { host: 'h4' } });
    assert.deepEqual(o.words('vm.evacuated'), ['vm.evacuated v1 to h4 ACTIVE']);
    assert.equal(o.calls.length, 1);
  });
  it('a late answer to a call that is not under way any more changes nothing', () => {
    const o = new Orders().dead().evacuate({ 1: ['h2'] });
    const effect = o.owedOf('evacuate');
    o.taken(1);
    const before = o.state;
    assert.ok(effect !== undefined);
    o.input({ kind: 'settled', effect, result: { kind: 'gone' }, at: o.at });
    assert.equal(o.state.moves, before.moves);
  });
});
