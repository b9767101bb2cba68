import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkAgainst, TopologySchema } from '@lifeboat/contracts';
import { embeddedRegion, region, simulatedRegion } from './region.ts';

describe('region', () => {
  it('is what it was asked for, and the same each time', () => {
    const r = region(embeddedRegion);
    assert.deepEqual([r.hosts.length, r.vms.length, r.topology.racks.length, r.topology.clusters.length], [60, 1200, 6, 3]);
    assert.equal(r.topology.clusters.filter((c) => c.highPerformance).length, 1);
    assert.deepEqual(region(embeddedRegion), r);
    assert.notDeepEqual(region({ ...embeddedRegion, seed: 1 }).vms, r.vms);
  });
  it('yields a topology that fits its schema', () => {
    for (const options of [embeddedRegion, simulatedRegion]) {
      const checked = checkAgainst(TopologySchema, region(options).topology);
      assert.ok(checked.ok, checked.ok ? '' : checked.problem);
    }
  });
  it('fills no host beyond its capacity, keeps anti-affinity, stands every cluster in every rack', () => {
    const r = region(embeddedRegion);
    for (const h of r.hosts) {
      const vms = r.vms.filter((v) => v.host === h.host);
      for (const what of ['vcpus', 'memoryMb', 'diskGb'] as const)
        assert.ok(vms.reduce((n, v) => n + v.size[what], 0) <= h.capacity[what], `${h.host} ${what}`);
      const groups = vms.flatMap((v) => v.group ?? []);
      assert.equal(new Set(groups).size, groups.length, `${h.host}: two of one group`);
      assert.ok(vms.length > 0, `${h.host} is empty`);
    }
    for (const c of r.topology.clusters) assert.equal(new Set(r.hosts.filter((h) => h.cluster === c.cluster).map((h) => h.rack)).size, 6);
  });
  it('leaves room for a whole rack to fail', () => {
    const r = region(embeddedRegion);
    const share = r.vms.reduce((n, v) => n + v.size.memoryMb, 0) / r.hosts.reduce((n, h) => n + h.capacity.memoryMb, 0);
    assert.ok(share > 0.3 && share < 0.75, `${share}`);
  });
  it('says so when the VMs do not fit', () => {
    assert.throws(() => region({ ...simulatedRegion, hosts: 1, racks: 1, clusters: 1, vms: 200, hostMemoryMb: 20_000 }), /no room for VM/);
  });
});
