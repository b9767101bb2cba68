import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId } from '@lifeboat/kernel';
import type { FenceEffect } from './effects.ts';
import { INCIDENT, Orders } from './orders.test.ts';
import { wanted } from './service.ts';

const fences = (o: Orders) => o.acts.flatMap((e) => (e.kind === 'fence' ? [`${e.method} ${e.operation}`] : []));

describe('isolation', () => {
  it('fences by the first method; then isolated; then Nova shuts it out', () => {
    const o = new Orders().isolate();
    assert.deepEqual(fences(o), ['bmc inc-h1-1/fence/h1/1/0']);
    o.fenced();
    assert.deepEqual(o.words(), ['host.isolated h1 by fence bmc']);
    assert.equal(o.isolation()?.stage, 'isolated');
    o.settle('shut-out', { kind: 'shut-out' });
    assert.deepEqual(o.words().at(-1), 'host.shut-out h1');
    assert.deepEqual(o.state.dead.keys(), ['h1']);
  });
  it('a fence act in hand is not begun any more once the host is back, or proven dead by its rack', () => {
    const asked = () => {
      const o = new Orders().isolate();
      const e = o.owedOf('fence') as FenceEffect;
      assert.ok(wanted(o.state, e));
      return { o, e };
    };
    const back = asked();
    assert.equal(wanted(back.o.recall().state, back.e), false);
    back.o.settle('fence', { kind: 'fence-failed', code: 'LEASE_LOST', detail: '' });
    assert.deepEqual(back.o.words(), ['isolation.withdrawn h1'], 'and no other method is tried');
    const anew = new Orders().dead().evacuate({ 1: ['h2'] });
    anew.settle('evacuate', { kind: 'host-alive', code: 'NO_PROOF', detail: 'it is on' }, 1).recall();
    assert.ok(wanted(anew.state, anew.owedOf('fence') as FenceEffect), 'it has been shut out: its VMs may be on their way');
    const rack = asked();
    assert.equal(wanted(rack.o.isolate('h1', { rackRule: true }).state, rack.e), false);
    assert.equal(rack.o.isolation()?.stage, 'isolated');
    const over = asked();
    const closed = {
      incident: INCIDENT,
      hosts: [hostId('h1')],
      outcome: 'withdrawn' as const,
      vms: [],
      openedAt: over.o.at,
      at: over.o.at,
    };
    assert.equal(wanted(over.o.hear('lifeboat.incident.closed', closed).state, over.e), false);
  });
  it('an order of long ago is not obeyed: who still means it gives it again', () => {
    const o = new Orders();
    const old = { incident: INCIDENT, host: hostId('h1'), epoch: 1, at: o.at };
    o.run(3_600).hear('lifeboat.isolation.requested', old);
    assert.deepEqual(fences(o), []);
    o.hear('lifeboat.isolation.requested', { ...old, at: o.at });
    assert.equal(fences(o).length, 1);
  });
  it('already off is success', () => {
    const proof = { host: 'h1' as never, kind: 'already-off' as const, method: 'bmc', at: 1 as never, detail: '' };
    const o = new Orders().isolate().settle('fence', { kind: 'fence', proof });
    assert.deepEqual(o.words(), ['host.isolated h1 by already-off bmc']);
  });
  it('tries the methods in their order, one after another', () => {
    const o = new Orders().isolate().fenceFails();
    assert.deepEqual(fences(o), ['bmc inc-h1-1/fence/h1/1/0', 'strip inc-h1-1/fence/h1/1/1']);
    o.fenced('strip');
    assert.deepEqual(o.words(), ['host.isolated h1 by fence strip']);
  });
  it('all methods fail: says so with each of them, waits, and begins again, later and later; nothing is shut out', () => {
    const o = new Orders({ fenceAgainFirstMs: 5_000, fenceAgainMostMs: 8_000 }).isolate().fenceFails().fenceFails('FENCE_REFUSED');
    assert.deepEqual(o.words(), ['isolation.failed h1: bmc FENCE_TIMEOUT, strip FENCE_REFUSED']);
    o.run(4);
    assert.equal(fences(o).length, 2);
    o.run(1);
    assert.deepEqual(fences(o).at(-1), 'bmc inc-h1-1/fence/h1/2/0', 'another operation');
    o.fenceFails().fenceFails().run(7);
    assert.equal(fences(o).length, 4);
    o.run(1).fenceFails().fenceFails().run(8);
    assert.equal(fences(o).length, 7, 'and never later than the most');
    assert.equal(o.words('isolation.failed').length, 3);
    assert.ok(!o.acts.some((e) => e.kind === 'shut-out'));
  });
  it('without any method: says so, and stays so visibly', () => {
    const o = new Orders({ methodsOf: () => [] }).isolate().run(30);
    assert.ok(o.words('isolation.failed').length >= 2);
    assert.deepEqual(o.words()[0], 'isolation.failed h1: ');
  });
  it("a method that is another host's is never tried, the others are; in a newer topology it may be another device", () => {
    const checked = (o: Orders, is: 'own' | 'of-another', device: string) =>
      o.hear('lifeboat.fence.checked', { host: hostId('h1'), method: 'bmc', device, is, other: hostId('h2'), detail: '', at: o.at });
    const o = checked(new Orders(), 'of-another', 'bmc-of-h1').isolate();
    assert.deepEqual(fences(o), ['strip inc-h1-1/fence/h1/1/1']);
    o.fenceFails('FENCE_REFUSED');
    assert.deepEqual(o.words(), ['isolation.failed h1: bmc FENCE_MISCONFIGURED, strip FENCE_REFUSED']);
    assert.equal(fences(checked(new Orders(), 'of-another', 'an older address').isolate())[0], 'bmc inc-h1-1/fence/h1/1/0');
    assert.equal(
      fences(checked(checked(new Orders(), 'of-another', 'bmc-of-h1'), 'own', 'bmc-of-h1').isolate())[0],
      'bmc inc-h1-1/fence/h1/1/0',
    );
  });
  it('the rack rule is the proof: nothing is fenced', () => {
    const o = new Orders().isolate('h1', { rackRule: true });
    assert.deepEqual(o.words(), ['host.isolated h1 by rack-rule rack rule']);
    assert.deepEqual(
      o.acts.map((e) => e.kind),
      ['shut-out'],
    );
  });
  it('ordered twice it is done once', () => {
    const o = new Orders().isolate().isolate();
    assert.equal(fences(o).length, 1);
    o.fenced().isolate();
    assert.equal(fences(o).length, 1);
    assert.equal(o.words('host.isolated').length, 1);
  });
  it('Nova does not take it: asked again, with back-off, until it does', () => {
    const o = new Orders().isolate().fenced();
    for (let i = 0; i < 8; i++) o.settle('shut-out', { kind: 'shut-out-failed', code: 'CLOUD_UNREACHABLE', detail: 'no route' });
    const operations = o.acts.flatMap((e) => (e.kind === 'shut-out' ? [e.operation] : []));
    assert.equal(new Set(operations).size, 9);
    const last = o.owedOf('shut-out');
    assert.equal((last?.notBefore ?? 0) - o.now, 15_000);
    assert.deepEqual(o.words('host.shut-out'), []);
    o.settle('shut-out', { kind: 'shut-out' });
    assert.deepEqual(o.words('host.shut-out'), ['host.shut-out h1']);
  });
});

