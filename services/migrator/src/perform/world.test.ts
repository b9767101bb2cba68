import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epoch, hostId, instant } from '@lifeboat/kernel';
import type { FenceEffect, ResetEffect, StartEffect, StopEffect, WatchEffect } from '../effects.ts';
import { Acts, cloudVm, H1, H2, INCIDENT, record, type ScriptedCloud, VM } from './acts.test.ts';

const act = { incident: INCIDENT, host: H1 } as const;
const fencing: FenceEffect = { ...act, kind: 'fence', operation: `${INCIDENT}/fence/h1/1/0`, method: 'bmc' };

describe('the act of fencing', () => {
  it('already off: proof, without any order', async () => {
    const a = new Acts();
    const r = await a.perform(fencing);
    assert.ok(r.kind === 'fence' && r.proof.kind === 'already-off' && r.proof.host === 'h1' && r.proof.method === 'bmc');
    assert.deepEqual(a.fence.calls, ['status bmc']);
  });
  it('orders off and believes only what is read back', async () => {
    const a = new Acts();
    a.fence.states = ['on', 'on', 'on', 'off'];
    const r = await a.perform(fencing);
    assert.ok(r.kind === 'fence' && r.proof.kind === 'fence');
    assert.deepEqual(a.fence.calls, ['status bmc', 'off bmc', 'status bmc', 'status bmc', 'status bmc']);
  });
  it('a device that says it obeyed while the host stays on: refused, no proof', async () => {
    const a = new Acts();
    a.fence.states = ['on'];
    const r = await a.perform(fencing);
    assert.ok(r.kind === 'fence-failed' && r.code === 'FENCE_REFUSED' && /still on/.test(r.detail));
    assert.equal(a.fence.calls.filter((c) => c.startsWith('off')).length, 1);
  });
  it('a device that obeyed and cannot be read back: no proof', async () => {
    const a = new Acts();
    a.fence.states = ['on', 'FENCE_TIMEOUT'];
    const r = await a.perform(fencing);
    assert.ok(r.kind === 'fence-failed' && r.code === 'FENCE_TIMEOUT' && /could not be read back/.test(r.detail));
  });
  it('a device that could not be asked first is ordered all the same', async () => {
    const a = new Acts();
    a.fence.states = ['FENCE_UNREACHABLE', 'off'];
    assert.equal((await a.perform(fencing)).kind, 'fence');
  });
  it('an order that failed: its own error, unless the host is off all the same', async () => {
    const a = new Acts();
    a.fence.offAnswer = 'FENCE_TIMEOUT';
    a.fence.states = ['on'];
    const r = await a.perform(fencing);
    assert.ok(r.kind === 'fence-failed' && r.code === 'FENCE_TIMEOUT');
    const b = new Acts();
    b.fence.offAnswer = 'FENCE_TIMEOUT';
    b.fence.states = ['on', 'off'];
    assert.equal((await b.perform(fencing)).kind, 'fence');
  });
  it('no order after the lease was lost, nor under a stale epoch, nor by a method that the topology does not have', async () => {
    const lost = new Acts();
    lost.fence.states = ['on'];
    lost.lease = false;
    assert.equal((await lost.perform(fencing)).kind, 'fence-failed');
    const stale = new Acts();
    stale.fence.states = ['on'];
    await stale.ledger.claim(epoch(9));
    assert.equal((await stale.perform(fencing)).kind, 'fence-failed');
    const unknown = new Acts();
    const r = await unknown.perform({ ...fencing, method: 'ipmi' });
    assert.ok(r.kind === 'fence-failed' && r.code === 'FENCE_MISCONFIGURED');
    for (const a of [lost, stale, unknown]) assert.ok(!a.fence.calls.some((c) => c.startsWith('off')));
  });
});

describe('the act of shutting out', () => {
  const effect = { ...act, kind: 'shut-out', operation: `${INCIDENT}/shut-out/h1/1` } as const;
  it('forces down first, then disables with our name on it', async () => {
    const a = new Acts();
    assert.deepEqual(await a.perform(effect), { kind: 'shut-out' });
    assert.deepEqual(a.cloud.calls, ['forceDown h1', 'disable h1 Lifeboat: inc-h1-1']);
  });
  it('does not disable a host that Nova did not force down', async () => {
    const a = new Acts();
    a.cloud.fails.forceDown = 'CLOUD_UNREACHABLE';
    assert.equal((await a.perform(effect)).kind, 'shut-out-failed');
    assert.deepEqual(a.cloud.calls, ['forceDown h1']);
  });
  it('stops between the two when the lease is lost', async () => {
    const a = new Acts();
    a.cloud.before = () => {
      a.lease = false;
    };
    assert.equal((await a.perform(effect)).kind, 'shut-out-failed');
    assert.deepEqual(a.cloud.calls, ['forceDown h1']);
  });
});

