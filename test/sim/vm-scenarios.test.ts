import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VmId } from '@lifeboat/kernel';
import { movedOnce, nobodyMoved, play } from './scenario.ts';
import type { Stage } from './simulate.ts';
import { alpha } from './stories.ts';

const plain = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };
const firstOn = (s: Stage): VmId => s.world.runningOn(alpha)[0] as VmId;

describe('Scenarios of VMs (numbers as in the notes on peers, 4.2)', () => {
  it('9. a VM crashes a moment after each start: restarted in place three times, moved, and in the end left to a person', async () => {
    let vm = '' as VmId;
    const t = await play({
      healMs: 300_000,
      happens: (s) => {
        s.at(5_000, () => {
          vm = firstOn(s);
          s.world.onFact((f) => {
            if (f.kind === 'copy' && f.vm === vm && f.running) s.world.timers.after(6_000, () => s.world.crashVm(vm));
          });
        });
        s.at(10_000, () => s.world.crashVm(vm));
        s.once('lifeboat.vm.given-up', () => {
          vm = '' as VmId;
        });
      },
      story: `
        11 s .. 20 s    fault-correlator  has failed (crashed): one VM crashed: its process is gone and nobody had asked for that; its host is well
        11 s .. 20 s    scheduler         is to be brought back: hard reboot on compute-01 (try 1)
        15 s .. 60 s    scheduler         hard reboot on compute-01
        25 s .. 120 s   scheduler         hard reboot on compute-01
        60 s .. 300 s   scheduler         is to be brought back: cold move to
        90 s .. 300 s   scheduler         could not be brought back: 6 failures of it or of our tries; it fails on other hosts, too
        90 s .. 400 s   notifier          could not be brought back
        never  fault-correlator  host failure`,
    });
    const ways = t.of('lifeboat.restart.requested').map((e) => e.data.how);
    assert.deepEqual(ways, ['reboot', 'reboot', 'reboot', 'move', 'move']);
    for (const e of [...t.of('lifeboat.vm.failed'), ...t.of('lifeboat.vm.given-up')])
      assert.equal(e.data.name, t.world.vm(e.data.vm).spec.name, `${e.type}: its owner knows it by its name`);
  });

  it('23. a host fails whose VMs are in every state: each ends as it was, or as its owner wished meanwhile', async () => {
    let [stopped, deleted, crashed, hung] = ['', '', '', ''] as VmId[];
    const t = await play({
      healMs: 200_000,
      more: { region: { ...plain, vms: 64 } },
      happens: (s) => {
        s.at(10_000, () => {
          [stopped, deleted, crashed, hung] = s.world.runningOn(alpha);
          assert.ok(hung !== undefined, 'the host has at least four VMs');
          s.nova.ownerStops(stopped as VmId);
        });
        s.at(29_500, () => {
          s.world.crashVm(crashed as VmId);
          s.world.ailVm(hung as VmId, 'hung');
        });
        s.at(30_000, () => s.world.powerOff(alpha));
        s.once('lifeboat.evacuation.requested', () => s.nova.ownerDeletes(deleted as VmId));
      },
      story: `
        33 s .. 36 s   fault-correlator  host power failure at compute-01
        33 s .. 60 s   migrator          compute-01 is proven dead
        33 s .. 120 s  scheduler         incident closed`,
    });
    const [closed] = t.of('lifeboat.incident.closed');
    const ended = (vm: VmId | undefined) => closed?.data.vms.find((v) => v.vm === vm)?.outcome ?? 'not in the report';
    assert.deepEqual([ended(stopped), ended(deleted), ended(crashed), ended(hung)], ['stopped', 'gone', 'running', 'running']);
    const told = [
      ...(closed?.data.vms ?? []),
      ...t.of('lifeboat.plan.made').flatMap((e) => [...e.data.plan.placements, ...e.data.plan.unplaced]),
    ];
    for (const { vm, name } of told) assert.equal(name, t.world.vm(vm).spec.name, 'its owner knows it by its name');
    for (const vm of t.vms.filter((v) => v !== stopped && v !== deleted)) {
      const at = [...t.world.vm(vm).copies.keys()];
      assert.ok(at.length === 1 && at[0] !== alpha, `${vm} runs on ${at.join() || 'no host'}`);
    }
  });

  it('11. a host restarts by itself before it could be taken for failed: not isolated, not evacuated; what ran on it is started in place', async () => {
    let stopped = '' as VmId;
    const t = await play({
      healMs: 240_000,
      more: { region: { ...plain, vms: 64, policy: { kdump: { waitSeconds: 150 }, releaseAfterHealthyMs: 10_000 } } },
      happens: (s) => {
        s.at(5_000, () => {
          stopped = firstOn(s);
          s.nova.ownerStops(stopped);
        });
        s.at(20_000, () => s.world.panic(alpha, { firstMs: 3_000, lastsMs: 0 }));
      },
      story: `
        22 s .. 28 s    agent-watcher     agent of compute-01 is lost
        40 s .. 100 s   fault-correlator  VM failure at compute-01 (the agent came back with another boot id: the host restarted by itself): 3 VMs ended with it
        45 s .. 120 s   fault-correlator  has failed (crashed): its host restarted by itself and is well again
        45 s .. 120 s   scheduler         is to be brought back: hard reboot on compute-01 (try 1)
        45 s .. 200 s   scheduler         runs again on compute-01
        never  scheduler  incident opened
        never  migrator   is proven dead`,
    });
    nobodyMoved(t);
    for (const vm of t.vms) assert.deepEqual([...t.world.vm(vm).copies.keys()], vm === stopped ? [] : [alpha], `${vm} runs where it was`);
  });

  it('11. more hosts restart at once than the brake allows: who is back in time starts its VMs in place, the others are evacuated when it is calm', async () => {
    const hosts = ['compute-01', 'compute-02', 'compute-05', 'compute-06'].map((h) => h as typeof alpha);
    let ran: readonly VmId[] = [];
    const t = await play({
      healMs: 300_000,
      more: { region: { ...plain, vms: 64, brake: { clusterShare: 0.5, regionShare: 0.4, hosts: 3 } } },
      happens: (s) =>
        s.at(10_000, () => {
          ran = hosts.flatMap((h) => s.world.runningOn(h));
          for (const h of hosts) s.world.panic(h, { firstMs: 1_000, lastsMs: 5_000 });
        }),
      story: `
        13 s .. 40 s   fault-correlator  nothing is done: brake: 4 of 8 hosts of the region at once
        30 s .. 110 s  fault-correlator  the host restarted by itself
        40 s .. 250 s  scheduler         runs again`,
    });
    assert.ok(ran.length > 20);
    for (const vm of ran) assert.equal(t.world.vm(vm).copies.size, 1, `${vm} runs`);
  });

  it('23. a VM that its owner has locked crashes: left alone, told with the reason; what its owner does himself is no failure', async () => {
    await play({
      healMs: 60_000,
      more: { region: { ...plain, vms: 64 } },
      happens: (s) =>
        s.at(10_000, () => {
          const [locked, off] = s.world.runningOn(alpha) as [VmId, VmId];
          Object.assign(s.nova.server(locked) ?? {}, { locked: true });
          s.world.crashVm(locked);
          s.nova.ownerStops(off);
        }),
      story: `
        11 s .. 30 s  scheduler  is left alone: it is locked
        11 s .. 60 s  notifier   has failed and is left alone
        never  migrator   hard reboot done`,
    });
  });

  it('24. fifty VMs crash together on one host: all are restarted in place, a few at a time, and the host is not blamed', async () => {
    const t = await play({
      healMs: 240_000,
      more: { region: { ...plain, clusters: 1, hosts: 3, vms: 150, hostVcpus: 256, hostMemoryMb: 500_000 } },
      happens: (s) =>
        s.at(10_000, () => {
          for (const vm of s.world.runningOn(alpha)) s.world.crashVm(vm);
        }),
      story: `
        11 s .. 14 s   fault-correlator  has failed (crashed)
        11 s .. 15 s   scheduler         hard reboot on compute-01
        14 s .. 200 s  scheduler         runs again on compute-01
        never  fault-correlator  host failure
        never  scheduler         incident opened`,
    });
    assert.ok(t.vms.length >= 45, `${t.vms.length} VMs ran on the host`);
    for (const vm of t.vms) assert.deepEqual([...t.world.vm(vm).copies.keys()], [alpha], 'it runs where it was');
    assert.equal(new Set(t.of('lifeboat.vm.recovered').map((e) => e.data.vm)).size, t.vms.length);
  });

  it('24. a host fails whose VMs belong to anti-affinity groups: evacuated side by side, never two of a group on one host', async () => {
    const t = await play({
      healMs: 200_000,
      more: { region: { ...plain, clusters: 1, hosts: 8, vms: 60, antiAffinityGroups: 20 } },
      happens: (s) => s.at(10_000, () => s.world.powerOff(alpha)),
      story: `
        13 s .. 16 s   fault-correlator  host power failure at compute-01
        13 s .. 120 s  scheduler         incident closed`,
    });
    movedOnce(t, alpha);
    const seats = new Map<string, string[]>();
    for (const v of t.world.vms.values())
      if (v.spec.group !== undefined) seats.set(v.spec.group, [...(seats.get(v.spec.group) ?? []), ...v.copies.keys()]);
    assert.ok(seats.size === 20 && t.vms.some((vm) => t.world.vm(vm).spec.group !== undefined));
    for (const [group, hosts] of seats) assert.equal(new Set(hosts).size, hosts.length, `${group} on ${hosts.join()}`);
  });
});
