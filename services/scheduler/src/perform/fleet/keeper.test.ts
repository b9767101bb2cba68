import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@lifeboat/adapters-memory';
import type { Fleet, FleetHost, FleetVm, Topology } from '@lifeboat/contracts';
import { clusterId, failed, type HostId, hostId, type Outcome, ok, rackId, type VmId, vmId } from '@lifeboat/kernel';
import type { CloudFailure, FleetChanges } from '@lifeboat/ports';
import type { RedundancySeen } from '../../effects.ts';
import { FleetKeeper } from './keeper.ts';

const topology = { region: 'r', clusters: [{ cluster: 'c' }], racks: [], hosts: [] } as unknown as Topology;
const id = (n: number): VmId => vmId(`${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`);
const size = { vcpus: 2, memoryMb: 2048, diskGb: 10 };

/** Nova with four hosts in two racks; each has room for four VMs. */
class Region {
  readonly vms = new Map<VmId, { host: HostId; task: string | null }>();
  readonly gone: VmId[] = [];
  readonly down = new Set<string>();
  readonly calls: string[] = [];
  failing = false;
  /** Lets a test do something while the whole fleet is being read. */
  meanwhile: () => Promise<void> = async () => undefined;

  boot(n: number, host: string, task: string | null = null): this {
    this.vms.set(id(n), { host: hostId(host), task });
    return this;
  }
  remove(n: number): void {
    this.vms.delete(id(n));
    this.gone.push(id(n));
  }
  on = (host: string): FleetVm[] => this.fleet().vms.filter((v) => v.host === host);
  fleet(): Fleet {
    const vms = [...this.vms].map(
      ([vm, { host, task }]): FleetVm => ({
        vm,
        name: `vm-${vm.slice(-2)}`,
        host,
        size,
        businessType: '',
        performance: 'standard',
        priority: 500,
        status: 'ACTIVE',
        ...(task === null ? {} : { notNow: `task ${task}` }),
      }),
    );
    const hosts = ['a', 'b', 'c', 'd'].map((name, i): FleetHost => {
      const n = vms.filter((v) => v.host === name).length;
      return {
        host: hostId(name),
        cluster: clusterId('c'),
        rack: rackId(i < 2 ? 'r1' : 'r2'),
        highPerformance: false,
        usable: !this.down.has(name),
        capacity: { vcpus: 8, memoryMb: 8192, diskGb: 40 },
        used: { vcpus: 2 * n, memoryMb: 2048 * n, diskGb: 10 * n },
      };
    });
    return { hosts, vms, groups: [] };
  }
}

const keeping = () => {
  const clock = new VirtualClock();
  const region = new Region();
  const answer = async <T>(call: string, ms: number, value: () => T): Promise<Outcome<T, CloudFailure>> => {
    region.calls.push(call);
    const seen = value();
    await clock.sleep(ms);
    if (call === 'fleet') await region.meanwhile();
    return region.failing ? failed('CLOUD_FAILED', 'no') : ok(seen);
  };
  const cloud = {
    fleet: () => answer('fleet', 1_000, () => region.fleet()),
    fleetChanges: () => answer('changes', 50, (): FleetChanges => ({ ...region.fleet(), gone: [...region.gone] })),
  };
  const keeper = new FleetKeeper({ cloud, clock, topology: () => topology });
  const stop = new AbortController();
  const told: RedundancySeen[] = [];
  const driven = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    void work.finally(() => {
      over = true;
    });
    while (!over) await clock.runFor(10);
    return work;
  };
  const plan = async (host: string) => {
    const there = region.on(host);
    const made = await driven(keeper.plan({ failedHosts: [hostId(host)], there, vms: there.map((v) => v.vm), exclude: [], inFlight: {} }));
    assert.ok(made.ok, made.ok ? '' : made.detail);
    return made.value;
  };
  const keep = () => void keeper.keep((seen) => told.push(seen), stop.signal);
  return { clock, region, keeper, told, plan, keep, driven, end: () => stop.abort() };
};

