import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FleetHost, FleetVm } from '@lifeboat/contracts';
import { clusterId, hostId, rackId, vmId } from '@lifeboat/kernel';
import { planOn } from '../plan.ts';
import { CountTable } from './counts.ts';
import { FleetModel } from './fleet-model.ts';

const host = (n: number, more: Partial<FleetHost> = {}): FleetHost => ({
  host: hostId(`h${n}`),
  cluster: clusterId('c1'),
  rack: rackId(`r${n % 3}`),
  highPerformance: false,
  usable: true,
  capacity: { vcpus: 32, memoryMb: 65536, diskGb: 1000 },
  used: { vcpus: 8, memoryMb: 16384, diskGb: 100 },
  ...more,
});
const vm = (n: number, on: number, more: Partial<FleetVm> = {}): FleetVm => ({
  vm: vmId(`${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`),
  name: `vm-${n}`,
  host: hostId(`h${on}`),
  size: { vcpus: 2, memoryMb: 4096, diskGb: 20 },
  businessType: n % 2 ? 'web' : 'db',
  performance: 'standard',
  priority: 500,
  status: 'ACTIVE',
  ...more,
});
const ask = {
  failedHosts: [hostId('h0')],
  clusters: new Map([[clusterId('c1'), { policy: 'own-cluster' as const, highPerformanceClusters: [] }]]),
};
const hosts = [0, 1, 2, 3, 4, 5].map((n) => host(n));
const vms = Array.from({ length: 12 }, (_, n) => vm(n, n % 6, n % 4 === 0 ? { group: 'g' } : {}));
const groups = [{ group: 'g', policy: 'anti-affinity' as const, maxServersPerHost: 1 }];

describe('the fleet in memory', () => {
  it('plans the same after changes as when built anew', () => {
    const kept = FleetModel.of({ hosts: hosts.map((h) => ({ ...h, usable: false })), vms: [], groups: [] });
    for (let n = 20; n < 40; n++) kept.upsertVm(vm(n, n % 6, { group: 'old', businessType: `t${n}` }));
    for (const h of hosts) kept.upsertHost(h);
    for (const g of groups) kept.upsertGroup(g);
    for (const v of [...vms].reverse()) kept.upsertVm({ ...v, host: hostId('h5'), businessType: 'other' });
    for (let n = 20; n < 40; n++) kept.removeVm(vm(n, 0).vm);
    for (const v of vms) kept.upsertVm(v);
    const anew = FleetModel.of({ hosts, vms, groups });
    assert.equal(JSON.stringify(planOn(kept, ask)), JSON.stringify(planOn(anew, ask)));
    assert.equal(planOn(anew, ask).placements.length, 2);
  });

  it('follows a host to another rack and out of the fleet', () => {
    const model = FleetModel.of({ hosts, vms, groups });
    const before = model.spread.get(model.vms.types.of('web'), 1);
    model.upsertHost(host(1, { rack: rackId('r9') }));
    assert.equal(model.spread.get(model.vms.types.of('web'), 1), before - 2);
    model.removeHost(hostId('h1'));
    assert.equal(model.spread.get(model.vms.types.of('web'), 3), 0);
    assert.equal(model.layout.hosts, 5);
    assert.match(planOn(model, { ...ask, failedHosts: [hostId('h1')] }).unplaced[0]?.because ?? '', /h1 is not in the fleet/);
  });

  it('counts no change where nothing changed, and one where anything did', () => {
    const model = FleetModel.of({ hosts, vms, groups });
    const before = model.changes;
    for (const h of hosts) model.upsertHost({ ...h });
    for (const v of vms) model.upsertVm({ ...v });
    for (const g of groups) model.upsertGroup({ ...g });
    model.removeGroup('no such group');
    assert.equal(model.changes, before);
    const other: readonly Partial<FleetVm>[] = [
      { host: hostId('h2') },
      { size: { vcpus: 3, memoryMb: 4096, diskGb: 20 } },
      { businessType: 'other' },
      { performance: 'high' },
      { priority: 1 },
      { group: 'other' },
      { unevacuable: 'PCI' },
      { requiredTraits: ['T'] },
    ];
    for (const change of other) {
      const seen = model.changes;
      model.upsertVm(vm(1, 1, change));
      assert.ok(model.changes > seen, JSON.stringify(change));
      model.upsertVm(vm(1, 1));
    }
    const capacity = { vcpus: 32, memoryMb: 65536, diskGb: 1001 };
    const used = { vcpus: 8, memoryMb: 16385, diskGb: 100 };
    for (const change of [{ usable: false }, { capacity }, { used }, { traits: ['T'] }, { rack: rackId('r9') }] as Partial<FleetHost>[]) {
      const seen = model.changes;
      model.upsertHost(host(1, change));
      assert.ok(model.changes > seen, JSON.stringify(change));
      model.upsertHost(host(1));
    }
  });

  it('knows a VM whose host comes later', () => {
    const model = FleetModel.of({ hosts: [], vms, groups });
    for (const h of hosts) model.upsertHost(h);
    assert.equal(planOn(model, ask).placements.length, 2);
  });
});

describe('CountTable', () => {
  it('counts like a map, through growth and back to zero', () => {
    const table = new CountTable();
    const map = new Map<string, number>();
    for (let i = 0; i < 5000; i++) {
      const [type, rack, by] = [(i * 7919) % 311, (i * 104729) % 97, i % 3 === 0 ? -1 : 1];
      table.add(type, rack, by);
      map.set(`${type},${rack}`, (map.get(`${type},${rack}`) ?? 0) + by);
    }
    for (const [key, n] of map) {
      const [type = 0, rack = 0] = key.split(',').map(Number);
      assert.equal(table.get(type, rack), n);
    }
    assert.equal(table.get(400, 1), 0);
  });
});
