import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HostId, VmId } from '@lifeboat/kernel';
import { asking, type CloudHarness, type Context, nobody, nowhere } from './cloud.contract-tools.ts';
import { migrating } from './cloud.migrations.contract.ts';
import { refusedAs, taken } from './contract-tools.ts';

export type { CloudHarness } from './cloud.contract-tools.ts';

/**
 * What every Cloud promises. Not here on purpose: asking twice for one VM's evacuation. Nova takes the second call and
 * then breaks the VM for good; that is a property of Nova, not a promise of this port.
 */
export const cloudContract = (name: string, open: () => Promise<CloudHarness>, options: { readonly skip?: string } = {}) =>
  describe(`Cloud: ${name}`, { skip: options.skip ?? false }, () => {
    let h: CloudHarness;
    let ask: ReturnType<typeof asking>;
    const hosts = () => h.hosts as readonly [HostId, HostId, HostId, HostId];
    before(async () => {
      h = await open();
      ask = asking(h);
      assert.ok(h.hosts.length >= 4, 'the harness gives at least four hosts');
    });
    after(async () => {
      if (h !== undefined) await h.close();
    });
    const context: Context = {
      get h() {
        return h;
      },
      get ask() {
        return ask;
      },
      hosts,
    };
    looking(context);
    startingAndStopping(context);
    mendingOne(context);
    migrating(context);
    hostFailure(context);
    fleetNumbers(context);
  });

const looking = (c: Context) => {
  it('lists every host once, up and enabled', async () => {
    const all = taken(await c.h.cloud.computeServices());
    assert.equal(new Set(all.map((s) => s.host)).size, all.length);
    for (const host of c.h.hosts) {
      const s = await c.ask.service(host);
      assert.deepEqual([s.up, s.enabled, s.forcedDown], [true, true, false], `${host} up, enabled, not forced down`);
    }
  });
  it('says CLOUD_NOT_FOUND for what does not exist, never an empty answer', async () => {
    refusedAs(await c.h.cloud.vm(nobody), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.vmsOn(nowhere), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.forceDown(nowhere), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.clearForcedDown(nowhere), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.disable(nowhere, 'test'), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.enable(nowhere), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.evacuate(nobody), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.start(nobody), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.stop(nobody), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.resetToError(nobody), 'CLOUD_NOT_FOUND');
    for (const answer of [c.h.cloud.reboot(nobody), c.h.cloud.pause(nobody), c.h.cloud.unpause(nobody), c.h.cloud.confirmMove(nobody)])
      refusedAs(await answer, 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.acts(nobody), 'CLOUD_NOT_FOUND');
  });
  it('leaves out of vms() what no longer exists', async () => {
    const [vm] = (await c.h.bootVms(1, c.hosts()[0])) as [VmId];
    const seen = taken(await c.h.cloud.vms([nobody, vm]));
    assert.deepEqual(
      seen.map((v) => [v.vm, v.host, v.status, v.vmState, v.task]),
      [[vm, c.hosts()[0], 'ACTIVE', 'active', null]],
    );
    assert.deepEqual(taken(await c.h.cloud.vms([])), []);
  });
  it('reads many VMs in one question', async () => {
    const [, , third] = c.hosts();
    const booted = await c.h.bootVms(8, third);
    const seen = taken(await c.h.cloud.vms([...booted, nobody]));
    assert.deepEqual(seen.map((v) => v.vm).sort(), [...booted].sort());
    await c.h.deleteVms();
    assert.deepEqual(taken(await c.h.cloud.vms(booted)), []);
  });
  it('disables with a reason and enables', async () => {
    const [host] = c.hosts();
    taken(await c.h.cloud.disable(host, 'Lifeboat contract test'));
    assert.deepEqual([(await c.ask.service(host)).enabled, (await c.ask.service(host)).disabledReason], [false, 'Lifeboat contract test']);
    taken(await c.h.cloud.enable(host));
    assert.deepEqual([(await c.ask.service(host)).enabled, (await c.ask.service(host)).disabledReason], [true, null]);
  });
};