describe('the fleet in memory', () => {
  it('is up to date for every plan, however lately something was booted', async () => {
    const k = keeping();
    k.region.boot(1, 'a').boot(2, 'b');
    k.keep();
    await k.clock.runFor(5_000);
    // a boot storm: b, c are full now, and nobody has told us
    for (let n = 10; n < 13; n++) k.region.boot(n, 'b');
    for (let n = 20; n < 24; n++) k.region.boot(n, 'c');
    assert.deepEqual(
      (await k.plan('a')).placements.map((p) => p.to),
      ['d'],
    );
    assert.equal(k.region.calls.filter((c) => c === 'fleet').length, 1, 'no second whole reading for it');
    k.end();
  });

  it('waits for the first reading, once for all who ask', async () => {
    const k = keeping();
    k.region.boot(1, 'a');
    k.keep();
    assert.equal((await k.plan('a')).placements.length, 1);
    assert.equal(k.region.calls.filter((c) => c === 'fleet').length, 1);
    k.end();
  });

  it('is read as a whole now and then, without a plan from older knowledge: what changed meanwhile is taken in with it', async () => {
    const k = keeping();
    k.region.boot(1, 'a').boot(2, 'b');
    k.keep();
    await k.clock.runFor(599_000);
    assert.equal(k.region.calls.filter((c) => c === 'fleet').length, 1);
    let during: Promise<unknown> = Promise.resolve();
    k.region.meanwhile = async () => {
      // after the rows were read: c and d fill up, 2 goes; a plan is asked for in the middle of it
      for (let n = 30; n < 34; n++) k.region.boot(n, 'c').boot(n + 10, 'd');
      k.region.remove(2);
      during = k.keeper.plan({ failedHosts: [hostId('a')], there: k.region.on('a'), vms: [id(1)], exclude: [], inFlight: {} });
      await k.clock.sleep(500);
    };
    await k.clock.runFor(30_000);
    assert.equal(k.region.calls.filter((c) => c === 'fleet').length, 2);
    const made = (await k.driven(during)) as { ok: true; value: { placements: readonly { to: string }[] } };
    assert.deepEqual(
      made.value.placements.map((p) => p.to),
      ['b'],
    );
    k.region.meanwhile = async () => undefined;
    assert.deepEqual(
      (await k.plan('a')).placements.map((p) => p.to),
      ['b'],
    );
    assert.equal(k.keeper.figures().vms, 9, 'what was booted meanwhile is there, what was deleted is not');
    k.end();
  });

  it('puts off a VM that Nova is at work on, and says so', async () => {
    const k = keeping();
    k.region.boot(1, 'a').boot(2, 'a', 'image_uploading');
    k.keep();
    const first = await k.plan('a');
    assert.deepEqual(
      first.unplaced.map((u) => [u.vm, u.kind, u.because]),
      [[id(2), 'no-room', 'task image_uploading']],
    );
    k.region.boot(2, 'a');
    assert.deepEqual((await k.plan('a')).placements.map((p) => p.vm).sort(), [id(1), id(2)]);
    k.end();
  });

  it('gives no plan from knowledge that cannot be refreshed', async () => {
    const k = keeping();
    k.region.boot(1, 'a');
    k.keep();
    await k.clock.runFor(5_000);
    k.region.failing = true;
    const made = await k.driven(
      k.keeper.plan({ failedHosts: [hostId('a')], there: k.region.on('a'), vms: [id(1)], exclude: [], inFlight: {} }),
    );
    assert.equal(made.ok ? '' : made.code, 'CLOUD_FAILED');
    k.end();
  });
});

describe('what would happen', () => {
  it('is told when it changes, for hosts and racks, and counted', async () => {
    const k = keeping();
    for (let n = 0; n < 3; n++)
      k.region
        .boot(n, 'a')
        .boot(10 + n, 'b')
        .boot(20 + n, 'c')
        .boot(30 + n, 'd');
    k.keep();
    await k.clock.runFor(100_000);
    assert.deepEqual(
      k.told.map((t) => t.endangered.map((e) => [e.kind, e.name, e.vms, e.without])),
      [
        [
          ['rack', 'r1', 6, 4],
          ['rack', 'r2', 6, 4],
        ],
      ],
    );
    assert.deepEqual(k.told[0]?.endangered[0]?.clusters, ['c']);
    const { names = [], called } = k.told[0]?.endangered[0] ?? {};
    const byId = new Map(['a', 'b', 'c', 'd'].flatMap((h) => k.region.on(h).map((x) => [x.vm, x.name] as const)));
    assert.deepEqual([names.length, called], [4, names.map((vm) => byId.get(vm))], 'what people call them, too');
    const { racksLost, hostsLost, vmsWithoutPlace, readAt } = k.keeper.figures();
    assert.deepEqual([racksLost, hostsLost, vmsWithoutPlace], [2, 0, 8]);
    assert.ok(k.clock.now() - (readAt ?? 0) <= 20_100, 'no older than a refresh');
    for (let n = 0; n < 3; n++) k.region.remove(10 + n);
    for (let n = 1; n < 3; n++) k.region.remove(30 + n);
    await k.clock.runFor(25_000);
    assert.deepEqual(
      k.told.at(-1)?.endangered.map((e) => e.name),
      [],
    );
    k.end();
  });

  it('takes a host whose agent is silent for no refuge, and looks at once', async () => {
    const k = keeping();
    for (let n = 0; n < 4; n++)
      k.region
        .boot(n, 'a')
        .boot(10 + n, 'b')
        .boot(20 + n, 'c');
    k.keep();
    await k.clock.runFor(5_000);
    const names = () =>
      k.told
        .at(-1)
        ?.endangered.filter((e) => e.kind === 'host')
        .map((e) => e.name);
    assert.deepEqual(names(), []);
    k.keeper.hear({ shut: [hostId('d')] });
    await k.clock.runFor(1_000);
    assert.deepEqual(names(), ['a', 'b', 'c']);
    k.keeper.hear({ shut: [] });
    await k.clock.runFor(1_000);
    assert.deepEqual(names(), []);
    k.end();
  });
});
