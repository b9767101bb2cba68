import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostId, VmId } from '@lifeboat/kernel';
import { driven, smallWorld } from './testing.ts';

type Small = ReturnType<typeof smallWorld>;
/** A host without power that Nova has been told is down. */
const deadHost = async (options: Parameters<typeof smallWorld>[0] = {}) => {
  const small = smallWorld(options);
  await small.clock.runFor(1_000);
  small.world.powerOff(small.host(0));
  small.nova.forceDown(small.host(0));
  const vms = small.nova.serversOn(small.host(0)).map((s) => s.vm);
  assert.ok(vms.length >= 2);
  return { ...small, vms: vms as [VmId, VmId, ...VmId[]], dead: small.host(0) };
};
const server = (s: Small, vm: VmId) => {
  const found = s.nova.server(vm);
  assert.ok(found);
  return found;
};
const recordsOf = (s: Small, vm: VmId) => s.nova.migrations.filter((m) => m.vm === vm).map((m) => m.status);
const rules = (s: Small) => [...new Set(s.world.violations.map((v) => v.rule))];
/** Until the rebuild of the VM goes on on its target. */
const building = async (s: Small, vm: VmId) => {
  while (!recordsOf(s, vm).includes('pre-migrating')) await s.clock.runFor(50);
};
const running = (s: Small, vm: VmId): HostId[] => [...s.world.vm(vm).copies.keys()];

describe('Nova: what it believes', () => {
  it('calls a silent service down after a minute, not before', async () => {
    const s = smallWorld();
    await s.clock.runFor(30_000);
    s.world.powerOff(s.host(0));
    const up = () => s.nova.usable(s.host(0));
    await s.clock.runFor(49_000);
    assert.equal(up(), true);
    await s.clock.runFor(12_000);
    assert.equal(up(), false);
  });
  it('calls a host that is cut off from the management network down too, though its guests run', async () => {
    const s = smallWorld();
    const vm = s.firstVmOn(0);
    s.world.cutManagement(s.host(0));
    await s.clock.runFor(61_000);
    assert.equal(s.nova.usable(s.host(0)), false);
    assert.deepEqual(running(s, vm), [s.host(0)]);
    s.world.heal(s.host(0));
    await s.clock.runFor(11_000);
    assert.equal(s.nova.usable(s.host(0)), true);
  });
  it('hangs over disabling a dead host that it believes up; after force-down it does not', async () => {
    const s = smallWorld();
    await s.clock.runFor(1_000);
    s.world.powerOff(s.host(0));
    const began = s.clock.now();
    const hung = await driven(s.clock, s.cloud.disable(s.host(0), 'test'));
    assert.equal(hung.ok ? 'ok' : hung.code, 'CLOUD_TIMEOUT');
    assert.ok(s.clock.now() - began >= 30_000);
    assert.equal(s.nova.service(s.host(0))?.enabled, false, 'it was taken at once');
    s.nova.forceDown(s.host(0));
    assert.equal((await driven(s.clock, s.cloud.disable(s.host(0), 'test'))).ok, true);
  });
  it('calls guests that a rebooted host lost stopped', async () => {
    const s = smallWorld();
    const vm = s.firstVmOn(0);
    s.world.powerOff(s.host(0));
    s.world.powerOn(s.host(0));
    await s.clock.runFor(180_000);
    assert.deepEqual([server(s, vm).vmState, server(s, vm).host, running(s, vm)], ['stopped', s.host(0), []]);
  });
});

