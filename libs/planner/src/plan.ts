import type { FleetGroup, FleetHost, FleetVm, Placement, Plan, Unplaced } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import { ALTERNATES, loadOf, type PlanRequest, resources, type Tier, tiersOf } from './request.ts';

interface Target {
  readonly host: FleetHost;
  readonly position: number;
  readonly free: { vcpus: number; memoryMb: number; diskGb: number };
  memory: number;
  cpu: number;
  readonly members: Map<string, number>;
}
interface World {
  readonly hosts: readonly Target[];
  readonly byId: ReadonlyMap<string, Target>;
  readonly closed: ReadonlySet<string>;
  readonly groups: ReadonlyMap<string, FleetGroup>;
  readonly groupHosts: Map<string, Set<string>>;
  readonly spread: Map<string, number>;
}

const key = (a: string, b: string) => `${a}\u0000${b}`;
const add = <K>(m: Map<K, number>, k: K, n: number) => m.set(k, (m.get(k) ?? 0) + n);

const settle = (w: World, vm: FleetVm, t: Target, takesRoom: boolean): void => {
  if (takesRoom) for (const r of resources) t.free[r] -= vm.size[r];
  if (vm.businessType) add(w.spread, key(vm.businessType, t.host.rack), 1);
  if (!vm.group) return;
  add(t.members, vm.group, 1);
  const at = w.groupHosts.get(vm.group) ?? new Set();
  w.groupHosts.set(vm.group, at.add(t.host.host));
};

const worldOf = (q: PlanRequest, moving: ReadonlySet<string>): World => {
  const failed = new Set<string>(q.failedHosts);
  const hosts = q.fleet.hosts.map((host, position): Target => {
    const reserved = q.inFlight?.get(host.host);
    const free = { vcpus: 0, memoryMb: 0, diskGb: 0 };
    for (const r of resources) free[r] = host.capacity[r] - host.used[r] - (reserved?.[r] ?? 0);
    return { host, position, free, ...loadOf(host), members: new Map() };
  });
  const sources = q.fleet.vms.filter((v) => moving.has(v.vm)).map((v) => v.host);
  const w: World = {
    hosts,
    byId: new Map(hosts.map((t) => [t.host.host, t])),
    closed: new Set<string>([...failed, ...sources, ...(q.exclude ?? [])]),
    groups: new Map(q.fleet.groups.map((g) => [g.group, g])),
    groupHosts: new Map(),
    spread: new Map(),
  };
  for (const vm of q.fleet.vms) {
    if (moving.has(vm.vm)) continue;
    const to = q.arriving?.get(vm.vm);
    const t = w.byId.get(to ?? vm.host);
    if (t && !failed.has(t.host.host)) settle(w, vm, t, to !== undefined && to !== vm.host);
  }
  return w;
};

/** Why this host cannot take this VM; undefined when it can. */
const obstacle = (w: World, vm: FleetVm, t: Target, cell: string | undefined): string | undefined => {
  const h = t.host;
  if (w.closed.has(h.host) || !h.usable) return 'failed, excluded or not usable';
  if (h.cell !== cell) return 'in another Nova cell';
  if (vm.availabilityZone !== undefined && h.availabilityZone !== vm.availabilityZone) return 'in another availability zone';
  if (!(vm.requiredTraits ?? []).every((x) => h.traits?.includes(x))) return 'without a required trait';
  for (const r of resources) if (vm.size[r] > (h.maxUnit?.[r] ?? Infinity)) return `giving one VM less ${r}`;
  const group = vm.group === undefined ? undefined : w.groups.get(vm.group);
  if (group?.policy === 'anti-affinity' && (t.members.get(group.group) ?? 0) >= group.maxServersPerHost) return 'kept apart by its server group';
  const together = group?.policy === 'affinity' ? w.groupHosts.get(group.group) : undefined;
  if (together && !(together.size === 1 && together.has(h.host))) return 'not where its server group is';
  for (const r of resources) if (vm.size[r] > 0 && vm.size[r] > t.free[r]) return `short of ${r}`;
  return undefined;
};

const projected = (vm: FleetVm, t: Target) =>
  2 * (t.memory + vm.size.memoryMb / Math.max(1, t.host.capacity.memoryMb)) + t.cpu + vm.size.vcpus / Math.max(1, t.host.capacity.vcpus);

/** Every host that can take the VM, best first: tier, rack of its business type, projected load, order in the fleet. */
const candidates = (w: World, vm: FleetVm, tiers: readonly Tier[], cell: string | undefined): Target[] => {
  const scored = w.hosts.flatMap((t) => {
    const tier = tiers.findIndex((x) => x.clusters.includes(t.host.cluster));
    if (tier < 0 || obstacle(w, vm, t, cell)) return [];
    return [{ t, tier, rack: vm.businessType ? (w.spread.get(key(vm.businessType, t.host.rack)) ?? 0) : 0, load: projected(vm, t) }];
  });
  scored.sort((a, b) => a.tier - b.tier || a.rack - b.rack || a.load - b.load || a.t.position - b.t.position);
  return scored.map((s) => s.t);
};