const startingAndStopping = (c: Context) => {
  it('stops, starts, and says CLOUD_CONFLICT to what the state does not allow', async () => {
    const [vm] = (await c.h.bootVms(1, c.hosts()[1])) as [VmId];
    refusedAs(await c.h.cloud.start(vm), 'CLOUD_CONFLICT');
    taken(await c.h.cloud.stop(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'stopped');
    taken(await c.h.cloud.start(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'active');
  });
  it('tells Nova nothing once who wanted it may not any more, and answers questions all the same', async () => {
    const [vm] = (await c.h.bootVms(1, c.hosts()[1])) as [VmId];
    let mayStill = false;
    const cloud = c.h.cloud.onlyWhile(() => mayStill);
    for (const act of [cloud.stop(vm), cloud.reboot(vm), cloud.evacuate(vm, c.hosts()[1]), cloud.disable(c.hosts()[1], 'never')])
      refusedAs(await act, 'CLOUD_UNREACHABLE');
    const seen = taken(await cloud.vm(vm));
    assert.deepEqual([seen.vmState, seen.task, taken(await cloud.acts(vm)).filter((a) => a.act !== 'create')], ['active', null, []]);
    assert.equal((await c.ask.service(c.hosts()[1])).enabled, true);
    mayStill = true;
    taken(await cloud.stop(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'stopped');
  });
  it('sets a VM to error', async () => {
    const [vm] = (await c.h.bootVms(1, c.hosts()[1])) as [VmId];
    taken(await c.h.cloud.resetToError(vm));
    assert.equal((await c.ask.settled(vm, (v) => v.vmState === 'error')).status, 'ERROR');
    await c.h.deleteVms();
  });
};

/** What brings a VM back that failed by itself. */
const mendingOne = (c: Context) => {
  it('reboots hard what is active, stopped or in error, and says who asked for what', async () => {
    const [vm] = (await c.h.bootVms(1, c.hosts()[1])) as [VmId];
    const reboots = async () => {
      taken(await c.h.cloud.reboot(vm));
      assert.equal((await c.ask.settled(vm, (v) => v.vmState === 'active')).host, c.hosts()[1]);
    };
    await reboots();
    taken(await c.h.cloud.stop(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'stopped');
    await reboots();
    taken(await c.h.cloud.resetToError(vm));
    await reboots();
    const acts = taken(await c.h.cloud.acts(vm));
    assert.deepEqual(
      acts.map((a) => a.act).filter((a) => a !== 'create'),
      ['reboot', 'resetState', 'reboot', 'stop', 'reboot'],
      'newest first',
    );
    assert.ok(acts.every((a) => a.by !== null && a.at > 0));
    assert.ok(acts.every((a) => a.act === 'create' || a.ours === true));
  });
  it('pauses and goes on; a paused one is told as such', async () => {
    const [vm] = (await c.h.bootVms(1, c.hosts()[1])) as [VmId];
    refusedAs(await c.h.cloud.unpause(vm), 'CLOUD_CONFLICT');
    taken(await c.h.cloud.pause(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'paused');
    taken(await c.h.cloud.unpause(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'active');
  });
};

/** One death of one host, told in order: each test goes on where the one before ended. */
const hostFailure = (c: Context) => {
  let vms: readonly [VmId, VmId, VmId, VmId];
  it('refuses evacuation with CLOUD_HOST_STILL_UP while Nova believes the host is up', async () => {
    const [from, to] = c.hosts();
    vms = (await c.h.bootVms(4, from)) as typeof vms;
    taken(await c.h.cloud.stop(vms[1]));
    await c.ask.settled(vms[1], (v) => v.vmState === 'stopped');
    refusedAs(await c.h.cloud.evacuate(vms[0], to), 'CLOUD_HOST_STILL_UP');
    refusedAs(await c.h.cloud.evacuate(vms[0]), 'CLOUD_HOST_STILL_UP');
  });
  it('takes the host for dead at once when forced down, as often as it is told', async () => {
    const [from] = c.hosts();
    await c.h.killCompute(from);
    taken(await c.h.cloud.forceDown(from));
    taken(await c.h.cloud.forceDown(from));
    taken(await c.h.cloud.disable(from, 'Lifeboat: contract test'));
    const s = await c.ask.service(from);
    assert.deepEqual([s.up, s.enabled, s.forcedDown], [false, false, true]);
    assert.deepEqual(
      taken(await c.h.cloud.vmsOn(from))
        .map((v) => v.vm)
        .sort(),
      [...vms].sort(),
    );
  });
  it('refuses an unknown target and the host itself', async () => {
    refusedAs(await c.h.cloud.evacuate(vms[0], nowhere), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.evacuate(vms[0], c.hosts()[0]), 'CLOUD_REFUSED');
    assert.equal(await c.ask.newestRecord(c.hosts()[0], vms[0]), undefined, 'a refusal leaves no record');
  });
  it('evacuates to the host that was named, and the record says so', async () => {
    const [from, to] = c.hosts();
    taken(await c.h.cloud.evacuate(vms[0], to));
    const record = await c.ask.ended(from, vms[0], undefined);
    assert.deepEqual([record.state, record.from, record.to], ['done', from, to]);
    const vm = await c.ask.settled(vms[0], (v) => v.vmState === 'active');
    assert.deepEqual([vm.host, vm.status, vm.fault], [to, 'ACTIVE', null]);
  });
  it('evacuates to where Nova chooses; a stopped VM stays stopped', async () => {
    const [from] = c.hosts();
    taken(await c.h.cloud.evacuate(vms[1]));
    const record = await c.ask.ended(from, vms[1], undefined);
    assert.equal(record.state, 'done');
    const vm = await c.ask.settled(vms[1], (v) => v.vmState === 'stopped');
    assert.ok(vm.host !== null && vm.host !== from && vm.host === record.to);
    assert.equal(vm.status, 'SHUTOFF');
  });
  it('takes an evacuation that no host can serve, and the record says failed', async () => {
    const [from, to, shut] = c.hosts();
    taken(await c.h.cloud.disable(shut, 'Lifeboat: contract test'));
    taken(await c.h.cloud.evacuate(vms[2], shut));
    const failed = await c.ask.ended(from, vms[2], undefined);
    assert.equal(failed.state, 'failed');
    const vm = await c.ask.settled(vms[2], (v) => v.vmState === 'error');
    assert.deepEqual([vm.host, vm.status], [from, 'ERROR']);
    assert.ok(vm.fault !== null && vm.fault.length > 0, 'Nova says why');
    taken(await c.h.cloud.enable(shut));
    taken(await c.h.cloud.evacuate(vms[2], to));
    assert.equal((await c.ask.ended(from, vms[2], failed.id)).state, 'done');
    assert.equal((await c.ask.settled(vms[2], (v) => v.vmState === 'active')).host, to);
    const records = taken(await c.h.cloud.evacuationsFrom(from)).filter((r) => r.vm === vms[2]);
    assert.deepEqual(
      records.map((r) => r.state),
      ['done', 'failed'],
      'newest first',
    );
  });
  it('counts an evacuated VM once: on its new host, not on the dead one', async () => {
    const [from, to] = c.hosts();
    assert.deepEqual(
      taken(await c.h.cloud.vmsOn(from)).map((v) => v.vm),
      [vms[3]],
    );
    const fleet = taken(await c.h.cloud.fleet());
    const dead = fleet.hosts.find((x) => x.host === from);
    assert.deepEqual(dead?.used, { vcpus: 1, memoryMb: 512, diskGb: 1 });
    assert.equal(dead?.usable, false);
    assert.ok(dead?.unusableBecause);
    assert.deepEqual(fleet.hosts.find((x) => x.host === to)?.used, (await c.h.placementSays(to)).used);
    assert.deepEqual(
      fleet.vms.filter((v) => vms.includes(v.vm) && v.host === from).map((v) => v.vm),
      [vms[3]],
    );
  });
  it('refuses to clear the forced-down mark until the returned service has cleaned up', async () => {
    const [from] = c.hosts();
    refusedAs(await c.h.cloud.clearForcedDown(from), 'CLOUD_CONFLICT');
    await c.h.startCompute(from);
    await c.ask.until('clean-up, then cleared', async () => {
      const cleared = await c.h.cloud.clearForcedDown(from);
      if (!cleared.ok) refusedAs(cleared, 'CLOUD_CONFLICT');
      return cleared.ok ? true : undefined;
    });
    taken(await c.h.cloud.clearForcedDown(from));
    taken(await c.h.cloud.enable(from));
    const s = await c.ask.until('up again', async () => {
      const seen = await c.ask.service(from);
      return seen.up ? seen : undefined;
    });
    assert.deepEqual([s.up, s.enabled, s.forcedDown], [true, true, false]);
    assert.ok(
      taken(await c.h.cloud.evacuationsFrom(from)).some((r) => r.vm === vms[0] && r.state === 'done'),
      'the record stays',
    );
    await c.h.deleteVms();
  });
};

const fleetNumbers = (c: Context) => {
  it('gives a fleet whose numbers are those of Placement, to the unit', async () => {
    const [a, b] = c.hosts();
    const [web] = (await c.h.bootVms(1, a, {
      'lifeboat:business_type': 'web',
      'lifeboat:performance': 'high',
      'lifeboat:priority': '7',
    })) as [VmId];
    const [plain, off] = (await c.h.bootVms(2, b, { HA_Enabled: 'False' })) as [VmId, VmId];
    const fleet = taken(await c.h.cloud.fleet());
    for (const host of c.h.hosts) {
      const seen = fleet.hosts.find((x) => x.host === host);
      const truth = await c.h.placementSays(host);
      assert.deepEqual({ capacity: seen?.capacity, used: seen?.used }, { capacity: truth.capacity, used: truth.used }, host);
      assert.equal(seen?.usable, true, `${host} usable: ${seen?.unusableBecause}`);
    }
    const vm = fleet.vms.find((v) => v.vm === web);
    assert.deepEqual(
      [vm?.host, vm?.size, vm?.businessType, vm?.performance, vm?.priority, vm?.status, vm?.unevacuable],
      [a, { vcpus: 1, memoryMb: 512, diskGb: 1 }, 'web', 'high', 7, 'ACTIVE', undefined],
    );
    assert.match(fleet.vms.find((v) => v.vm === plain)?.unevacuable ?? '', /HA_Enabled/);
    assert.deepEqual(
      taken(await c.h.cloud.vmsOn(b))
        .map((v) => v.vm)
        .sort(),
      [plain, off].sort(),
    );
    assert.deepEqual(
      taken(await c.h.cloud.vmsOn(b)).map((v) => v.priority),
      [500, 500],
    );
    await c.h.deleteVms();
  });
  it('tells what changed in the fleet since: booted, deleted; and the books of the hosts concerned', async () => {
    const [a, b] = c.hosts();
    const known = new Map((await c.h.bootVms(2, a)).map((vm) => [vm, a]));
    const since = c.h.now();
    const fleet = taken(await c.h.cloud.fleet());
    const hosts = new Map(fleet.hosts.map((h) => [h.host, h]));
    const follow = async () => {
      const changes = taken(await c.h.cloud.fleetChanges(since, (vm) => known.get(vm)));
      for (const h of changes.hosts) hosts.set(h.host, h);
      return changes;
    };
    const booted = await c.h.bootVms(3, b);
    const after = await follow();
    for (const vm of booted) assert.equal(after.vms.find((v) => v.vm === vm)?.host, b, 'a VM that was booted since');
    for (const vm of booted) known.set(vm, b);
    assert.deepEqual(hosts.get(b)?.used, (await c.h.placementSays(b)).used);
    taken(await c.h.cloud.disable(a, 'Lifeboat contract test'));
    await c.h.deleteVms();
    const empty = await follow();
    for (const vm of known.keys()) assert.ok(empty.gone.includes(vm), `${vm} is gone`);
    for (const vm of known.keys()) assert.ok(!empty.vms.some((v) => v.vm === vm), `${vm} is not told as being there`);
    for (const host of [a, b]) assert.deepEqual(hosts.get(host)?.used, (await c.h.placementSays(host)).used, host);
    assert.equal(hosts.get(a)?.usable, false);
    taken(await c.h.cloud.enable(a));
    await follow();
    assert.equal(hosts.get(a)?.usable, true);
  });
};