describe('Nova: evacuation', () => {
  it('answers first and works later: the host switches near the end, and both providers hold the VM until the old host is back', async () => {
    const s = await deadHost();
    const [vm] = s.vms;
    assert.equal(s.nova.evacuate(vm, s.host(1), 'test').ok, true);
    assert.deepEqual([server(s, vm).task, server(s, vm).host, recordsOf(s, vm)], ['rebuilding', s.dead, ['accepted']]);
    await building(s, vm);
    assert.equal(server(s, vm).host, s.dead);
    await s.clock.runFor(10_000);
    assert.deepEqual([server(s, vm).task, server(s, vm).vmState, server(s, vm).host], [null, 'active', s.host(1)]);
    assert.deepEqual([recordsOf(s, vm), running(s, vm)], [['done'], [s.host(1)]]);
    assert.deepEqual(s.nova.placing.providersOf(vm), [s.dead, s.host(1)]);
    const refused = s.nova.clearForcedDown(s.dead);
    assert.equal(refused.ok ? 'ok' : refused.code, 'CLOUD_CONFLICT');
    s.world.powerOn(s.dead);
    await s.clock.runFor(120_000);
    assert.deepEqual([recordsOf(s, vm), s.nova.placing.providersOf(vm)], [['completed'], [s.host(1)]]);
    assert.equal(s.nova.clearForcedDown(s.dead).ok, true);
    assert.deepEqual(rules(s), []);
  });
  it('puts a VM into error on its old host when no host will take it, and takes it again afterwards', async () => {
    const s = await deadHost();
    const [vm] = s.vms;
    s.nova.disable(s.host(1), 'test');
    s.nova.evacuate(vm, s.host(1), 'test');
    await s.clock.runFor(5_000);
    assert.deepEqual([server(s, vm).vmState, server(s, vm).host, server(s, vm).task, recordsOf(s, vm)], ['error', s.dead, null, ['error']]);
    s.nova.evacuate(vm, null, 'test');
    await s.clock.runFor(20_000);
    assert.deepEqual([server(s, vm).vmState, recordsOf(s, vm)], ['active', ['error', 'done']]);
    assert.deepEqual(rules(s), []);
  });
  it('respects the room that Placement knows of', async () => {
    const s = await deadHost({ hostMemoryMb: 50_000, vms: 30 });
    const [vm] = s.vms;
    const full = [...s.world.hosts.keys()].slice(1).find((h) => s.nova.placing.refusal(vm, h, (x) => s.nova.usable(x)) === null);
    assert.ok(full);
    let n = 0;
    while (s.nova.placing.refusal(vm, full, (x) => s.nova.usable(x)) === null) {
      const size = { vcpus: 8, memoryMb: 16_384, diskGb: 160 };
      s.nova.boot({ ...s.world.vm(vm).spec, vm: s.world.prng.uuid() as VmId, host: full, size, name: `filler-${n++}` });
    }
    s.nova.evacuate(vm, full, 'test');
    await s.clock.runFor(5_000);
    assert.deepEqual(recordsOf(s, vm), ['error']);
  });
  it('breaks a VM for good that is evacuated twice at once, which is a violation', async () => {
    const s = await deadHost();
    const [vm] = s.vms;
    s.nova.evacuate(vm, s.host(1), 'm1');
    await s.clock.runFor(100);
    assert.equal(s.nova.evacuate(vm, s.host(1), 'm2').ok, true);
    await s.clock.runFor(120_000);
    assert.deepEqual([server(s, vm).vmState, server(s, vm).task], ['error', 'rebuilding']);
    assert.deepEqual(recordsOf(s, vm).sort(), ['accepted', 'failed']);
    assert.ok(rules(s).includes('no-double-evacuate'));
    assert.match(s.world.violations[0]?.text ?? '', /m2 asked Nova to evacuate VM .* while an evacuation of it was under way/);
    s.nova.resetToError(vm);
    assert.deepEqual([server(s, vm).task, s.nova.underWay(vm)], [null, false]);
  });
  it('runs a VM twice when its old host was not dead', async () => {
    const s = smallWorld();
    const vm = s.firstVmOn(0);
    s.world.cutManagement(s.host(0));
    await s.clock.runFor(70_000);
    assert.equal(s.nova.evacuate(vm, s.host(1), 'test').ok, true, 'Nova does not ask whether it is dead');
    await s.clock.runFor(20_000);
    assert.deepEqual(running(s, vm).sort(), [s.host(0), s.host(1)]);
    assert.deepEqual(rules(s), ['runs-once']);
  });
  it('leaves a VM in rebuild for ever when its target dies in the middle; a reset frees it', async () => {
    const s = await deadHost();
    const [vm] = s.vms;
    s.nova.evacuate(vm, s.host(1), 'test');
    await building(s, vm);
    s.world.powerOff(s.host(1));
    await s.clock.runFor(300_000);
    s.world.powerOn(s.host(1));
    await s.clock.runFor(300_000);
    assert.deepEqual(
      [server(s, vm).task, server(s, vm).host, recordsOf(s, vm)],
      ['rebuild_block_device_mapping', s.dead, ['pre-migrating']],
    );
    s.nova.resetToError(vm);
    s.nova.evacuate(vm, s.host(2), 'test');
    await s.clock.runFor(20_000);
    assert.deepEqual([server(s, vm).vmState, running(s, vm)], ['active', [s.host(2)]]);
    assert.deepEqual(rules(s), []);
  });
  it('holds the message for a target that died before Nova knew, and builds when it is back', async () => {
    const s = await deadHost();
    const [vm] = s.vms;
    s.world.killCompute(s.host(1));
    s.nova.evacuate(vm, s.host(1), 'test');
    await s.clock.runFor(200_000);
    assert.deepEqual([server(s, vm).task, recordsOf(s, vm)], ['rebuilding', ['accepted']]);
    assert.equal(s.nova.underWay(vm), true);
    s.world.startCompute(s.host(1));
    await s.clock.runFor(20_000);
    assert.deepEqual([server(s, vm).host, recordsOf(s, vm)], [s.host(1), ['done']]);
  });
  it('drops a held message whose VM was reset and went elsewhere meanwhile', async () => {
    const s = await deadHost();
    const [vm] = s.vms;
    s.world.killCompute(s.host(1));
    s.nova.evacuate(vm, s.host(1), 'test');
    await s.clock.runFor(5_000);
    s.nova.resetToError(vm);
    s.nova.evacuate(vm, s.host(2), 'test');
    await s.clock.runFor(30_000);
    s.world.startCompute(s.host(1));
    await s.clock.runFor(30_000);
    assert.deepEqual([running(s, vm), recordsOf(s, vm)], [[s.host(2)], ['failed', 'done']]);
    assert.deepEqual(rules(s), []);
  });
  it('checks anti-affinity again on the target: of two at once the second fails and keeps its state', async () => {
    const s = await deadHost();
    const [a, b] = s.vms;
    const group = { group: 'pair', policy: 'anti-affinity' as const, maxServersPerHost: 1 };
    (s.world.groups as (typeof group)[]).push(group);
    for (const vm of [a, b]) (s.world.vm(vm).spec as { group?: string }).group = 'pair';
    s.nova.evacuate(a, s.host(1), 'test');
    s.nova.evacuate(b, s.host(1), 'test');
    await s.clock.runFor(30_000);
    assert.deepEqual([recordsOf(s, a)[0], recordsOf(s, b)[0]].sort(), ['done', 'failed']);
    const refused = recordsOf(s, a)[0] === 'failed' ? a : b;
    assert.deepEqual([server(s, refused).vmState, server(s, refused).host, server(s, refused).task], ['active', s.dead, null]);
    s.nova.evacuate(refused, s.host(1), 'test');
    await s.clock.runFor(10_000);
    assert.deepEqual(recordsOf(s, refused), ['failed', 'error'], 'the scheduler sees it this time');
  });
  it('closes records of a returned host, also of evacuations under way', async () => {
    const s = await deadHost();
    const [vm] = s.vms;
    s.world.killCompute(s.host(1));
    s.nova.evacuate(vm, s.host(1), 'test');
    s.world.powerOn(s.dead);
    await s.clock.runFor(120_000);
    assert.deepEqual([recordsOf(s, vm), server(s, vm).host], [['completed'], s.dead]);
  });
  it('keeps a stopped VM stopped on its new host', async () => {
    const s = smallWorld();
    const vm = s.firstVmOn(0);
    assert.equal(s.nova.ownerStops(vm), true);
    await s.clock.runFor(5_000);
    s.world.powerOff(s.host(0));
    s.nova.forceDown(s.host(0));
    s.nova.evacuate(vm, s.host(1), 'test');
    await s.clock.runFor(20_000);
    assert.deepEqual([server(s, vm).vmState, server(s, vm).host, running(s, vm)], ['stopped', s.host(1), []]);
  });
  it('ends an evacuation whose VM its owner deleted, and runs nothing of it', async () => {
    const s = await deadHost();
    const [vm] = s.vms;
    s.nova.evacuate(vm, s.host(1), 'test');
    await building(s, vm);
    assert.equal(s.nova.ownerDeletes(vm), true);
    await s.clock.runFor(20_000);
    assert.deepEqual([running(s, vm), recordsOf(s, vm), s.nova.server(vm)], [[], ['failed'], undefined]);
  });
  it('builds only so many at once', async () => {
    const s = smallWorld({ vms: 72, hosts: 4, hostMemoryMb: 368_000 });
    s.world.powerOff(s.host(0));
    s.nova.forceDown(s.host(0));
    for (const v of s.nova.serversOn(s.host(0))) s.nova.evacuate(v.vm, s.host(1), 'test');
    let most = 0;
    for (let i = 0; i < 200; i++) {
      await s.clock.runFor(100);
      most = Math.max(most, s.nova.work.filter((w) => w.phase === 'building').length);
    }
    assert.equal(most, 10);
    assert.equal(s.nova.serversOn(s.host(0)).length, 0);
  });
});

