/**
 * An independent judge of plans: written from the specification, it shares no code with the planner and takes its time.
 * Every sentence it returns is a violation.
 */
import type { FleetHost, FleetVm, Plan, Resources } from '@lifeboat/contracts';
import type { PlanRequest } from '@lifeboat/planner';

const kinds = ['vcpus', 'memoryMb', 'diskGb'] as const;

interface Region {
  readonly q: PlanRequest;
  readonly hosts: ReadonlyMap<string, FleetHost>;
  readonly vms: ReadonlyMap<string, FleetVm>;
  readonly wanted: readonly FleetVm[];
  /** Where each VM that stays, arrives or is planned stands. */
  readonly stands: Map<string, string>;
  /** Room taken on each host. */
  readonly taken: Map<string, Resources>;
}

const regionOf = (q: PlanRequest): Region => {
  const failed = new Set<string>(q.failedHosts);
  const named = q.vms && new Set<string>(q.vms);
  const wanted = q.fleet.vms.filter((v) => !q.arriving?.has(v.vm) && (named ? named.has(v.vm) : failed.has(v.host)));
  const leaving = new Set<string>(wanted.filter((v) => v.unevacuable === undefined).map((v) => v.vm));
  const stands = new Map<string, string>();
  const taken = new Map<string, Resources>();
  const take = (host: string, r: Resources) => {
    const t = taken.get(host) ?? { vcpus: 0, memoryMb: 0, diskGb: 0 };
    taken.set(host, { vcpus: t.vcpus + r.vcpus, memoryMb: t.memoryMb + r.memoryMb, diskGb: t.diskGb + r.diskGb });
  };
  for (const h of q.fleet.hosts) take(h.host, h.used);
  for (const [host, r] of q.inFlight ?? []) take(host, r);
  for (const v of q.fleet.vms) {
    const at = q.arriving?.get(v.vm) ?? v.host;
    if (at !== v.host) take(at, v.size);
    if (!failed.has(at) && !leaving.has(v.vm)) stands.set(v.vm, at);
  }
  return {
    q,
    hosts: new Map(q.fleet.hosts.map((h) => [h.host, h])),
    vms: new Map(q.fleet.vms.map((v) => [v.vm, v])),
    wanted,
    stands,
    taken,
  };
};

/** Clusters a VM may go to, as the specification's step ⑥ says it. */
const clustersFor = (r: Region, v: FleetVm): string[] => {
  const own = r.hosts.get(v.host)?.cluster;
  const rules = own && r.q.clusters.get(own);
  if (!own || !rules) return [];
  const dedicated = v.performance === 'high' ? [...rules.highPerformanceClusters] : [];
  if (rules.policy === 'own-cluster') return [own];
  if (rules.policy === 'high-performance') return dedicated;
  return [own, ...dedicated];
};

/** What forbids this VM on this host, room apart. */
const forbids = (r: Region, v: FleetVm, name: string): string | undefined => {
  const h = r.hosts.get(name);
  if (!h) return 'is not in the fleet';
  if (!h.usable) return 'is not usable';
  if (r.q.failedHosts.includes(h.host)) return 'has failed';
  if (r.q.exclude?.includes(h.host)) return 'is excluded';
  if (r.wanted.some((w) => w.host === h.host && w.unevacuable === undefined)) return 'is being emptied by the plan';
  if (!clustersFor(r, v).includes(h.cluster)) return `is in cluster ${h.cluster}, which the policy does not allow`;
  if (r.hosts.get(v.host)?.cell !== h.cell) return 'is in another cell';
  if (v.availabilityZone !== undefined && v.availabilityZone !== h.availabilityZone) return 'is in another zone';
  if (v.forbiddenTraits?.some((t) => h.traits?.includes(t))) return 'has a forbidden trait';
  if (v.requiredTraits?.some((t) => !h.traits?.includes(t))) return 'lacks a trait';
  if (kinds.some((k) => h.maxUnit && v.size[k] > h.maxUnit[k])) return 'gives one VM less';
  return undefined;
};

const overfull = (r: Region, v: FleetVm, name: string): string | undefined => {
  const [h, t] = [r.hosts.get(name), r.taken.get(name)];
  return kinds.find((k) => v.size[k] > 0 && h && t && t[k] + v.size[k] > h.capacity[k]);
};

/** What forbids this VM there because of the server group's members that stand somewhere (the VM itself apart). */
const groupForbids = (r: Region, v: FleetVm, name: string): string | undefined => {
  const g = r.q.fleet.groups.find((x) => x.group === v.group);
  if (!g) return undefined;
  const homes = r.q.fleet.vms.filter((m) => m.group === g.group && m.vm !== v.vm).map((m) => r.stands.get(m.vm));
  if (g.policy === 'anti-affinity' && homes.filter((x) => x === name).length >= g.maxServersPerHost) return 'breaks anti-affinity';
  if (g.policy === 'affinity' && homes.some((x) => x !== undefined && x !== name)) return 'breaks affinity';
  return undefined;
};

