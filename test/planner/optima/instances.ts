/**
 * Instances whose exact optimum a MILP solver found (optima.json). Each is made from its family and seed alone; one dead
 * host holds all the VMs, so that the plan is a pure packing problem.
 */
import type { EvacuationPolicy, FleetGroup, FleetHost, FleetVm, Resources } from '@lifeboat/contracts';
import { clusterId, hostId, rackId } from '@lifeboat/kernel';
import type { PlanRequest } from '@lifeboat/planner';
import { type Dice, dice, uuid } from '../instances.ts';

export const families = [
  'openstack',
  'openstack-groups',
  'openstack-priorities',
  'openstack-tiers',
  'crooked',
  'adversarial',
  'adversarial-groups',
  'adversarial-tiers',
  'openstack-loose',
  'openstack-mixed',
  'adversarial-loose',
  'adversarial-priorities',
  'adversarial-mixed',
] as const;
export type Family = (typeof families)[number];

const powers: readonly [Resources, number][] = [
  [{ vcpus: 1, memoryMb: 1024, diskGb: 10 }, 20],
  [{ vcpus: 1, memoryMb: 2048, diskGb: 20 }, 25],
  [{ vcpus: 2, memoryMb: 4096, diskGb: 40 }, 25],
  [{ vcpus: 4, memoryMb: 8192, diskGb: 80 }, 18],
  [{ vcpus: 8, memoryMb: 16384, diskGb: 160 }, 8],
  [{ vcpus: 16, memoryMb: 32768, diskGb: 160 }, 4],
];

/** Sizes that leave awkward remainders: each resource is the scarce one for some flavor, two VMs fill a host. */
const odd = (d: Dice): [Resources, number][] =>
  Array.from({ length: 6 + d.below(4) }, () => [
    { vcpus: 3 + d.below(14), memoryMb: 2100 + 37 * d.below(400), diskGb: 11 + d.below(130) },
    1 + d.below(5),
  ]);

const draw = (d: Dice, flavors: readonly (readonly [Resources, number])[]): Resources => {
  let x = d.below(flavors.reduce((n, f) => n + f[1], 0));
  for (const [size, weight] of flavors) {
    if (x < weight) return size;
    x -= weight;
  }
  throw new Error('weights add up');
};

interface Plot {
  readonly hosts: number;
  readonly vms: number;
  readonly free: () => Resources;
  readonly flavors: readonly (readonly [Resources, number])[];
  readonly grouped?: number;
  readonly priorities?: readonly number[];
  readonly policy?: EvacuationPolicy;
}

const regionOf = (d: Dice, p: Plot): PlanRequest => {
  const none = { vcpus: 0, memoryMb: 0, diskGb: 0 };
  const host = (name: string, cluster: string, free: Resources, rack: number): FleetHost => ({
    host: hostId(name),
    cluster: clusterId(cluster),
    rack: rackId(`r${rack}`),
    highPerformance: cluster === 'fast',
    usable: name !== 'dead',
    capacity: free,
    used: none,
  });
  const own = p.policy === undefined ? p.hosts : Math.floor(p.hosts * 0.6);
  const hosts = Array.from({ length: p.hosts }, (_, i) => host(`h${i}`, i < own ? 'own' : 'fast', p.free(), Math.floor(i / 10)));
  const groups: FleetGroup[] = Array.from({ length: p.grouped ? 12 : 0 }, (_, g) => ({
    group: `g${g}`,
    policy: 'anti-affinity',
    maxServersPerHost: 1,
  }));
  const vms = Array.from({ length: p.vms }, (_, n): FleetVm => {
    const group = p.grouped && d.chance(p.grouped) ? { group: d.of(groups).group } : {};
    const performance = p.policy !== undefined && d.chance(0.6) ? 'high' : 'standard';
    const size = draw(d, p.flavors);
    return {
      vm: uuid(n),
      name: `vm-${n}`,
      host: hostId('dead'),
      size,
      businessType: '',
      performance,
      priority: d.of(p.priorities ?? [500]),
      status: 'ACTIVE',
      ...group,
    };
  });
  const rules = { policy: p.policy ?? 'own-cluster', highPerformanceClusters: [clusterId('fast')] } as const;
  return {
    fleet: { hosts: [...hosts, host('dead', 'own', none, 999)], vms, groups },
    failedHosts: [hostId('dead')],
    clusters: new Map([[clusterId('own'), rules]]),
  };
};