describe('the look at what moves', () => {
  const effect: WatchEffect = { ...act, kind: 'watch', operation: 'watch/h1/1', vms: [VM], closely: [] };
  it('reads the records first, then the VMs that may have ended', async () => {
    const a = new Acts();
    a.cloud.records = [record('done')];
    const r = await a.perform(effect);
    assert.deepEqual(a.cloud.calls, ['evacuationsFrom h1', 'vms 1']);
    assert.ok(r.kind === 'watched' && r.vms.length === 1 && r.records.length === 1 && r.unseen.length === 0);
  });
  it('leaves a VM alone while its newest record is running, unless it is to be looked at closely', async () => {
    const a = new Acts();
    a.cloud.records = [record('running', 'r2'), record('failed', 'r1')];
    const r = await a.perform(effect);
    assert.deepEqual(a.cloud.calls, ['evacuationsFrom h1']);
    assert.ok(r.kind === 'watched' && r.unseen[0] === VM);
    const closely = await a.perform({ ...effect, closely: [VM] });
    assert.ok(closely.kind === 'watched' && closely.vms.length === 1 && closely.unseen.length === 0);
  });
  it('an older record that still says running does not hide a newer end', async () => {
    const a = new Acts();
    a.cloud.records = [record('failed', 'r2'), record('running', 'r1')];
    await a.perform(effect);
    assert.deepEqual(a.cloud.calls, ['evacuationsFrom h1', 'vms 1']);
  });
  it('that could not be taken says nothing', async () => {
    for (const what of ['evacuationsFrom', 'vms'] as const) {
      const a = new Acts();
      a.cloud.fails[what] = 'CLOUD_TIMEOUT';
      assert.deepEqual(await a.perform(effect), { kind: 'watch-failed', code: 'CLOUD_TIMEOUT', detail: 'as scripted' });
    }
  });
});

describe('the act of setting a VM free', () => {
  const proof = { host: H2, kind: 'fence' as const, method: 'bmc', at: instant(1), detail: '' };
  const effect: ResetEffect = { ...act, kind: 'reset', operation: `${INCIDENT}/reset/1`, vm: VM, record: 'r1', target: H2, proof };
  it('only while its target is off and the VM still on its old host', async () => {
    const a = new Acts();
    assert.deepEqual(await a.perform(effect), { kind: 'revived' });
    assert.deepEqual(a.cloud.calls, ['vm', 'resetToError']);
  });
  it('not when the target is on again, the VM has moved, or the lease is lost', async () => {
    const on = new Acts();
    on.fence.states = ['on'];
    const moved = new Acts();
    moved.cloud.vms = [cloudVm({ host: hostId('h2') })];
    const lost = new Acts();
    lost.lease = false;
    for (const a of [on, moved, lost]) {
      assert.equal((await a.perform(effect)).kind, 'revive-failed');
      assert.ok(!a.cloud.calls.includes('resetToError'));
    }
  });
  const start: StartEffect = { ...act, kind: 'start', operation: `${INCIDENT}/start/1`, vm: VM };
  it('a VM is started only by who leads', async () => {
    const a = new Acts();
    assert.deepEqual(await a.perform(start), { kind: 'revived' });
    a.lease = false;
    assert.equal((await a.perform(start)).kind, 'revive-failed');
    assert.deepEqual(a.cloud.calls, ['acts', 'start', 'acts']);
  });
  it('a VM that somebody stopped is not started; one that Nova found not running is, and so is one of which nothing can be said yet', async () => {
    const at = instant(0);
    const byOwner = { act: 'stop', at, by: 'owner', ours: false } as const;
    const evacuated = { act: 'evacuate', at, by: 'lifeboat', ours: true } as const;
    const cases: [string, ScriptedCloud['asked'], string][] = [
      ['by its owner', [byOwner], 'left-stopped'],
      ['by its owner, and then evacuated', [evacuated, byOwner], 'left-stopped'],
      ['by Nova, which did not find it running', [{ act: 'stop', at, by: null }], 'revived'],
      ['by us, after a cold move', [{ ...byOwner, by: 'lifeboat', ours: true }], 'revived'],
      ['by its owner, who started it again', [{ ...byOwner, act: 'start' }, byOwner], 'revived'],
      ['by nobody', [evacuated], 'revived'],
    ];
    for (const [what, asked, kind] of cases) {
      const a = new Acts();
      a.cloud.asked = asked;
      assert.equal((await a.perform(start)).kind, kind, what);
      assert.equal(a.cloud.calls.includes('start'), kind === 'revived', what);
    }
    const a = new Acts();
    a.cloud.fails.acts = 'CLOUD_TIMEOUT';
    assert.equal((await a.perform(start)).kind, 'revive-failed');
    assert.deepEqual(a.cloud.calls, ['acts']);
  });
});

