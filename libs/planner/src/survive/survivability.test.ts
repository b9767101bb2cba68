import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FleetHost, FleetVm } from '@lifeboat/contracts';
import { clusterId, hostId, rackId, vmId } from '@lifeboat/kernel';
import { FleetModel } from '../model/fleet-model.ts';
import { Survivability, survivability } from './survivability.ts';

const host = (n: number, more: Partial<FleetHost> = {}): FleetHost => ({
  host: hostId(`h${n}`),
  cluster: clusterId('c1'),
  rack: rackId(`r${n % 2}`),
  highPerformance: false,
  usable: true,
  capacity: { vcpus: 8, memoryMb: 8192, diskGb: 100 },
  used: { vcpus: 4, memoryMb: 4096, diskGb: 40 },
  ...more,
});
const vm = (n: number, on: number, more: Partial<FleetVm> = {}): FleetVm => ({
  vm: vmId(`${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`),
  name: `vm-${n}`,
  host: hostId(`h${on}`),
  size: { vcpus: 2, memoryMb: 2048, diskGb: 20 },
  businessType: '',
  performance: 'standard',
  priority: 500,
  status: 'ACTIVE',
  ...more,
});
const rules = new Map([[clusterId('c1'), { policy: 'own-cluster' as const, highPerformanceClusters: [] }]]);
const four = () =>
  FleetModel.of({ hosts: [0, 1, 2, 3].map((n) => host(n)), vms: Array.from({ length: 8 }, (_, n) => vm(n, n % 4)), groups: [] });
const names = (list: readonly { name: string; unplaced: readonly string[] }[]) => list.map((s) => [s.name, s.unplaced.length]);

describe('survivability', () => {
  it('finds a place for every VM of every host and rack while there is one', () => {
    const all = survivability(four(), rules);
    assert.deepEqual(names(all), [
      ['h0', 0],
      ['h1', 0],
      ['h2', 0],
      ['h3', 0],
      ['r0', 0],
      ['r1', 0],
    ]);
    assert.equal(all.at(-1)?.vms, 4);
  });

  it('says after a change whose redundancy is lost and names the VMs, and when it is back', () => {
    const model = four();
    const s = new Survivability(model, rules);
    s.refresh();
    model.upsertHost(host(1, { usable: false }));
    const lost = s.refresh().changed;
    assert.deepEqual(names(lost), [['r0', 2]]);
    assert.deepEqual(names(s.lost()), [['r0', 2]]);
    model.upsertHost(host(1));
    assert.deepEqual(names(s.refresh().changed), [['r0', 0]]);
    assert.deepEqual(s.lost(), []);
  });

  it('agrees with an answer from nothing after any change', () => {
    const model = four();
    const s = new Survivability(model, rules);
    const changes: (() => void)[] = [
      () => model.upsertVm(vm(9, 0)),
      () => model.upsertVm(vm(0, 0, { unevacuable: 'vTPM' })),
      () => model.upsertHost(host(2, { used: { vcpus: 8, memoryMb: 8192, diskGb: 100 } })),
      () => model.upsertGroup({ group: 'g', policy: 'anti-affinity', maxServersPerHost: 1 }),
      () => [1, 3, 5].map((n) => model.upsertVm(vm(n, n % 4, { group: 'g' }))),
      () => model.removeVm(vm(9, 0).vm),
      () => model.removeHost(hostId('h2')),
      () => model.upsertHost(host(4)),
    ];
    for (const change of changes) {
      change();
      s.refresh();
      assert.deepEqual(
        s.all().map((x) => [x.name, x.unplaced.length, x.never.length]),
        survivability(model, rules).map((x) => [x.name, x.unplaced.length, x.never.length]),
      );
    }
  });

  it('looks at no more than it was told to, and goes on next time', () => {
    const s = new Survivability(four(), rules);
    const first = s.refresh(3);
    assert.ok(first.pending > 0);
    while (s.refresh(3).pending > 0);
    assert.equal(s.all().length, 6);
  });
});