const checkPlacements = (r: Region, plan: Plan): string[] => {
  const found: string[] = [];
  for (const p of plan.placements) {
    const v = r.vms.get(p.vm);
    if (!v) return [`${p.vm} is not in the fleet`];
    if (v.unevacuable !== undefined) found.push(`${p.vm} must not be moved`);
    if (p.from !== v.host || p.priority !== v.priority) found.push(`${p.vm}: from or priority is wrong`);
    const why = forbids(r, v, p.to) ?? groupForbids(r, v, p.to);
    if (why) found.push(`${p.vm} to ${p.to}: ${why}`);
    const full = overfull(r, v, p.to);
    if (full) found.push(`${p.vm} to ${p.to}: no room for ${full}`);
    const t = r.taken.get(p.to) ?? { vcpus: 0, memoryMb: 0, diskGb: 0 };
    r.taken.set(p.to, { vcpus: t.vcpus + v.size.vcpus, memoryMb: t.memoryMb + v.size.memoryMb, diskGb: t.diskGb + v.size.diskGb });
    r.stands.set(p.vm, p.to);
    if (p.because.length > 300) found.push(`${p.vm}: because is too long`);
  }
  plan.placements.forEach((p, i) => {
    const before = plan.placements[i - 1];
    if (before && before.priority > p.priority) found.push(`${p.vm}: less urgent VMs come before it`);
  });
  return found;
};

const checkAlternates = (r: Region, plan: Plan): string[] => {
  const found: string[] = [];
  for (const p of plan.placements) {
    const v = r.vms.get(p.vm) as FleetVm;
    if (new Set([p.to, ...p.alternates]).size !== p.alternates.length + 1) found.push(`${p.vm}: alternates repeat a host`);
    if (p.alternates.length > (r.q.alternates ?? 3)) found.push(`${p.vm}: too many alternates`);
    for (const a of p.alternates) {
      const why = forbids(r, v, a) ?? groupForbids(r, v, a) ?? overfull(r, v, a);
      if (why) found.push(`${p.vm}, alternate ${a}: ${why}`);
    }
  }
  return found;
};

/** An affinity group that was broken before: its members died on several hosts, or live on several. */
const scattered = (r: Region, v: FleetVm): boolean => {
  const g = r.q.fleet.groups.find((x) => x.group === v.group);
  const homes = new Set(r.q.fleet.vms.filter((m) => m.group === v.group).map((m) => m.host));
  return g?.policy === 'affinity' && homes.size > 1;
};

const checkUnplaced = (r: Region, plan: Plan): string[] => {
  const found: string[] = [];
  for (const u of plan.unplaced) {
    const v = r.vms.get(u.vm);
    if (!v) return [`${u.vm} is not in the fleet`];
    const home = r.hosts.get(v.host);
    const never = v.unevacuable !== undefined || (home !== undefined && r.q.clusters.has(home.cluster) && clustersFor(r, v).length === 0);
    if ((u.kind === 'never') !== never) found.push(`${u.vm}: kind is ${u.kind}`);
    if (u.because === '' || u.because.length > 500) found.push(`${u.vm}: because is empty or too long`);
    if (never || scattered(r, v)) continue;
    const room = r.q.fleet.hosts.find((h) => !forbids(r, v, h.host) && !groupForbids(r, v, h.host) && !overfull(r, v, h.host));
    if (room) found.push(`${u.vm} is left over, but ${room.host} has room for it`);
  }
  return found;
};

const checkCertificate = (r: Region, plan: Plan): string[] => {
  const found: string[] = [];
  const { placed, upperBound, spread } = plan.certificate;
  const movable = plan.placements.length + plan.unplaced.filter((u) => u.kind === 'no-room').length;
  if (placed !== plan.placements.length) found.push(`certificate: placed ${placed}, in the plan ${plan.placements.length}`);
  if (upperBound < placed || upperBound > movable) found.push(`certificate: upper bound ${upperBound} for ${placed} of ${movable}`);
  for (const s of spread) {
    const counts = new Map<string, number>();
    for (const [vm, host] of r.stands) {
      const rack = r.hosts.get(host)?.rack;
      if (rack && r.vms.get(vm)?.businessType === s.businessType) counts.set(rack, (counts.get(rack) ?? 0) + 1);
    }
    const targets = plan.placements
      .filter((p) => r.vms.get(p.vm)?.businessType === s.businessType)
      .map((p) => counts.get(r.hosts.get(p.to)?.rack ?? '') ?? 0);
    if (s.lowerBound > s.most) found.push(`certificate: ${s.businessType} at ${s.most}, below its bound ${s.lowerBound}`);
    if (s.most < Math.max(0, ...targets) || s.most > Math.max(0, ...counts.values()))
      found.push(`certificate: ${s.businessType} says ${s.most}`);
  }
  return found;
};

export const check = (q: PlanRequest, plan: Plan): string[] => {
  const r = regionOf(q);
  const named = [...plan.placements, ...plan.unplaced].map((x) => x.vm as string).sort();
  const due = r.wanted.map((v) => v.vm as string).sort();
  if (JSON.stringify(named) !== JSON.stringify(due)) return ['the plan does not name every VM exactly once'];
  return [...checkPlacements(r, plan), ...checkAlternates(r, plan), ...checkUnplaced(r, plan), ...checkCertificate(r, plan)];
};