describe('the act of releasing', () => {
  const effect = { ...act, kind: 'release', operation: `${INCIDENT}/release/h1/1` } as const;
  it('clears the force-down and enables what we disabled', async () => {
    const a = new Acts();
    assert.deepEqual(await a.perform(effect), { kind: 'released' });
    assert.deepEqual(a.cloud.calls, ['computeServices', 'clearForcedDown h1', 'computeServices', 'enable h1']);
  });
  it('leaves disabled what somebody else disabled, for whatever reason or none', async () => {
    for (const disabledReason of ['broken fan', null]) {
      const a = new Acts();
      a.cloud.service = { ...a.cloud.service, disabledReason };
      assert.deepEqual(await a.perform(effect), { kind: 'released' });
      assert.deepEqual(a.cloud.calls, ['computeServices', 'clearForcedDown h1', 'computeServices']);
    }
  });
  it('does only what is left to do', async () => {
    const a = new Acts();
    a.cloud.service = { ...a.cloud.service, forcedDown: false };
    await a.perform(effect);
    a.cloud.service = { ...a.cloud.service, enabled: true };
    await a.perform(effect);
    assert.deepEqual(a.cloud.calls, ['computeServices', 'enable h1', 'computeServices']);
  });
  it('not enabled while its compute service is down: in Placement it would stay disabled until that is started again', async () => {
    const a = new Acts();
    a.cloud.service = { ...a.cloud.service, up: false };
    const r = await a.perform(effect);
    assert.ok(r.kind === 'release-failed' && r.code === 'CLOUD_CONFLICT');
    assert.deepEqual(a.cloud.calls, ['computeServices', 'clearForcedDown h1', 'computeServices']);
  });
  it('refused while evacuated VMs await their clean-up: not enabled', async () => {
    const a = new Acts();
    a.cloud.fails.clearForcedDown = 'CLOUD_CONFLICT';
    const r = await a.perform(effect);
    assert.ok(r.kind === 'release-failed' && r.code === 'CLOUD_CONFLICT');
    assert.ok(!a.cloud.calls.includes('enable h1'));
  });
  it('not by one whose lease is lost, and not of a host that Nova does not know', async () => {
    const a = new Acts();
    a.lease = false;
    assert.equal((await a.perform(effect)).kind, 'release-failed');
    assert.deepEqual(a.cloud.calls, ['computeServices']);
    const b = new Acts();
    b.cloud.service = { ...b.cloud.service, host: H2 };
    assert.equal((await b.perform(effect)).kind, 'release-failed');
  });
});

describe('the power check', () => {
  it('asks once for many VMs of a host, again when the answer is old, and right after a fence not at all', async () => {
    const a = new Acts();
    await a.perform(fencing);
    const asked = () => a.fence.calls.length;
    assert.equal(asked(), 1);
    const both = [a.world.perform(a.evacuation([], 1), a.context()), a.world.perform(a.evacuation([], 2), a.context())];
    await Promise.all(both);
    assert.equal(asked(), 2, 'a minute later: one look for both');
    await a.clock.runFor(4_000);
    await a.world.perform(a.evacuation([], 3), a.context());
    assert.equal(asked(), 2);
    await a.clock.runFor(2_000);
    await a.world.perform(a.evacuation([], 4), a.context());
    assert.equal(asked(), 3);
  });
  it('a VM whose stop its dead host could not obey is stopped, unless its owner has started it since; by who leads', async () => {
    const stop: StopEffect = { ...act, kind: 'stop', operation: `${INCIDENT}/stop/1`, vm: VM, because: 'asked' };
    const byOwner = { act: 'stop', at: instant(0), by: 'owner', ours: false } as const;
    const cases: [string, ScriptedCloud['asked'], string][] = [
      ['the last that its owner wanted', [byOwner], 'left-stopped'],
      ['an earlier try of ours', [{ ...byOwner, by: 'lifeboat', ours: true }, byOwner], 'left-stopped'],
      ['started by its owner since', [{ ...byOwner, act: 'start' }, byOwner], 'revived'],
      ['only written down by Nova', [{ act: 'stop', at: instant(0), by: null }], 'revived'],
      ['nothing is known', [], 'revived'],
    ];
    for (const [what, asked, kind] of cases) {
      const a = new Acts();
      a.cloud.asked = asked;
      assert.equal((await a.perform(stop)).kind, kind, what);
      assert.equal(a.cloud.calls.includes('stop'), kind === 'left-stopped', what);
    }
    const before: [string, ScriptedCloud['asked'], string][] = [
      ['stopped by its owner before', [byOwner], 'left-stopped'],
      ['shut down from within before: Nova wrote that down', [{ ...byOwner, by: null }], 'left-stopped'],
      ['nothing is known', [], 'left-stopped'],
      ['started since', [{ ...byOwner, act: 'start' }, byOwner], 'revived'],
    ];
    for (const [what, asked, kind] of before) {
      const a = new Acts();
      a.cloud.asked = asked;
      assert.equal((await a.perform({ ...stop, because: 'was-stopped' })).kind, kind, what);
    }
    for (const spoil of [
      (a: Acts) => (a.lease = false),
      (a: Acts) => (a.cloud.fails.stop = 'CLOUD_CONFLICT'),
      (a: Acts) => (a.cloud.fails.acts = 'CLOUD_TIMEOUT'),
    ]) {
      const a = new Acts();
      a.cloud.asked = [byOwner];
      spoil(a);
      assert.equal((await a.perform(stop)).kind, 'revive-failed');
    }
  });
});
