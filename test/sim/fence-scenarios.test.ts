import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId } from '@lifeboat/kernel';
import { movedOnce, nobodyMoved, play } from './scenario.ts';
import type { SimulationChoices, Stage } from './simulate.ts';
import { alpha, tell } from './stories.ts';
import { busThatAlters, typeOf } from './without.ts';

const cut = (s: Stage, host = alpha) => {
  s.world.cutManagement(host);
  s.world.cutProduction(host);
};
const cutAll = (s: Stage, hosts: readonly (typeof alpha)[]) => {
  for (const h of hosts) cut(s, h);
};
/** At most 3 of 8 hosts at once, and 2 of a cluster's 4. */
const brake = { clusterShare: 0.5, regionShare: 0.4, hosts: 3 };
const plain = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };

describe('Scenarios of isolation and of the brake (numbers as in the notes on peers, 4.2)', () => {
  it('19. more hosts of the region fail at once than the brake allows: all are held in one alert, none is let through first', async () => {
    const t = await play({
      healMs: 90_000,
      more: { region: { ...plain, brake } },
      happens: (s) => s.at(10_000, () => cutAll(s, ['compute-01', 'compute-02', 'compute-05', 'compute-06'].map(hostId))),
      story: `
        13 s .. 40 s   fault-correlator  nothing is done: brake: 4 of 8 hosts of the region at once
        90 s .. 130 s  fault-correlator  is well again
        never  migrator  is proven dead`,
    });
    nobodyMoved(t);
    assert.deepEqual(
      t.of('lifeboat.fault.held').map((e) => e.data.hosts.length),
      [4],
    );
  });

  it('19. a slow cascade, one host every 40 s, and none of them can be isolated yet: the one that is too many is held', async () => {
    const hosts = ['compute-01', 'compute-02', 'compute-05', 'compute-06'].map(hostId);
    const t = await play({
      healMs: 220_000,
      more: { region: { ...plain, brake } },
      happens: (s) => {
        for (const h of hosts) for (const f of s.world.host(h).fences.values()) f.reachable = false;
        for (const [i, h] of hosts.entries()) s.at(10_000 + 40_000 * i, () => cut(s, h));
      },
      story: `
        13 s .. 45 s    fault-correlator  host failure at compute-01
        53 s .. 85 s    fault-correlator  host failure at compute-02
        93 s .. 125 s   fault-correlator  host failure at compute-05
        133 s .. 170 s  fault-correlator  compute-06 look dead, nothing is done: brake: 4 of 8 hosts of the region at once`,
    });
    const before = t.of('lifeboat.fault.held')[0]?.time ?? 0;
    assert.ok(t.of('lifeboat.fault.confirmed').every((e) => e.data.hosts[0] !== 'compute-06' || e.time > before + 50_000));
  });

  it('19. one cluster is over its budget: it alone is held, a host of another cluster that fails with it is evacuated', async () => {
    const t = await play({
      healMs: 90_000,
      more: { region: { ...plain, hosts: 12, vms: 24, brake: { clusterShare: 0.4, regionShare: 0.4, hosts: 10 } } },
      happens: (s) => s.at(10_000, () => cutAll(s, ['compute-01', 'compute-02', 'compute-03', 'compute-07'].map(hostId))),
      story: `
        13 s .. 40 s  fault-correlator  nothing is done: brake: 3 of 6 hosts of cluster cluster-1 at once
        13 s .. 80 s  migrator          compute-07 is proven dead
        13 s .. 90 s  scheduler         incident closed
        never  migrator  compute-01 is proven dead
        never  migrator  compute-02 is proven dead
        never  migrator  compute-03 is proven dead`,
    });
    assert.deepEqual(
      t.of('lifeboat.fault.held').map((e) => e.data.hosts.length),
      [3],
    );
  });

  it('20. a kernel crashes and its host writes a dump: it is not powered off before the dump has ended, and then as usual', async () => {
    let dumped = '';
    const t = await play({
      healMs: 200_000,
      more: { region: { ...plain, policy: { kdump: { waitSeconds: 20 }, releaseAfterHealthyMs: 10_000 } } },
      happens: (s) => {
        s.world.onFact((f) => {
          if (f.kind === 'dump' && f.is !== 'said') dumped = f.is;
          if (f.kind === 'fence-order') assert.equal(dumped, 'ended', 'no power off in the middle of a dump');
        });
        s.at(10_000, () => {
          s.world.panic(alpha, { firstMs: 12_000, lastsMs: 60_000 });
          // so that it does not come back by itself: it hangs when it starts again
          s.world.host(alpha).agentBroken = true;
        });
      },
      story: `
        13 s .. 16 s    agent-watcher     agent of compute-01 is lost
        22 s .. 26 s    node-monitor      dump in-progress
        22 s .. 36 s    fault-correlator  host failure at compute-01 (agent lost, management dead, production dead, power on): it writes a crash dump
        22 s .. 60 s    notifier          VMs stay where they are
        82 s .. 115 s   fault-correlator  host failure at compute-01: agent lost, management dead, production dead, power on
        82 s .. 130 s   migrator          compute-01 is proven dead
        82 s .. 200 s   scheduler         incident closed`,
    });
    movedOnce(t, alpha);
    assert.equal(dumped, 'ended');
  });

  it('20. a dump does not end: after so long it is cut off; without one nothing is waited for but its first word', async () => {
    const policy = { kdump: { waitSeconds: 5, dumpSeconds: 30 }, releaseAfterHealthyMs: 10_000 };
    const forEver = await play({
      healMs: 150_000,
      more: { region: { ...plain, policy } },
      happens: (s) => s.at(10_000, () => s.world.panic(alpha, { firstMs: 4_000, lastsMs: 1_000_000 })),
      story: `
        13 s .. 20 s   fault-correlator  it writes a crash dump: it is powered off when that has ended, or after 30 s
        44 s .. 48 s   fault-correlator  host failure at compute-01: agent lost, management dead, production dead, power on
        44 s .. 100 s  scheduler         incident closed`,
    });
    movedOnce(forEver, alpha);
    const none = await play({
      healMs: 120_000,
      more: { region: { ...plain, policy } },
      happens: (s) => s.at(10_000, () => cut(s)),
      story: `
        15 s .. 21 s   fault-correlator  host failure at compute-01: agent lost, management dead, production dead, power on
        15 s .. 100 s  scheduler         incident closed`,
    });
    movedOnce(none, alpha);
  });

  it('21. the first fence device says that it obeyed and does nothing: read back, not believed; the second one proves it', async () => {
    const t = await play({
      healMs: 180_000,
      happens: (s) => {
        for (const f of s.world.host(alpha).fences.values()) if (f.name === 'bmc') f.ignoresOrders = true;
        s.at(10_000, () => cut(s));
      },
      story: `
        13 s .. 16 s   fault-correlator  host failure at compute-01
        13 s .. 150 s  migrator          compute-01 is proven dead
        13 s .. 180 s  scheduler         incident closed`,
    });
    movedOnce(t, alpha);
    assert.equal(t.of('lifeboat.host.isolated')[0]?.data.proof.method, 'strip');
  });

  for (const { what, set, code } of [
    { what: 'is slower than its limit', set: { slowMs: 60_000 }, code: 'FENCE_TIMEOUT' },
    { what: 'refuses (a wrong password, an error)', set: { failing: true }, code: 'FENCE_REFUSED' },
    { what: 'is unreachable', set: { reachable: false }, code: 'FENCE_UNREACHABLE' },
  ])
    it(`21. the BMC ${what}, and so is the strip for a while: the incident waits, told with ${code}; then the strip proves it`, async () => {
      const t = await play({
        healMs: 240_000,
        happens: (s) => {
          for (const f of s.world.host(alpha).fences.values()) Object.assign(f, f.name === 'bmc' ? set : { reachable: false });
          s.at(10_000, () => cut(s));
          s.once('lifeboat.isolation.failed', () => {
            for (const f of s.world.host(alpha).fences.values()) if (f.name === 'strip') f.reachable = true;
          });
        },
        story: `
          13 s .. 50 s   fault-correlator  host failure at compute-01
          15 s .. 110 s  migrator          compute-01 could not be isolated (try 1): bmc: ${code}
          15 s .. 110 s  scheduler         waiting for isolation
          20 s .. 200 s  migrator          compute-01 is proven dead
          20 s .. 230 s  scheduler         incident closed`,
      });
      movedOnce(t, alpha);
      assert.equal(t.of('lifeboat.host.isolated')[0]?.data.proof.method, 'strip');
    });

  it('21. the BMC restores the power by itself a moment later: its VMs are not started by it, and run elsewhere once', async () => {
    const t = await play({
      healMs: 240_000,
      more: { region: { ...plain, powerStrips: false, policy: { releaseAfterHealthyMs: 10_000 } } },
      happens: (s) => {
        for (const f of s.world.host(alpha).fences.values()) f.powersBackOnMs = 3_000;
        s.at(10_000, () => cut(s));
      },
      story: `
        13 s .. 20 s   fault-correlator  host failure at compute-01
        13 s .. 30 s   migrator          compute-01 is proven dead
        13 s .. 230 s  scheduler         incident closed`,
    });
    movedOnce(t, alpha);
  });

  /** It returns when the first evacuation has begun; they go on one at a time. */
  const liesAndReturns = (strip: boolean, without: Partial<SimulationChoices> = {}) =>
    tell(
      200_000,
      (s) => {
        for (const f of s.world.host(alpha).fences.values()) f.lies = f.name === 'bmc';
        s.at(10_000, () => cut(s));
        s.once('lifeboat.evacuation.started', () => s.world.heal(alpha));
      },
      {
        region: { ...plain, powerStrips: strip, policy: { releaseAfterHealthyMs: 10_000 } },
        change: { migrator: { callsMost: 1, movingMost: 1 } },
        ...without,
      },
    );

  it('21. the only fence device says off and the host stays on; it is back in the middle: nothing more moves, a person is called', async () => {
    const t = await liesAndReturns(false);
    const [found] = t.of('lifeboat.proof.contradicted');
    assert.deepEqual([found?.data.host, found?.data.proof.kind, found?.data.proof.method], [alpha, 'already-off', 'bmc']);
    const back = t.of('lifeboat.fault.cleared')[0]?.time ?? 0;
    const begun = t.of('lifeboat.evacuation.started');
    assert.ok(begun.length < t.vms.length && begun.every((e) => e.time <= back + 1_000), `${begun.length} of ${t.vms.length} were begun`);
    assert.match(
      t.of('lifeboat.isolation.failed')[0]?.data.methods[0]?.detail ?? '',
      /has called compute-01 off while that went on running/,
    );
    assert.deepEqual([t.of('lifeboat.incident.closed').length, t.of('lifeboat.host.released').length], [0, 0]);
    assert.match(t.of('lifeboat.notice.sent').at(-1)?.data.subject ?? '', /compute-01 .* it RUNS, and its VMs may run TWICE/);
  });

  it('21. ... without that rule all of them would run twice, and the incident would end as if all were well', async () => {
    const doubts = ['lifeboat.proof.contradicted', 'lifeboat.fault.cleared'];
    const bus = busThatAlters((r, reader) => (/migrator|scheduler/.test(reader) && doubts.includes(typeOf(r)) ? null : r));
    const t = await liesAndReturns(false, { wrap: { bus } });
    assert.equal(t.of('lifeboat.evacuation.started').length, t.vms.length);
    assert.equal(t.of('lifeboat.incident.closed')[0]?.data.outcome, 'evacuated');
    assert.ok(t.violations.some((v) => v.rule === 'runs-once'));
  });

  it('21. ... and its second device is honest: it is powered off by that, and everything ends as it should', async () => {
    const t = await liesAndReturns(true);
    const proofs = t.of('lifeboat.host.isolated').map((e) => e.data.proof.method);
    assert.deepEqual(proofs, ['bmc', 'strip']);
    assert.equal(t.of('lifeboat.incident.closed')[0]?.data.outcome, 'evacuated');
    movedOnce(t, alpha);
  });

  it('22. the BMCs of two hosts are mixed up: found when the agents register, told; one of them fails, and the other is not powered off for it', async () => {
    const beta = hostId('compute-02');
    const t = await play({
      healMs: 150_000,
      more: { region: { ...plain, powerStrips: false } },
      happens: (s) => {
        for (const [of, to] of [
          [alpha, beta],
          [beta, alpha],
        ] as const)
          for (const f of s.world.host(of).fences.values()) f.wiredTo = to;
        s.at(20_000, () => cut(s));
      },
      story: `
        0 s .. 10 s    node-monitor      of compute-01 (10.30.1.1) is that of compute-02: it is never used
        0 s .. 20 s    notifier          CANNOT BE FENCED
        23 s .. 26 s   fault-correlator  host failure at compute-01: agent lost, management dead, production dead, power unknown
        23 s .. 40 s   migrator          compute-01 could not be isolated (try 1): bmc: FENCE_MISCONFIGURED
        23 s .. 60 s   scheduler         waiting for isolation
        never  migrator  is proven dead`,
    });
    nobodyMoved(t);
    assert.deepEqual([t.world.host(alpha).life, t.world.host(beta).life], [1, 1], 'neither was ever powered off');
  });

  it('a host that is all alone ends its VMs where the policy says so; it is no proof: nothing moves before the fence device says off', async () => {
    const t = await play({
      healMs: 200_000,
      more: { region: { ...plain, policy: { selfIsolationMs: 12_000, releaseAfterHealthyMs: 10_000 } } },
      happens: (s) => {
        for (const f of s.world.host(alpha).fences.values()) f.reachable = false;
        s.at(10_000, () => cut(s));
        s.at(60_000, () => {
          assert.deepEqual(s.world.runningOn(alpha), [], 'its agent has ended them');
          for (const f of s.world.host(alpha).fences.values()) f.reachable = true;
        });
      },
      story: `
        13 s .. 40 s   fault-correlator  host failure at compute-01
        20 s .. 60 s   migrator          compute-01 could not be isolated
        60 s .. 120 s  migrator          compute-01 is proven dead
        60 s .. 120 s  migrator          Nova took its evacuation
        60 s .. 200 s  scheduler         incident closed`,
    });
    movedOnce(t, alpha);
  });

  it('a host that ended its VMs, being all alone, and is back before it was isolated: its incident goes on, for nothing runs there', async () => {
    const t = await play({
      healMs: 200_000,
      more: { region: { ...plain, policy: { selfIsolationMs: 12_000, releaseAfterHealthyMs: 10_000 } } },
      happens: (s) => {
        for (const f of s.world.host(alpha).fences.values()) f.reachable = false;
        s.at(10_000, () => cut(s));
        s.at(60_000, () => {
          s.world.heal(alpha);
          for (const f of s.world.host(alpha).fences.values()) f.reachable = true;
        });
      },
      story: `
        13 s .. 40 s   fault-correlator  host failure at compute-01
        60 s .. 80 s   fault-correlator  compute-01 is well again (was: host failure)
        60 s .. 200 s  scheduler         incident closed
        never  scheduler  came back before it was isolated`,
    });
    for (const vm of t.vms) assert.equal(t.world.vm(vm).copies.size, 1, `${vm} runs once`);
  });
});
