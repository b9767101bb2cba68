import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, instant } from '@lifeboat/kernel';
import { INCIDENT, Orders } from './orders.test.ts';

const fences = (o: Orders) => o.acts.flatMap((e) => (e.kind === 'fence' ? [e.method] : []));
const calls = (o: Orders) => o.acts.filter((e) => e.kind === 'evacuate').length;
const back = (o: Orders, restarted = false, at = instant(o.at + 1)) =>
  o.hear('lifeboat.fault.cleared', { host: hostId('h1'), was: 'host failure', restarted, incident: INCIDENT, at });
const contradicted = (o: Orders, kind: 'fence' | 'rack-rule' = 'fence', method = 'bmc') => {
  const proof = { host: hostId('h1'), kind, method, at: o.at, detail: 'off' };
  return o.hear('lifeboat.proof.contradicted', { host: hostId('h1'), incident: INCIDENT, proof, backAt: o.at, at: o.at });
};

describe('a host that was proven dead is back without a restart', () => {
  it('nothing more is moved before its devices have been asked again; one that says off then is believed', () => {
    const o = new Orders({ callsMost: 1, movingMost: 1 }).dead().evacuate({ 1: ['h2'], 2: ['h2'] });
    back(o);
    o.refused(1, 'same').run(11);
    assert.deepEqual([calls(o), fences(o)], [1, ['bmc']]);
    o.run(2);
    assert.deepEqual(fences(o), ['bmc', 'bmc']);
    o.fenced().settle('shut-out', { kind: 'shut-out' }).run(3);
    assert.equal(calls(o), 2);
  });
  it('seen before it was powered off, told after that: it is dead all the same', () => {
    const o = back(new Orders().dead(), false, instant(1)).evacuate({ 1: ['h2'] });
    assert.equal(calls(o), 1);
  });
  it('before Nova was told that it is down: isolated anew by itself, for else nobody would ever order anything', () => {
    const o = back(new Orders().isolate().fenced());
    o.settle('shut-out', { kind: 'shut-out' }).run(13);
    assert.deepEqual(fences(o), ['bmc', 'bmc']);
    o.fenced().settle('shut-out', { kind: 'shut-out' });
    assert.equal(o.words().at(-1), 'host.shut-out h1');
  });
  it('with another boot id it goes on: what ran there has ended', () => {
    const o = back(new Orders().dead(), true).evacuate({ 1: ['h2'] });
    assert.equal(calls(o), 1);
  });
  it('the device that called it off is not asked again: the next one is; without one a person must', () => {
    const o = contradicted(
      new Orders()
        .dead()
        .evacuate({ 1: ['h2'] })
        .taken(1),
    ).run(1);
    assert.deepEqual(fences(o), ['bmc', 'strip']);
    o.fenceFails();
    assert.deepEqual(o.words().at(-1), 'isolation.failed h1: bmc FENCE_DISBELIEVED, strip FENCE_TIMEOUT');
    o.evacuate({ 2: ['h2'] }).run(5);
    assert.equal(calls(o), 1, 'what is ordered meanwhile waits');
    o.isolate('h1', { rackRule: true }).settle('shut-out', { kind: 'shut-out' });
    assert.equal(calls(o), 2);
  });
  it('nothing was asked of Nova yet: it is not powered off for a proof that was none, until somebody wants its VMs moved', () => {
    const o = contradicted(
      new Orders().isolate('h1', { rackRule: true }).settle('shut-out', { kind: 'shut-out' }),
      'rack-rule',
      'rule',
    ).run(60);
    assert.deepEqual(fences(o), []);
    o.evacuate({ 1: ['h2'] }).run(1);
    assert.deepEqual([fences(o), calls(o)], [['bmc'], 0]);
    o.fenced().settle('shut-out', { kind: 'shut-out' }).run(1);
    assert.equal(calls(o), 1);
  });
  it('and is recalled: a device that calls it off while it is well again proves nothing', () => {
    const proof = { host: hostId('h1'), kind: 'already-off' as const, method: 'bmc', at: 1 as never, detail: '' };
    const o = new Orders().isolate().recall().settle('fence', { kind: 'fence', proof });
    assert.deepEqual(o.words(), ['isolation.withdrawn h1']);
  });
});
