import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Orders, v } from './orders.test.ts';

const moving = () =>
  new Orders()
    .dead()
    .evacuate({ 1: ['h2', 'h3'] })
    .taken(1);
const unsure = () =>
  new Orders({ recordWithinMs: 20_000 })
    .dead()
    .evacuate({ 1: ['h2', 'h3'] })
    .settle('evacuate', { kind: 'unsure', code: 'CLOUD_TIMEOUT', detail: 'no answer in 10 s' });
const running = { records: [['r1', 'running']] } as const;
/** Looks again and again for so long, always with the same picture. */
const watchFor = (o: Orders, seconds: number, look: Parameters<Orders['watched']>[0][number]): Orders => {
  for (const until = o.now + seconds * 1_000; o.now < until && o.owedOf('watch') !== undefined; ) o.run(1).watched({ 1: look });
  return o;
};

describe('what Nova began is watched', () => {
  it('done: on its new host, no task, no record still running', () => {
    const o = moving();
    assert.deepEqual(o.words('evacuation.started'), ['evacuation.started v1 to h2']);
    o.watched({ 1: running });
    o.watched({ 1: { host: 'h2', task: 'rebuild_spawning', ...running } });
    o.watched({ 1: { host: 'h2', task: null, ...running } });
    o.watched({ 1: { host: 'h2', task: 'rebuild_spawning', records: [['r1', 'done']] } });
    assert.deepEqual(o.words('vm'), [], 'none of these is the end');
    o.watched({ 1: { host: 'h2', records: [['r1', 'done']] } });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 ACTIVE']);
    const e = o.told.at(-1);
    assert.ok(e?.type === 'lifeboat.vm.evacuated' && e.data.migration === 'r1' && e.data.tookMs > 0);
    assert.equal(o.move(1), undefined);
    assert.equal(o.owedOf('watch'), undefined, 'and nothing is watched any more');
  });
  it('one look at a time for all VMs of a host', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'], 2: ['h2'] })
      .taken(1)
      .run(3);
    assert.equal(o.acts.filter((e) => e.kind === 'watch').length, 1);
    o.taken(2).watched({ 1: running });
    assert.deepEqual(o.owedOf('watch')?.vms, [v(1), v(2)], 'the second joins with the next');
    assert.ok(o.move(2) !== undefined, 'that it was not asked for in the first says nothing about it');
  });
  it('a look that failed is taken again and says nothing', () => {
    const o = moving().settle('watch', { kind: 'watch-failed', code: 'CLOUD_UNREACHABLE', detail: '' });
    assert.ok(o.owedOf('watch') !== undefined && o.move(1)?.stage === 'running');
  });
  it('failed: the next target, and that record is known from then on', () => {
    const o = moving()
      .watched({ 1: { records: [['r1', 'failed']], fault: 'no valid host' } })
      .run(3);
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h3']);
    assert.deepEqual(o.owedOf('evacuate')?.ended, ['r1']);
    assert.equal(o.move(1)?.lastReason, 'CLOUD_REFUSED: no valid host');
    o.taken(1).watched({ 1: { records: [['r1', 'failed']] } });
    assert.equal(o.move(1)?.stage, 'running', 'the old failure is not believed of the new call');
    o.watched({
      1: {
        records: [
          ['r2', 'failed', 'h3'],
          ['r1', 'failed'],
        ],
      },
    });
    assert.deepEqual(o.words('evacuation.failed'), ["evacuation.failed v1, retry: CLOUD_REFUSED: Nova's migration record says failed"]);
  });
  it('failed at a lock of the dead host that the storage still holds: the same target again, for as long as it takes', () => {
    const o = moving();
    const locked = (record: string) =>
      o.watched({ 1: { records: [[record, 'failed']], fault: 'Failed to get "write" lock', storageLocked: true } });
    for (let i = 1; i <= 12; i++) locked(`r${i}`).run(30).taken(1);
    assert.deepEqual([...new Set(o.calls)], ['v1 to h2'], 'no target is to blame');
    assert.ok(o.calls.length > 12, 'and it is no matter of how often');
    assert.deepEqual(o.words('evacuation.failed'), []);
    o.watched({ 1: { host: 'h2', records: [['r13', 'done']] } });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 ACTIVE']);
  });
  it('a lock that stays is left to a person: somebody may really hold it', () => {
    const o = moving();
    for (let i = 1; i < 60 && o.move(1) !== undefined; i++) {
      o.watched({ 1: { records: [[`r${i}`, 'failed']], fault: 'locked', storageLocked: true } }).run(30);
      if (o.owedOf('evacuate') !== undefined) o.taken(1);
    }
    assert.match(o.words('evacuation.failed').join(), /v1, never: CLOUD_CONFLICT: the storage has held a lock/);
  });
  it('failed, while Nova still has a task on it: not before that has ended', () => {
    const o = moving()
      .watched({ 1: { task: 'rebuilding', records: [['r1', 'failed']] } })
      .run(5);
    assert.equal(o.calls.length, 1);
  });
  it("'done' of an earlier life, while the VM is on its old host: not believed", () => {
    const o = moving().watched({ 1: { records: [['r0', 'done']] } });
    assert.deepEqual(o.words('vm'), []);
    assert.deepEqual(o.move(1)?.endedRecords, ['r0']);
    o.watched({
      1: {
        host: 'h2',
        records: [
          ['r1', 'done'],
          ['r0', 'done'],
        ],
      },
    });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 ACTIVE']);
  });
  it('deleted by its owner in the middle: gone', () => {
    assert.deepEqual(moving().watched({}).words('evacuation.failed'), [
      'evacuation.failed v1, gone: CLOUD_NOT_FOUND: its owner deleted it',
    ]);
  });
  it('not looked at because its record is running: nothing is concluded; after a while it is looked at closely', () => {
    const o = moving()
      .run(1)
      .watched({ 1: { ...running, unseen: true } });
    assert.ok(o.move(1) !== undefined);
    assert.deepEqual(o.owedOf('watch')?.closely, []);
    o.run(12).watched({ 1: { ...running, unseen: true } });
    assert.deepEqual(o.owedOf('watch')?.closely, [v(1)]);
  });
  it('never ends: a person must look, and no second call is ever made', () => {
    const o = watchFor(moving(), 660, { task: 'rebuilding', ...running });
    assert.match(
      o.words('evacuation.failed')[0] ?? '',
      /^evacuation\.failed v1, never: CLOUD_TIMEOUT: Nova has not ended it for 10 min \(record r1 running\); a second call would break the VM$/,
    );
    assert.equal(o.calls.length, 1);
  });
  it('adopted: what was found running is told as such and watched like the rest', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] })
      .taken(1, true)
      .watched({ 1: { host: 'h2', records: [['r1', 'done']] } });
    assert.deepEqual(o.words('evacuation.started', 'vm'), ['evacuation.started v1 to h2, adopted', 'vm.evacuated v1 to h2 ACTIVE']);
  });
});