const whyNowhere = (w: World, vm: FleetVm, tiers: readonly Tier[], cell: string | undefined): string => {
  const counts = new Map<string, number>();
  for (const t of w.hosts) {
    const open = tiers.some((x) => x.clusters.includes(t.host.cluster));
    add(counts, open ? (obstacle(w, vm, t, cell) ?? 'taken by this plan') : 'in clusters that the policy does not allow', 1);
  }
  const said = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([why, n]) => `${n} ${why}`);
  return `no host can take it: of ${w.hosts.length} hosts ${said.join(', ')}`.slice(0, 500);
};

const certificateOf = (w: World, placed: number, upperBound: number, types: ReadonlySet<string>): Plan['certificate'] => {
  const racks = [...new Set(w.hosts.filter((t) => t.host.usable && !w.closed.has(t.host.host)).map((t) => t.host.rack))];
  const spread = [...types].sort().map((businessType) => {
    const counts = racks.map((r) => w.spread.get(key(businessType, r)) ?? 0);
    const total = counts.reduce((a, b) => a + b, 0);
    return { businessType, most: Math.max(0, ...counts), lowerBound: racks.length === 0 ? 0 : Math.ceil(total / racks.length) };
  });
  return { placed, upperBound, spread };
};

const inPlanOrder = (a: FleetVm, b: FleetVm): number =>
  a.priority - b.priority || b.size.memoryMb - a.size.memoryMb || b.size.vcpus - a.size.vcpus || b.size.diskGb - a.size.diskGb || (a.vm < b.vm ? -1 : 1);

/** The best host for every VM of the failed hosts. Pure: the same request gives the same plan, byte for byte. */
export const plan = (q: PlanRequest): Plan => {
  const failed = new Set<string>(q.failedHosts);
  const asked = q.vms && new Set<string>(q.vms);
  const wanted = q.fleet.vms.filter((v) => (asked ? asked.has(v.vm) : failed.has(v.host)) && !q.arriving?.has(v.vm)).sort(inPlanOrder);
  const w = worldOf(q, new Set(wanted.filter((v) => v.unevacuable === undefined).map((v) => v.vm)));
  const placements: Placement[] = [];
  const unplaced: Unplaced[] = [];
  for (const vm of wanted) {
    const home = w.byId.get(vm.host)?.host;
    const rules = home && q.clusters.get(home.cluster);
    const tiers = home && rules ? tiersOf(rules, home.cluster, vm.performance) : [];
    const never = vm.unevacuable ?? (home && rules && tiers.length === 0 ? `the policy '${rules.policy}' leaves no cluster to a VM of ${vm.performance} performance demand` : undefined);
    const unknown = !home ? `its host ${vm.host} is not in the fleet` : !rules ? `no evacuation policy is known for cluster ${home.cluster}` : undefined;
    const best = never || unknown ? [] : candidates(w, vm, tiers, home?.cell);
    const [to, ...rest] = best;
    if (!to) {
      const because = never ?? unknown ?? whyNowhere(w, vm, tiers, home?.cell);
      unplaced.push({ vm: vm.vm, from: vm.host, because, kind: never ? 'never' : 'no-room' });
      continue;
    }
    settle(w, vm, to, true);
    to.memory += vm.size.memoryMb / Math.max(1, to.host.capacity.memoryMb);
    to.cpu += vm.size.vcpus / Math.max(1, to.host.capacity.vcpus);
    const alternates: HostId[] = rest.slice(0, q.alternates ?? ALTERNATES).map((t) => t.host.host);
    placements.push({ vm: vm.vm, from: vm.host, to: to.host.host, alternates, priority: vm.priority, because: whyThere(w, vm, to, tiers) });
  }
  const types = new Set(wanted.map((v) => v.businessType).filter((b) => b !== ''));
  const evacuable = placements.length + unplaced.filter((u) => u.kind === 'no-room').length;
  return { placements, unplaced, certificate: certificateOf(w, placements.length, evacuable, types) };
};

const percent = (x: number) => `${Math.round(100 * x)} %`;
const whyThere = (w: World, vm: FleetVm, t: Target, tiers: readonly Tier[]): string => {
  const tier = tiers.find((x) => x.clusters.includes(t.host.cluster));
  const count = w.spread.get(key(vm.businessType, t.host.rack));
  const rack = count ? `rack ${t.host.rack} then has ${count} of '${vm.businessType.slice(0, 60)}'` : `rack ${t.host.rack}`;
  return `${tier?.name} ${t.host.cluster}; ${rack}; projected load there: memory ${percent(t.memory)}, CPU ${percent(t.cpu)}`;
};
