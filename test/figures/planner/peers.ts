/**
 * Two other ways to plan the same failure, with the same order of aims (rack of the business type, then projected load)
 * and the same hard rules that the speed figure's region uses: capacity and anti-affinity.
 */
import type { FleetVm } from '@lifeboat/contracts';
import type { PlanAsk } from '@lifeboat/planner';
import type { Region } from './region.ts';

const inOrder = (vms: readonly FleetVm[]): FleetVm[] =>
  [...vms].sort(
    (a, b) => a.priority - b.priority || b.size.memoryMb - a.size.memoryMb || b.size.vcpus - a.size.vcpus || (a.vm < b.vm ? -1 : 1),
  );

/** As a scheduler in the style of Nova: per VM filter all hosts, weigh the rest, sort, take the first. */
export const filterAndWeigh = ({ fleet }: Region, ask: PlanAsk) => {
  const failed = new Set<string>(ask.failedHosts);
  const hosts = fleet.hosts.filter((h) => !failed.has(h.host)).map((h) => ({ ...h, used: { ...h.used }, groups: new Set<string>() }));
  const byName = new Map(hosts.map((h) => [h.host as string, h]));
  const spread = new Map<string, number>();
  for (const v of fleet.vms) {
    const h = byName.get(v.host);
    if (!h) continue;
    spread.set(`${v.businessType}/${h.rack}`, (spread.get(`${v.businessType}/${h.rack}`) ?? 0) + 1);
    if (v.group) h.groups.add(v.group);
  }
  const filters: ((h: (typeof hosts)[number], v: FleetVm) => boolean)[] = [
    (h) => h.usable,
    (h, v) => h.used.vcpus + v.size.vcpus <= h.capacity.vcpus,
    (h, v) => h.used.memoryMb + v.size.memoryMb <= h.capacity.memoryMb,
    (h, v) => h.used.diskGb + v.size.diskGb <= h.capacity.diskGb,
    (h, v) => v.group === undefined || !h.groups.has(v.group),
  ];
  return (limit: number): number => {
    let placed = 0;
    for (const v of inOrder(fleet.vms.filter((x) => failed.has(x.host))).slice(0, limit)) {
      const weighed = hosts
        .filter((h) => filters.every((f) => f(h, v)))
        .map((h) => ({
          h,
          rack: spread.get(`${v.businessType}/${h.rack}`) ?? 0,
          load: (2 * (h.used.memoryMb + v.size.memoryMb)) / h.capacity.memoryMb + (h.used.vcpus + v.size.vcpus) / h.capacity.vcpus,
        }))
        .sort((a, b) => a.rack - b.rack || a.load - b.load);
      const best = weighed[0]?.h;
      if (!best) continue;
      best.used.vcpus += v.size.vcpus;
      best.used.memoryMb += v.size.memoryMb;
      best.used.diskGb += v.size.diskGb;
      if (v.group) best.groups.add(v.group);
      spread.set(`${v.businessType}/${best.rack}`, (spread.get(`${v.businessType}/${best.rack}`) ?? 0) + 1);
      placed += 1;
    }
    return placed;
  };
};

/** A strong one: typed arrays made beforehand, one pass over all hosts per VM, no allocation inside. */
export const strongPass = ({ fleet }: Region, ask: PlanAsk) => {
  const failed = new Set<string>(ask.failedHosts);
  const hosts = fleet.hosts.filter((h) => !failed.has(h.host));
  const racks = new Map([...new Set(hosts.map((h) => h.rack as string))].map((r, i) => [r, i]));
  const types = new Map([...new Set(fleet.vms.map((v) => v.businessType))].map((t, i) => [t, i]));
  const index = new Map(hosts.map((h, i) => [h.host as string, i]));
  const rackOf = Int32Array.from(hosts, (h) => racks.get(h.rack) as number);
  const freshCount = new Int32Array(types.size * racks.size);
  const members = new Map<string, number[]>();
  for (const v of fleet.vms) {
    const h = index.get(v.host);
    if (h === undefined) continue;
    const cell = (types.get(v.businessType) as number) * racks.size + (rackOf[h] as number);
    freshCount[cell] = (freshCount[cell] as number) + 1;
    if (v.group) members.set(v.group, [...(members.get(v.group) ?? []), h]);
  }
  const free = (of: 'vcpus' | 'memoryMb' | 'diskGb') => Int32Array.from(hosts, (h) => h.capacity[of] - h.used[of]);
  const fresh = { vcpus: free('vcpus'), memory: free('memoryMb'), disk: free('diskGb') };
  const freshLoad = Float64Array.from(hosts, (h) => (2 * h.used.memoryMb) / h.capacity.memoryMb + h.used.vcpus / h.capacity.vcpus);
  const perMemory = Float64Array.from(hosts, (h) => 2 / h.capacity.memoryMb);
  const perVcpu = Float64Array.from(hosts, (h) => 1 / h.capacity.vcpus);
  const wanted = inOrder(fleet.vms.filter((v) => failed.has(v.host)));
  return (): number => {
    const [vcpus, memory, disk, load, count] = [
      fresh.vcpus.slice(),
      fresh.memory.slice(),
      fresh.disk.slice(),
      freshLoad.slice(),
      freshCount.slice(),
    ];
    const taken = new Map([...members].map(([g, list]) => [g, new Set(list)]));
    let placed = 0;
    for (const v of wanted) {
      const { vcpus: c, memoryMb: m, diskGb: d } = v.size;
      const row = (types.get(v.businessType) as number) * racks.size;
      const apart = v.group === undefined ? undefined : taken.get(v.group);
      let best = -1;
      let level = Infinity;
      let least = Infinity;
      for (let h = 0; h < vcpus.length; h++) {
        if (c > (vcpus[h] as number) || m > (memory[h] as number) || d > (disk[h] as number)) continue;
        const n = count[row + (rackOf[h] as number)] as number;
        if (n > level) continue;
        const projected = (load[h] as number) + m * (perMemory[h] as number) + c * (perVcpu[h] as number);
        if ((n === level && projected >= least) || apart?.has(h)) continue;
        best = h;
        level = n;
        least = projected;
      }
      if (best < 0) continue;
      vcpus[best] = (vcpus[best] as number) - c;
      memory[best] = (memory[best] as number) - m;
      disk[best] = (disk[best] as number) - d;
      load[best] = least;
      const cell = row + (rackOf[best] as number);
      count[cell] = (count[cell] as number) + 1;
      if (v.group) taken.set(v.group, (taken.get(v.group) ?? new Set()).add(best));
      placed += 1;
    }
    return placed;
  };
};