describe('a call without an answer', () => {
  it('its record shows up late: adopted, and never called again meanwhile', () => {
    const o = watchFor(unsure(), 15, {});
    assert.equal(o.calls.length, 1);
    o.watched({ 1: running });
    watchFor(o, 60, running);
    o.watched({ 1: { host: 'h2', records: [['r1', 'done']] } });
    assert.equal(o.calls.length, 1);
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 ACTIVE']);
  });
  it('no record within the time: it was never taken, and is called again', () => {
    const o = watchFor(unsure(), 19, {});
    assert.deepEqual([o.move(1)?.stage, o.calls.length], ['running', 1]);
    watchFor(o, 4, {}).run(4);
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h2']);
    assert.equal(o.move(1)?.lastReason, 'CLOUD_TIMEOUT: CLOUD_TIMEOUT: no answer in 10 s');
  });
  it('Nova stands still meanwhile: the call may be taken up as late as its first answer, and is waited for from then on', () => {
    const o = unsure();
    for (let i = 0; i < 3; i++) o.run(20).settle('watch', { kind: 'watch-failed', code: 'CLOUD_TIMEOUT', detail: '' });
    watchFor(o, 19, {});
    assert.deepEqual([o.move(1)?.stage, o.calls.length], ['running', 1]);
    watchFor(o, 4, {}).run(4);
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h2']);
  });
  it('no record, but Nova has a task on it: waited for', () => {
    const o = watchFor(unsure(), 120, { task: 'rebuilding' });
    assert.deepEqual([o.move(1)?.stage, o.calls.length], ['running', 1]);
  });
  it("an old 'failed' says nothing about it until its own record has had time", () => {
    const o = watchFor(unsure(), 19, { records: [['r0', 'failed']] });
    assert.deepEqual([o.move(1)?.stage, o.calls.length], ['running', 1]);
    watchFor(o, 4, { records: [['r0', 'failed']] }).run(4);
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h3']);
  });
});

describe('a VM that comes up stopped', () => {
  const stopped = { host: 'h2', status: 'SHUTOFF', records: [['r1', 'done']] } as const;
  it('ran before: started, and told when it runs', () => {
    const o = moving().watched({ 1: stopped });
    assert.equal(o.owedOf('start')?.vm, v(1));
    assert.deepEqual(o.words('vm'), []);
    o.watched({ 1: stopped });
    assert.equal(o.acts.filter((e) => e.kind === 'start').length, 1, 'its end is waited for');
    o.settle('start', { kind: 'revived' }).watched({ 1: { ...stopped, status: 'ACTIVE' } });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 ACTIVE']);
  });
  it('does not start: tried so often, then told as it is', () => {
    const o = moving();
    for (let i = 0; i < 3; i++) o.watched({ 1: stopped }).settle('start', { kind: 'revive-failed', code: 'CLOUD_FAILED', detail: '' });
    o.watched({ 1: stopped });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 SHUTOFF']);
    const operations = o.acts.flatMap((e) => (e.kind === 'start' ? [e.operation] : []));
    assert.equal(new Set(operations).size, 3);
  });
  it('somebody has stopped it since: left so, and told why; started by him meanwhile, it runs', () => {
    const left = () => moving().watched({ 1: stopped }).settle('start', { kind: 'left-stopped', detail: 'why' });
    const o = left().watched({ 1: stopped });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 SHUTOFF, left so: why']);
    const runs = left().watched({ 1: { ...stopped, status: 'ACTIVE' } });
    assert.deepEqual(runs.words('vm'), ['vm.evacuated v1 to h2 ACTIVE']);
  });
  it('was stopped by its owner before: left so', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] }, { stopped: [1] })
      .taken(1)
      .watched({ 1: stopped });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 SHUTOFF']);
    assert.equal(o.owedOf('start'), undefined);
  });
});