describe('Nova: an API that fails', () => {
  it('may have taken a call that got no answer, or an error', async () => {
    const s = await deadHost();
    s.nova.api.timingOut = 1;
    const codes = new Set<string>();
    for (const vm of s.vms) {
      const answer = await driven(s.clock, s.cloud.evacuate(vm, s.host(1)));
      codes.add(answer.ok ? 'ok' : answer.code);
    }
    assert.deepEqual([...codes], ['CLOUD_TIMEOUT']);
    s.nova.api.timingOut = 0;
    s.nova.api.failing = 1;
    const failing = await driven(s.clock, s.cloud.computeServices());
    assert.equal(failing.ok ? 'ok' : failing.code, 'CLOUD_FAILED');
  });
  it('cannot be reached when it is away, or when the caller is cut off', async () => {
    const s = smallWorld();
    s.nova.api.away = true;
    const away = await driven(s.clock, s.cloud.fleet());
    assert.equal(away.ok ? 'ok' : away.code, 'CLOUD_UNREACHABLE');
    s.nova.api.away = false;
    s.world.cutObserver('migrator-1', true);
    const cut = await driven(s.clock, s.cloud.fleet());
    assert.equal(cut.ok ? 'ok' : cut.code, 'CLOUD_UNREACHABLE');
    s.world.healObserver('migrator-1');
    assert.equal((await driven(s.clock, s.cloud.fleet())).ok, true);
  });
});
