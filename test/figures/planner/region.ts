/** A seeded region for the figures: hosts in racks of 40, clusters of ten racks, every tenth cluster high-performance. */
import type { Fleet, FleetGroup, FleetHost, FleetVm, Resources } from '@lifeboat/contracts';
import { type ClusterId, clusterId, hostId, rackId } from '@lifeboat/kernel';
import type { ClusterRules } from '@lifeboat/planner';
import { dice, uuid } from '../../planner/instances.ts';

export const HOSTS_PER_RACK = 40;
const RACKS_PER_CLUSTER = 10;
const VMS_PER_HOST = 38.5;
const flavors: readonly (readonly [Resources, number])[] = [
  [{ vcpus: 1, memoryMb: 1024, diskGb: 10 }, 25],
  [{ vcpus: 1, memoryMb: 2048, diskGb: 20 }, 30],
  [{ vcpus: 2, memoryMb: 4096, diskGb: 40 }, 25],
  [{ vcpus: 4, memoryMb: 8192, diskGb: 80 }, 14],
  [{ vcpus: 8, memoryMb: 16384, diskGb: 160 }, 5],
  [{ vcpus: 16, memoryMb: 32768, diskGb: 320 }, 1],
];
const cumulated = flavors.flatMap(([size, weight]) => Array.from({ length: weight }, () => size));

export interface Region {
  readonly fleet: Fleet;
  readonly clusters: ReadonlyMap<ClusterId, ClusterRules>;
}

export interface RegionSize {
  readonly hosts: number;
  readonly seed: number;
  readonly vmsPerHost?: number;
  readonly types?: number;
  /** Hosts of one failure are in one cluster unless the whole region is one. */
  readonly oneCluster?: boolean;
  /** VMs that belong to an anti-affinity group of four. */
  readonly grouped?: number;
  readonly vcpus?: number;
}

export const region = (size: RegionSize): Region => {
  const d = dice(size.seed);
  const perHost = size.vmsPerHost ?? VMS_PER_HOST;
  const types = Array.from({ length: size.types ?? 200 }, (_, i) => `type-${i}`);
  const capacity = { vcpus: size.vcpus ?? 128, memoryMb: 262144, diskGb: 2600 };
  const clusterOf = (host: number) => (size.oneCluster ? 0 : Math.floor(host / HOSTS_PER_RACK / RACKS_PER_CLUSTER));
  const groups: FleetGroup[] = [];
  const vms: FleetVm[] = [];
  const hosts = Array.from({ length: size.hosts }, (_, h): FleetHost => {
    const used = { vcpus: 0, memoryMb: 0, diskGb: 0 };
    const target = Math.floor(perHost) + (d.chance(perHost % 1) ? 1 : 0);
    for (let i = 0; i < target; i++) {
      const flavor = d.of(cumulated);
      if (used.vcpus + flavor.vcpus > capacity.vcpus || used.memoryMb + flavor.memoryMb > capacity.memoryMb) continue;
      used.vcpus += flavor.vcpus;
      used.memoryMb += flavor.memoryMb;
      used.diskGb += flavor.diskGb;
      const n = vms.length;
      const group = d.chance(size.grouped ?? 0.05) ? { group: `g${n >> 6}` } : {};
      if (n % 64 === 0) groups.push({ group: `g${n >> 6}`, policy: 'anti-affinity', maxServersPerHost: 1 });
      vms.push({
        vm: uuid(n),
        name: `vm-${n}`,
        host: hostId(`host-${h}`),
        size: flavor,
        businessType: d.of(types),
        performance: d.chance(0.2) ? 'high' : 'standard',
        priority: d.of([100, 500, 500, 500, 900]),
        status: 'ACTIVE',
        ...group,
      });
    }
    const cluster = clusterOf(h);
    return {
      host: hostId(`host-${h}`),
      cluster: clusterId(`c${cluster}`),
      rack: rackId(`rack-${Math.floor(h / HOSTS_PER_RACK)}`),
      highPerformance: cluster % 10 === 9,
      usable: true,
      capacity,
      used,
    };
  });
  const clusters = new Map<ClusterId, ClusterRules>();
  for (const h of hosts) {
    const ten = Math.floor(Number(h.cluster.slice(1)) / 10) * 10 + 9;
    if (!clusters.has(h.cluster))
      clusters.set(h.cluster, { policy: 'own-cluster-then-high-performance', highPerformanceClusters: [clusterId(`c${ten}`)] });
  }
  return { fleet: { hosts, vms, groups }, clusters };
};