describe('its owner had asked for its stop when its host was dead already', () => {
  const runs = { host: 'h2', status: 'ACTIVE', records: [['r1', 'done']] } as const;
  const asked = () =>
    new Orders()
      .dead()
      .evacuate({ 1: ['h2'] })
      .settle('evacuate', { kind: 'taken', adopted: false, stopAsked: true }, 1);
  it('it runs on its new host: stopped, and told why', () => {
    const o = asked().watched({ 1: runs });
    assert.equal(o.owedOf('stop')?.vm, v(1));
    o.watched({ 1: runs });
    assert.equal(o.acts.filter((e) => e.kind === 'stop').length, 1, 'its end is waited for');
    o.settle('stop', { kind: 'left-stopped', detail: 'why' }).watched({ 1: { ...runs, status: 'ACTIVE', task: 'powering-off' } });
    assert.deepEqual(o.words('vm'), []);
    o.watched({ 1: { ...runs, status: 'SHUTOFF' } });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 SHUTOFF, left so: why']);
  });
  it('so is one that was stopped before, and that Nova brings up after an evacuation that failed', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] }, { stopped: [1] })
      .taken(1)
      .watched({ 1: runs });
    assert.deepEqual(o.owedOf('stop')?.because, 'was-stopped');
    o.settle('stop', { kind: 'left-stopped', detail: 'why' }).watched({ 1: { ...runs, status: 'SHUTOFF' } });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 SHUTOFF']);
  });
  it('he has started it since: it runs on', () => {
    const o = asked().watched({ 1: runs }).settle('stop', { kind: 'revived' }).watched({ 1: runs });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 ACTIVE']);
  });
  it('it cannot be stopped: tried so often, then told as it is', () => {
    const o = asked();
    for (let i = 0; i < 3; i++) o.watched({ 1: runs }).settle('stop', { kind: 'revive-failed', code: 'CLOUD_FAILED', detail: '' });
    o.watched({ 1: runs });
    assert.deepEqual(o.words('vm'), ['vm.evacuated v1 to h2 ACTIVE']);
  });
});

describe('the target dies in the middle', () => {
  const stuck = { task: 'rebuild_spawning', records: [['r1', 'running', 'h2']] } as const;
  const targetDies = (o: Orders) => {
    o.isolate('h2', { incident: 'inc-h2-2' as never });
    return o
      .settle('fence', { kind: 'fence', proof: { host: 'h2' as never, kind: 'fence', method: 'bmc', at: o.at, detail: '' } })
      .settle('shut-out', { kind: 'shut-out' });
  };
  it('proven dead after the call: set free, then the next target, and the record is known as ended', () => {
    const o = targetDies(moving().run(1)).watched({ 1: stuck });
    const act = o.owedOf('reset');
    assert.deepEqual([act?.vm, act?.record, act?.target, act?.proof.host], [v(1), 'r1', 'h2', 'h2']);
    o.watched({ 1: stuck });
    assert.equal(o.acts.filter((e) => e.kind === 'reset').length, 1);
    o.settle('reset', { kind: 'revived' }).run(3);
    assert.deepEqual(o.calls, ['v1 to h2', 'v1 to h3']);
    assert.deepEqual(o.owedOf('evacuate')?.ended, ['r1']);
  });
  it('could not be set free: tried again with the next look', () => {
    const o = targetDies(moving().run(1)).watched({ 1: stuck });
    o.settle('reset', { kind: 'revive-failed', code: 'CLOUD_UNREACHABLE', detail: '' }).watched({ 1: stuck });
    const operations = o.acts.flatMap((e) => (e.kind === 'reset' ? [e.operation] : []));
    assert.equal(new Set(operations).size, 2);
    assert.equal(o.calls.length, 1);
  });
  it('only suspected, or proven dead before the call: left alone', () => {
    const alive = moving().run(1).watched({ 1: stuck });
    assert.equal(alive.owedOf('reset'), undefined);
    const before = targetDies(new Orders())
      .dead()
      .run(1)
      .evacuate({ 1: ['h2'] })
      .taken(1)
      .watched({ 1: stuck });
    assert.equal(before.owedOf('reset'), undefined);
  });
});
