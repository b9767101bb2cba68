/** Seeded random regions for the planner's tests: small, crooked and often too full. */
import { evacuationPolicies, type FleetGroup, type FleetHost, type FleetVm, groupPolicies, type Resources } from '@lifeboat/contracts';
import { clusterId, type HostId, hostId, rackId, type VmId, vmId } from '@lifeboat/kernel';
import type { ClusterRules, PlanRequest } from '@lifeboat/planner';

export interface Dice {
  /** 0 … n - 1 */
  below(n: number): number;
  chance(p: number): boolean;
  of<T>(list: readonly T[]): T;
}

/** mulberry32 */
export const dice = (seed: number): Dice => {
  let a = seed >>> 0;
  const unit = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    below: (n) => Math.floor(unit() * n),
    chance: (p) => unit() < p,
    of: (list) => list[Math.floor(unit() * list.length)] as (typeof list)[number],
  };
};

export const uuid = (n: number): VmId =>
  vmId(`${(Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`);
const mixes: readonly (readonly [number, number, number])[][] = [
  [
    [1, 1024, 10],
    [1, 2048, 20],
    [2, 4096, 40],
    [4, 8192, 80],
    [8, 16384, 160],
  ],
  [
    [1, 1500, 7],
    [3, 2500, 11],
    [5, 9000, 23],
    [7, 4100, 0],
    [2, 12000, 31],
  ],
  [[2, 4096, 0]],
  [
    [0, 512, 0],
    [1, 0, 5],
    [3, 700, 0],
  ],
];
const sizeOf = ([vcpus, memoryMb, diskGb]: readonly [number, number, number]): Resources => ({ vcpus, memoryMb, diskGb });

const hostsOf = (d: Dice): FleetHost[] => {
  const clusters = 1 + d.below(4);
  const racks = 1 + d.below(6);
  const tight = d.of([0.3, 0.7, 0.9, 1]);
  return Array.from({ length: 2 + d.below(18) }, (_, i) => {
    const cluster = d.below(clusters);
    const capacity = { vcpus: d.of([8, 16, 33]), memoryMb: d.of([16384, 32768, 50000]), diskGb: d.of([100, 400, 1000]) };
    const share = (n: number) => Math.floor(n * tight * (d.below(1200) / 1000));
    return {
      host: hostId(`h${i}`),
      cluster: clusterId(`c${cluster}`),
      rack: rackId(`r${d.below(racks)}`),
      highPerformance: cluster >= 2,
      usable: !d.chance(0.1),
      capacity,
      used: { vcpus: share(capacity.vcpus), memoryMb: share(capacity.memoryMb), diskGb: share(capacity.diskGb) },
      ...(d.chance(0.1) ? { maxUnit: { vcpus: 4, memoryMb: 9000, diskGb: 100 } } : {}),
      ...(d.chance(0.2) ? { load: { memory: d.below(100) / 100, cpu: d.below(100) / 100 } } : {}),
      ...(d.chance(0.2) ? { traits: d.of([['A'], ['A', 'B'], []]) } : {}),
      ...(d.chance(0.1) ? { availabilityZone: d.of(['az1', 'az2']) } : {}),
      ...(d.chance(0.03) ? { cell: 'cell2' } : {}),
    };
  });
};

const vmsOf = (d: Dice, hosts: readonly FleetHost[], groups: readonly FleetGroup[]): FleetVm[] => {
  const mix = d.of(mixes);
  const grouped = d.of([0, 0.2, 0.6]);
  const priorities = d.of([[500], [100, 500], [0, 10, 500, 1000]]);
  const together = new Map<string, HostId>();
  const vms = Array.from(
    { length: d.below(70) },
    (_, n): FleetVm => ({
      vm: uuid(n),
      name: `vm-${n}`,
      host: d.chance(0.01) ? hostId('unknown') : d.of(hosts).host,
      size: sizeOf(d.of(mix)),
      businessType: d.of(['', 'web', 'db', 'cache', 'web']),
      performance: d.chance(0.4) ? ('high' as const) : ('standard' as const),
      priority: d.of(priorities),
      status: 'ACTIVE',
      ...(groups.length > 0 && d.chance(grouped) ? { group: d.of(groups).group } : {}),
      ...(d.chance(0.04) ? { unevacuable: 'a PCI device is attached' } : {}),
      ...(d.chance(0.05) ? { requiredTraits: d.of([['A'], ['B'], []]) } : {}),
      ...(d.chance(0.05) ? { forbiddenTraits: d.of([['A'], ['B'], []]) } : {}),
      ...(d.chance(0.05) ? { availabilityZone: 'az1' } : {}),
    }),
  );
  // Members of a hard affinity group are on one host, as Nova left them; now and then somebody forced one elsewhere.
  return vms.map((v) => {
    if (!groups.some((g) => g.group === v.group && g.policy === 'affinity') || d.chance(0.03)) return v;
    const home = together.get(v.group ?? '') ?? v.host;
    together.set(v.group ?? '', home);
    return { ...v, host: home };
  });
};

export const randomRequest = (seed: number): PlanRequest => {
  const d = dice(seed);
  const hosts = hostsOf(d);
  const groups = Array.from({ length: d.below(5) }, (_, g) => ({
    group: `g${g}`,
    policy: d.of(groupPolicies),
    maxServersPerHost: 1 + d.below(2),
  }));
  const vms = vmsOf(d, hosts, groups);
  const pickHosts = (n: number): HostId[] => [...new Set(Array.from({ length: n }, () => d.of(hosts).host))];
  const rack = d.of(hosts).rack;
  const failedHosts = d.chance(0.3) ? hosts.filter((h) => h.rack === rack).map((h) => h.host) : pickHosts(1 + d.below(3));
  const dedicated = d.of([[clusterId('c2')], [clusterId('c2'), clusterId('c3')], []]);
  const clusters = new Map<ReturnType<typeof clusterId>, ClusterRules>();
  for (const c of ['c0', 'c1', 'c2', 'c3'])
    if (!d.chance(0.03)) clusters.set(clusterId(c), { policy: d.of(evacuationPolicies), highPerformanceClusters: dedicated });
  const some = vms.filter(() => d.chance(0.3)).map((v) => v.vm);
  const moving = vms.filter((v) => !some.includes(v.vm)).slice(0, d.below(4));
  return {
    fleet: { hosts, vms, groups },
    failedHosts,
    clusters,
    ...(d.chance(0.2) ? { vms: some } : {}),
    ...(d.chance(0.2) ? { exclude: pickHosts(1) } : {}),
    ...(d.chance(0.2) ? { inFlight: new Map(pickHosts(2).map((h) => [h, { vcpus: 2, memoryMb: 3000, diskGb: 5 }])) } : {}),
    ...(d.chance(0.15) ? { arriving: new Map(moving.map((v) => [v.vm, d.of(hosts).host])) } : {}),
    ...(d.chance(0.3) ? { alternates: d.below(6) } : {}),
  };
};