describe('a recall', () => {
  it('while it waits between two rounds: withdrawn at once', () => {
    const o = new Orders().isolate().fenceFails().fenceFails().recall();
    assert.deepEqual(o.words().at(-1), 'isolation.withdrawn h1');
    o.run(60);
    assert.equal(fences(o).length, 2);
    assert.equal(o.isolation(), undefined);
  });
  it('while a fence call is under way: its end is waited for; failed, it is withdrawn', () => {
    const o = new Orders().isolate().recall().run(5);
    assert.deepEqual(o.words(), []);
    o.fenceFails();
    assert.deepEqual(o.words(), ['isolation.withdrawn h1']);
    assert.equal(fences(o).length, 1, 'the second method is not tried');
  });
  it('while a fence call is under way that succeeds: the host is dead, and that is told', () => {
    const o = new Orders().isolate().recall().fenced();
    assert.deepEqual(o.words(), ['host.isolated h1 by fence bmc']);
    assert.equal(o.owedOf('shut-out')?.host, 'h1');
  });
  it('after the isolation, or of an older epoch, or of another host: no matter', () => {
    const o = new Orders().dead().recall();
    assert.equal(o.isolation()?.stage, 'shut-out');
    const older = new Orders().isolate('h1', { epoch: 5 }).fenceFails().fenceFails().recall('h1', 4);
    assert.deepEqual(older.words('isolation.withdrawn'), []);
    assert.deepEqual(new Orders().isolate().fenceFails().fenceFails().recall('h2').words('isolation.withdrawn'), []);
  });
  it('that comes late, when a host once isolated is isolated anew: its moves are not left without an owner', () => {
    const o = new Orders().dead().evacuate({ 1: ['h2'] });
    o.settle('evacuate', { kind: 'host-alive', code: 'NO_PROOF', detail: 'bmc says on' }).fenceFails().fenceFails();
    o.recall();
    assert.deepEqual(o.words('isolation.withdrawn'), []);
    o.run(60);
    assert.ok(o.owedOf('fence') !== undefined, 'it is still being isolated');
  });
});