/** What is left of a host of 64 vCPU, 256 GB and 2 TB that runs VMs of the same flavors, nearly full. */
const leftOf = (d: Dice): Resources => {
  const free = { vcpus: 64, memoryMb: 131072, diskGb: 1280 };
  const stop = d.of([0.75, 0.85, 0.9, 0.95]);
  for (let misses = 0; misses < 3 && free.memoryMb > 131072 * (1 - stop); ) {
    const v = draw(d, powers);
    if (v.vcpus > free.vcpus || v.memoryMb > free.memoryMb || v.diskGb > free.diskGb) misses += 1;
    else {
      free.vcpus -= v.vcpus;
      free.memoryMb -= v.memoryMb;
      free.diskGb -= v.diskGb;
    }
  }
  return free;
};

/** Power-of-two flavors, but each resource left over by chance alone: harder than any real region. */
const whole = (d: Dice): Resources => ({ vcpus: d.below(16), memoryMb: 1024 * d.below(32), diskGb: 10 * d.below(40) });
const twoVms = (d: Dice, flavors: readonly (readonly [Resources, number])[]): Resources => {
  const [a, b] = [draw(d, flavors), draw(d, flavors)];
  const around = (n: number) => Math.max(1, Math.round(n * (0.8 + d.below(50) / 100)));
  return { vcpus: around(a.vcpus + b.vcpus), memoryMb: around(a.memoryMb + b.memoryMb), diskGb: around(a.diskGb + b.diskGb) };
};

const policies = ['own-cluster-then-high-performance', 'high-performance-then-own-cluster'] as const;
const priorities = [100, 500, 900];

/** What a family has beyond a plain one of its kind; `loose`: room for nearly all, so that only policy and groups press. */
const extras = (d: Dice, family: Family, hosts: number): Partial<Plot> => {
  switch (family) {
    case 'openstack-groups':
      return { grouped: d.of([0.05, 0.3]) };
    case 'openstack-priorities':
    case 'adversarial-priorities':
      return { priorities };
    case 'openstack-tiers':
      return { policy: d.of(policies) };
    case 'openstack-loose':
      return { vms: 100 + d.below(100), grouped: 0.1, policy: d.of(policies) };
    case 'openstack-mixed':
      return { grouped: d.of([0.05, 0.3]), priorities, policy: d.of(policies) };
    case 'adversarial-groups':
      return { grouped: 0.4 };
    case 'adversarial-tiers':
      return { policy: policies[0] };
    case 'adversarial-loose':
      return { vms: Math.round(hosts * (0.9 + d.below(30) / 100)) };
    case 'adversarial-mixed':
      return { grouped: 0.4, priorities, policy: d.of(policies) };
    default:
      return {};
  }
};

const plain = (d: Dice, family: Family): Plot => {
  if (family.startsWith('openstack')) return { hosts: 60 + d.below(60), vms: 350 + d.below(350), free: () => leftOf(d), flavors: powers };
  if (family === 'crooked') return { hosts: 60 + d.below(60), vms: 150 + d.below(250), free: () => whole(d), flavors: powers };
  const flavors = odd(d);
  const hosts = 30 + d.below(30);
  return { hosts, vms: Math.round(hosts * (1.6 + d.below(80) / 100)), free: () => twoVms(d, flavors), flavors };
};

export const instance = (family: Family, seed: number): PlanRequest => {
  const d = dice(seed * 7919 + families.indexOf(family) * 104729);
  const plot = plain(d, family);
  return regionOf(d, { ...plot, ...extras(d, family, plot.hosts) });
};
