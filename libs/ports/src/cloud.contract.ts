import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Resources } from '@lifeboat/contracts';
import { describeFailure, type FailureCode, type HostId, hostId, type Outcome, type VmId, vmId } from '@lifeboat/kernel';
import type { Cloud, CloudVm, ComputeService, EvacuationRecord } from './cloud.ts';

/** A cloud that may be hurt: what the suite needs besides the port. */
export interface CloudHarness {
  readonly cloud: Cloud;
  /** At least four hosts, up, enabled, in the fleet's topology, with room for eight VMs each. */
  readonly hosts: readonly HostId[];
  /** Boots VMs on a host and answers once they are active. Each: 1 vCPU, 512 MiB, 1 GB. */
  bootVms(count: number, host: HostId, metadata?: Readonly<Record<string, string>>): Promise<readonly VmId[]>;
  /** Deletes whatever this harness booted and waits until it is gone. */
  deleteVms(): Promise<void>;
  /** The host's compute service dies at once, with everything that ran there. */
  killCompute(host: HostId): Promise<void>;
  /** Starts it again and answers once it has reported to Nova. */
  startCompute(host: HostId): Promise<void>;
  /** Lets time pass: real in a lab, virtual in a simulation. */
  pass(ms: number): Promise<void>;
  /** What Placement itself says of a host, read apart from the adapter. */
  placementSays(host: HostId): Promise<{ readonly capacity: Resources; readonly used: Resources }>;
  close(): Promise<void>;
}

const nowhere = hostId('no-such-host');
const nobody = vmId('00000000-0000-4000-8000-000000000000');
const SETTLE_MS = 90_000;

const taken = <T>(o: Outcome<T>): T => {
  assert.ok(o.ok, o.ok ? '' : describeFailure(o));
  return o.value;
};
const refusedAs = (o: Outcome<unknown>, code: FailureCode) => {
  assert.equal(o.ok, false, `expected ${code}, was taken`);
  assert.equal(o.ok ? '' : o.code, code, o.ok ? '' : o.detail);
  assert.ok(!o.ok && o.detail.length > 0, 'a failure says what was seen');
};

/** The questions that several tests ask, with waiting in the harness's time. */
const asking = (h: CloudHarness) => {
  const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    for (let waited = 0; ; waited += 250) {
      const seen = await look();
      if (seen !== undefined) return seen;
      assert.ok(waited < SETTLE_MS, `not within ${SETTLE_MS} ms: ${what}`);
      await h.pass(250);
    }
  };
  const service = async (host: HostId): Promise<ComputeService> => {
    const found = taken(await h.cloud.computeServices()).find((s) => s.host === host);
    assert.ok(found, `computeServices() has no ${host}`);
    return found;
  };
  const newestRecord = async (from: HostId, vm: VmId): Promise<EvacuationRecord | undefined> =>
    taken(await h.cloud.evacuationsFrom(from)).find((r) => r.vm === vm);
  const ended = (from: HostId, vm: VmId, since: string | undefined) =>
    until(`evacuation of ${vm} ends`, async () => {
      const r = await newestRecord(from, vm);
      return r !== undefined && r.id !== since && r.state !== 'running' ? r : undefined;
    });
  const settled = (vm: VmId, as: (v: CloudVm) => boolean) =>
    until(`${vm} settles`, async () => {
      const v = taken(await h.cloud.vm(vm));
      return v.task === null && as(v) ? v : undefined;
    });
  return { until, service, newestRecord, ended, settled };
};

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
    hostFailure(context);
    fleetNumbers(context);
  });

interface Context {
  readonly h: CloudHarness;
  readonly ask: ReturnType<typeof asking>;
  readonly hosts: () => readonly [HostId, HostId, HostId, HostId];
}

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
  it('sets a VM to error', async () => {
    const [vm] = (await c.h.bootVms(1, c.hosts()[1])) as [VmId];
    taken(await c.h.cloud.resetToError(vm));
    assert.equal((await c.ask.settled(vm, (v) => v.vmState === 'error')).status, 'ERROR');
    await c.h.deleteVms();
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
};
