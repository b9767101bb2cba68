import { type ClusterPolicy, defaultClusterPolicy, type FleetGroup, type Resources, type Topology } from '@lifeboat/contracts';
import { type ClusterId, clusterId, type HostId, hostId, type RackId, rackId, vmId } from '@lifeboat/kernel';
import type { HostSpec, Region, VmSpec } from './model.ts';
import { Prng } from './prng.ts';

export interface RegionOptions {
  readonly seed: number;
  readonly name?: string;
  readonly clusters: number;
  /** How many of the clusters (the last ones) are high-performance. */
  readonly highPerformanceClusters?: number;
  readonly racks: number;
  readonly hosts: number;
  readonly vms: number;
  /** A switched power strip beside each BMC: a second fence method. */
  readonly hostVcpus?: number;
  readonly powerStrips?: boolean;
  readonly hostMemoryMb?: number;
  /** Shares of all VMs. */
  readonly ownerStopped?: number;
  readonly unevacuable?: number;
  readonly antiAffinityGroups?: number;
  readonly policy?: Partial<ClusterPolicy>;
  readonly brake?: Topology['brake'];
}

export const embeddedRegion = {
  seed: 2026,
  name: 'demo',
  clusters: 3,
  highPerformanceClusters: 1,
  racks: 6,
  hosts: 60,
  vms: 1200,
  powerStrips: true,
  ownerStopped: 0.03,
  unevacuable: 0.01,
  antiAffinityGroups: 12,
} as const satisfies RegionOptions;
export const simulatedRegion = {
  seed: 1,
  name: 'sim',
  clusters: 2,
  racks: 3,
  hosts: 8,
  vms: 16,
  powerStrips: true,
  ownerStopped: 0.1,
  unevacuable: 0.05,
  antiAffinityGroups: 1,
} as const satisfies RegionOptions;

const flavors: readonly Resources[] = [
  { vcpus: 1, memoryMb: 2048, diskGb: 20 },
  { vcpus: 2, memoryMb: 4096, diskGb: 40 },
  { vcpus: 4, memoryMb: 8192, diskGb: 80 },
  { vcpus: 8, memoryMb: 16384, diskGb: 160 },
];
/** What businesses run: how often, which flavors, how urgent, how many of them want fast hardware. */
const businesses = [
  { type: 'web', weight: 30, flavors: [0, 1, 1, 2], priority: 300, high: 0.05 },
  { type: 'app', weight: 22, flavors: [1, 2, 2], priority: 300, high: 0.1 },
  { type: 'billing-db', weight: 8, flavors: [2, 3], priority: 100, high: 0.7 },
  { type: 'customer-db', weight: 6, flavors: [2, 3], priority: 100, high: 0.5 },
  { type: 'cache', weight: 10, flavors: [1, 2], priority: 200, high: 0.3 },
  { type: 'queue', weight: 6, flavors: [1, 2], priority: 200, high: 0.2 },
  { type: 'voice', weight: 6, flavors: [1, 2], priority: 50, high: 0.6 },
  { type: 'batch', weight: 8, flavors: [1, 2, 3], priority: 800, high: 0 },
  { type: '', weight: 4, flavors: [0, 1], priority: 500, high: 0 },
] as const;
const unevacuableReasons = ['PCI passthrough device', 'local NVMe disk', 'vTPM'] as const;

/** A region built from a seed: always the same one for the same options. */
export function region(options: RegionOptions): Region {
  const prng = new Prng(options.seed).fork('region');
  const fast = options.highPerformanceClusters ?? (options.clusters >= 3 ? 1 : 0);
  const clusters = Array.from({ length: options.clusters }, (_, i) => {
    const highPerformance = i >= options.clusters - fast;
    return { cluster: clusterId(highPerformance ? `fast-${i - (options.clusters - fast) + 1}` : `cluster-${i + 1}`), highPerformance };
  });
  const racks = Array.from({ length: options.racks }, (_, i) => rackId(`rack-${i + 1}`));
  const hosts = makeHosts(options, clusters, racks);
  const { vms, groups } = makeVms(options, hosts, prng);
  return { topology: makeTopology(options, clusters, racks, hosts), hosts, vms, groups };
}

type Clusters = readonly { cluster: ClusterId; highPerformance: boolean }[];

/** A high-performance cluster gets half a share of the hosts; each cluster stands in every rack as evenly as can be. */
function makeHosts(options: RegionOptions, clusters: Clusters, racks: readonly RackId[]): HostSpec[] {
  const weights = clusters.map((c) => (c.highPerformance ? 1 : 2));
  const total = weights.reduce((a, b) => a + b, 0);
  let given = 0;
  let upTo = 0;
  const hosts: HostSpec[] = [];
  for (const [i, c] of clusters.entries()) {
    upTo += weights[i] as number;
    const until = Math.round((options.hosts * upTo) / total);
    for (; given < until; given++) {
      const rack = given % racks.length;
      const n = Math.floor(given / racks.length) + 1;
      hosts.push({
        host: hostId(`compute-${String(given + 1).padStart(2, '0')}`),
        cluster: c.cluster,
        rack: racks[rack] as RackId,
        highPerformance: c.highPerformance,
        // 32 (or 64) cores at 4:1 (2:1), memory 1:1 less 16 GB for the host itself
        capacity: {
          vcpus: options.hostVcpus ?? 128,
          memoryMb: options.hostMemoryMb ?? (c.highPerformance ? 368_000 : 184_000),
          diskGb: c.highPerformance ? 8000 : 4000,
        },
        managementAddress: `10.10.${rack + 1}.${n}`,
        productionAddress: `10.20.${rack + 1}.${n}`,
        fences: options.powerStrips === true ? ['bmc', 'strip'] : ['bmc'],
      });
    }
  }
  return hosts;
}