describe('a host that was isolated and is found powered on', () => {
  const alive = () =>
    new Orders()
      .dead()
      .evacuate({ 1: ['h2'], 2: ['h3'] })
      .settle('evacuate', { kind: 'host-alive', code: 'NO_PROOF', detail: 'bmc says on' }, 1);
  it('is isolated anew before anything else is moved from it', () => {
    const o = alive().refused(2, 'same').run(60);
    assert.equal(o.calls.length, 2, 'both wait');
    assert.deepEqual(fences(o).at(-1), 'bmc inc-h1-1/fence/h1/2/0');
    o.fenced().run(5);
    assert.equal(o.calls.length, 2, 'and for Nova to shut it out again');
    o.settle('shut-out', { kind: 'shut-out' }).run(3);
    assert.deepEqual(o.calls.slice(2).sort(), ['v1 to h2', 'v2 to h3']);
    const last = o.acts.findLast((e) => e.kind === 'evacuate');
    assert.ok(last?.kind === 'evacuate' && last.proof.at > 1_000_000, 'on the new proof');
  });
  it('takes no order and is not shut out before it is proven dead again', () => {
    const o = alive();
    o.settle('evacuate', { kind: 'not-shut-out', code: 'CLOUD_HOST_STILL_UP', detail: 'up' }, 2);
    assert.equal(o.owedOf('shut-out'), undefined);
    o.evacuate({ 3: ['h2'] }).run(5);
    assert.equal(o.words('evacuation.failed v3, retry: NO_PROOF').length, 1);
  });
  it('is not left alone because of an earlier recall', () => {
    const o = new Orders()
      .isolate()
      .recall()
      .fenced()
      .settle('shut-out', { kind: 'shut-out' })
      .evacuate({ 1: ['h2'] });
    o.settle('evacuate', { kind: 'host-alive', code: 'NO_PROOF', detail: 'bmc says on' });
    assert.deepEqual(o.words('isolation.withdrawn'), []);
    assert.ok(o.owedOf('fence') !== undefined);
  });
  it('what Nova has begun goes on', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'], 2: ['h3'] })
      .taken(2);
    o.settle('evacuate', { kind: 'host-alive', code: 'NO_PROOF', detail: 'bmc says on' }, 1);
    o.watched({ 2: { host: 'h3', records: [['r1', 'done', 'h3']] } });
    assert.deepEqual(o.words('vm.evacuated'), ['vm.evacuated v2 to h3 ACTIVE']);
  });
});

describe('the release', () => {
  it('that Nova refuses for long is told once, with the reason, and asked for all the same', () => {
    const o = new Orders().dead().closed().release();
    const refused = { kind: 'release-failed', code: 'CLOUD_CONFLICT', detail: 'evacuated VMs await their clean-up' } as const;
    for (let i = 0; i < 60; i++) o.settle('release', refused).run(4);
    assert.deepEqual(o.words('release.delayed'), ['release.delayed h1']);
    o.settle('release', { kind: 'released' });
    assert.deepEqual(o.words('host.released'), ['host.released h1']);
  });
  it('asks Nova until it agrees, then says so', () => {
    const o = new Orders().dead().closed().release();
    o.settle('release', { kind: 'release-failed', code: 'CLOUD_CONFLICT', detail: 'evacuated VMs await their clean-up' });
    o.run(2);
    assert.equal(o.owedOf('release'), undefined);
    o.run(1).settle('release', { kind: 'released' });
    assert.deepEqual(o.words('release.delayed'), [], 'that it takes a moment is nothing to wake people for');
    assert.deepEqual(o.words('host.released'), ['host.released h1']);
    assert.deepEqual([o.state.releases.keys(), o.state.dead.keys()], [[], []]);
    const operations = o.acts.flatMap((e) => (e.kind === 'release' ? [e.operation] : []));
    assert.equal(new Set(operations).size, 2);
  });
  it('is not asked for a host that is being isolated', () => {
    const o = new Orders().isolate().release().run(10);
    assert.ok(!o.acts.some((e) => e.kind === 'release'));
  });
  it('ends when the host fails again', () => {
    const o = new Orders().dead().closed().release();
    o.settle('release', { kind: 'release-failed', code: 'CLOUD_CONFLICT', detail: '' });
    o.isolate('h1', { incident: 'inc-h1-2' as never }).run(30);
    assert.equal(o.acts.filter((e) => e.kind === 'release').length, 1);
  });
});

describe('a closed incident', () => {
  it('leaves nothing behind but the host that is out, and lets the ledger forget', () => {
    const o = new Orders()
      .dead()
      .evacuate({ 1: ['h2'] })
      .closed();
    assert.deepEqual([o.state.isolations.keys(), o.state.moves.keys(), o.state.dead.keys()], [[], [], ['h1']]);
    assert.equal(o.owedOf('forget')?.operation, 'inc-h1-1/forget');
  });
});