function makeVms(options: RegionOptions, hosts: readonly HostSpec[], prng: Prng): { vms: VmSpec[]; groups: FleetGroup[] } {
  const bag = businesses.flatMap((b) => new Array<(typeof businesses)[number]>(b.weight).fill(b));
  const used = new Map<HostId, Resources>(hosts.map((h) => [h.host, { vcpus: 0, memoryMb: 0, diskGb: 0 }]));
  const groups: FleetGroup[] = Array.from({ length: options.antiAffinityGroups ?? 0 }, (_, i) => ({
    group: `group-${i + 1}`,
    policy: 'anti-affinity',
    maxServersPerHost: 1,
  }));
  const vms: VmSpec[] = [];
  const seatOf = seating(hosts, used);
  for (let i = 0; i < options.vms; i++) {
    const b = prng.pick(bag);
    const size = flavors[prng.pick(b.flavors)] as Resources;
    const performance = prng.chance(b.high) ? 'high' : 'standard';
    // three members a group, the first VMs of the list
    const group = groups[Math.floor(i / 3)]?.group;
    const host = seatOf(size, performance, (h) => group === undefined || !vms.some((v) => v.host === h && v.group === group));
    if (host === undefined) throw new Error(`region: no room for VM ${i + 1} of ${options.vms}: give it more or larger hosts`);
    vms.push({
      vm: vmId(prng.uuid()),
      name: `${b.type === '' ? 'vm' : b.type}-${String(i + 1).padStart(4, '0')}`,
      host,
      size,
      businessType: b.type,
      performance,
      priority: b.priority,
      ownerStopped: prng.chance(options.ownerStopped ?? 0),
      ...(group === undefined ? {} : { group }),
      ...(prng.chance(options.unevacuable ?? 0) ? { unevacuable: prng.pick(unevacuableReasons) } : {}),
    });
  }
  return { vms, groups };
}

/** Fills hosts in turn, least memory first; demanding VMs go to fast hosts while these are less than half full. */
function seating(hosts: readonly HostSpec[], used: Map<HostId, Resources>) {
  const usedOf = (h: HostSpec) => used.get(h.host) as Resources;
  const share = (h: HostSpec) => usedOf(h).memoryMb / h.capacity.memoryMb;
  return (size: Resources, performance: string, allowed: (h: HostId) => boolean): HostId | undefined => {
    const fits = (h: HostSpec) =>
      usedOf(h).vcpus + size.vcpus <= h.capacity.vcpus &&
      usedOf(h).memoryMb + size.memoryMb <= h.capacity.memoryMb &&
      usedOf(h).diskGb + size.diskGb <= h.capacity.diskGb;
    const fast = performance === 'high' ? hosts.filter((h) => h.highPerformance && share(h) < 0.5) : [];
    const candidates = (fast.length > 0 ? fast : hosts.filter((h) => !h.highPerformance)).filter((h) => allowed(h.host) && fits(h));
    const best = candidates.reduce<HostSpec | undefined>((a, b) => (a === undefined || share(b) < share(a) ? b : a), undefined);
    if (best === undefined) return undefined;
    const u = usedOf(best);
    used.set(best.host, { vcpus: u.vcpus + size.vcpus, memoryMb: u.memoryMb + size.memoryMb, diskGb: u.diskGb + size.diskGb });
    return best.host;
  };
}

function makeTopology(options: RegionOptions, clusters: Clusters, racks: readonly RackId[], hosts: readonly HostSpec[]): Topology {
  const fence = (h: HostSpec) => [
    {
      name: 'bmc',
      agent: 'fence_redfish',
      parameters: { ip: h.managementAddress.replace('10.10.', '10.30.'), username: 'lifeboat', password: '${env:BMC_PASSWORD}' },
      timeLimitMs: 20_000,
    },
    ...(options.powerStrips === true
      ? [
          {
            name: 'strip',
            agent: 'fence_apc_snmp',
            parameters: { ip: `10.31.${h.managementAddress.split('.')[2]}.1`, plug: h.managementAddress.split('.')[3] as string },
            timeLimitMs: 20_000,
          },
        ]
      : []),
  ];
  return {
    region: options.name ?? 'region',
    clusters: clusters.map((c) => ({ ...c, policy: { ...defaultClusterPolicy, ...options.policy }, contacts: ['operator'] })),
    racks: racks.map((rack, i) => ({ rack, room: `room-${1 + Math.floor(i / 3)}` })),
    hosts: hosts.map((h) => ({
      host: h.host,
      cluster: h.cluster,
      rack: h.rack,
      highPerformance: h.highPerformance,
      managementAddress: h.managementAddress,
      productionAddress: h.productionAddress,
      fence: fence(h),
    })),
    contacts: [{ name: 'operator', email: 'operator@example.org', phone: '+15550100' }],
    ...(options.brake === undefined ? {} : { brake: options.brake }),
  };
}
