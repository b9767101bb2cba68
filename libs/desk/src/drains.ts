import { type Fleet, type FleetVm, type LifeboatEvent, type Placement, policyOf, type Topology } from '@lifeboat/contracts';
import { type HostId, hostId, type IncidentId, isoTime, type VmId, vmId } from '@lifeboat/kernel';
import { plan, rulesOf } from '@lifeboat/planner';
import { namesIn, vmCalled } from '@lifeboat/story';
import { NotSo, type Said, type Wish } from './orders.ts';

/** What somebody wants done about a host that is well. */
export interface DrainWish extends Wish {
  /** undefined: as its cluster says. */
  readonly cold: boolean | undefined;
  readonly disable: boolean;
}
type Closed = Extract<LifeboatEvent, { type: 'lifeboat.drain.closed' }>['data'];
type Moved = Readonly<{ vm: VmId; is: string; over: boolean; moved: boolean }>;
/** A drain as its events tell it. */
export interface DrainSeen {
  readonly incident: IncidentId;
  readonly host: HostId;
  readonly by: string;
  readonly openedAt: number;
  readonly vms: readonly Moved[];
  readonly names: Map<VmId, string>;
  readonly waiting: string;
  readonly closed: Closed | null;
}

const inOrder = (all: readonly LifeboatEvent[]): LifeboatEvent[] => [...all].sort((a, b) => a.time - b.time || a.sequence - b.sequence);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Oldest first. */
export function drainsIn(all: readonly LifeboatEvent[]): DrainSeen[] {
  const seen = new Map<string, DrainSeen>();
  for (const e of inOrder(all)) {
    if (e.type === 'lifeboat.drain.opened' && !seen.has(e.data.incident)) {
      const { incident, host, by, at } = e.data;
      seen.set(incident, { incident, host, by, openedAt: at, vms: [], names: new Map(), waiting: '', closed: null });
    }
    const d = e.incident === undefined ? undefined : seen.get(e.incident);
    if (d === undefined) continue;
    namesIn(e, d.names);
    seen.set(d.incident, after(d, e));
  }
  return [...seen.values()];
}

function after(d: DrainSeen, e: LifeboatEvent): DrainSeen {
  const put = (vm: VmId, is: string, over = false, moved = false): DrainSeen => {
    const others = d.vms.filter((v) => v.vm !== vm);
    return { ...d, waiting: '', vms: [...others, { vm, is, over, moved }] };
  };
  switch (e.type) {
    case 'lifeboat.migration.requested':
      return e.data.placements.reduce((x, p) => after(x, waitsFor(e, p)), { ...d, waiting: '' });
    case 'lifeboat.migration.started':
      return put(e.data.vm, `${e.data.how} to ${e.data.to} …`);
    case 'lifeboat.vm.migrated':
      return put(e.data.vm, `on ${e.data.to} (${e.data.how ?? 'by somebody else'}, ${seconds(e.data.tookMs)})`, true, true);
    case 'lifeboat.migration.failed':
      return put(e.data.vm, e.data.reason, e.data.then !== 'retry');
    case 'lifeboat.vm.unevacuable': {
      const moved = d.vms.find((v) => v.vm === e.data.vm && v.moved);
      return put(e.data.vm, `${moved?.is ?? 'stays'}: ${e.data.reason}`, true, moved !== undefined);
    }
    case 'lifeboat.drain.waiting':
      return { ...d, waiting: e.data.reason };
    case 'lifeboat.drain.closed':
      return { ...d, waiting: '', closed: e.data };
    default:
      return d;
  }
}

/** As if it had been told for each by itself. */
const waitsFor = (e: LifeboatEvent, p: Placement): LifeboatEvent =>
  ({
    ...e,
    type: 'lifeboat.migration.failed',
    data: { vm: p.vm, reason: `waits to go to ${p.to}`, then: 'retry' },
  }) as unknown as LifeboatEvent;

export const bar = (d: DrainSeen, now: number, width = 24): string => {
  const over = d.vms.filter((v) => v.over).length;
  const n = d.vms.length === 0 ? 0 : Math.round((over / d.vms.length) * width);
  const moving = d.vms.filter((v) => v.is.endsWith('…')).length;
  return `[${'█'.repeat(n)}${' '.repeat(width - n)}] ${over} of ${d.vms.length} VMs done, ${moving} on their way, ${seconds(Math.max(0, now - d.openedAt))}${d.waiting === '' ? '' : `; waits: ${d.waiting}`}`;
};

/** Each VM where, how and in what time. */
export function report(c: Closed): string[] {
  const rows = c.vms.map((v) => [
    v.vm,
    v.name,
    v.outcome,
    v.host ?? '',
    v.how ?? '',
    v.tookMs === undefined ? '' : seconds(v.tookMs),
    v.reason ?? '',
  ]);
  const head = ['VM', 'NAME', 'OUTCOME', 'ON', 'HOW', 'TOOK', 'REASON'];
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]?.length ?? 0)));
  const line = (r: readonly string[]) => `  ${r.map((x, i) => x.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
  const after = c.disabled ? ['It stays disabled in Nova. `lifeboat release --host` lets it take VMs again.'] : [];
  const end = `${c.host}: ${c.outcome} after ${seconds(c.at - c.openedAt)}${c.reason === undefined ? '' : ` (${c.reason})`}`;
  return [end, ...(rows.length === 0 ? [] : [line(head), ...rows.map(line)]), ...after];
}

export const drainTable = (drains: readonly DrainSeen[], now: number): string =>
  drains.length === 0
    ? 'no drain is on the topics'
    : drains
        .map((d) => `${isoTime(d.openedAt as never)}  ${d.incident}  by ${d.by}  ${d.closed === null ? bar(d, now) : report(d.closed)[0]}`)
        .join('\n');

/** Ends the drain of a host, or orders one; what stands about it is said first. */
export function drain(all: readonly LifeboatEvent[], host: string, w: DrainWish, plan: readonly string[]): Said {
  const open = drainsIn(all).findLast((d) => d.host === host && d.closed === null);
  if (open !== undefined) {
    const why = `${open.by} is draining ${host} since ${isoTime(open.openedAt as never)}`;
    if (w.go) throw new NotSo(`${why}; 'lifeboat drain --stop ${host}' ends that`);
    return { lines: [why, bar(open, w.at), ...open.vms.map((v) => `  ${vmCalled(v.vm, open.names.get(v.vm))}  ${v.is}`)], order: null };
  }
  if (!w.go) return { lines: [...plan, 'nothing was started; add --yes to start it'], order: null };
  const vms = w.vms.length === 0 ? {} : { vms: w.vms.map(vmId) };
  const cold = w.cold === undefined ? {} : { cold: w.cold };
  const data = { host: hostId(host), ...vms, ...cold, disable: w.disable, by: w.by, at: w.at };
  return { lines: [`${w.by} drains ${host}`], order: { type: 'lifeboat.drain.chosen', data } };
}

export const stopDrain = (host: string, w: Wish): Said => ({
  lines: [`${w.by} ends the drain of ${host}: no VM begins to move any more, those on their way arrive`],
  order: { type: 'lifeboat.drain.halted', data: { host: hostId(host), by: w.by, at: w.at } },
});

/** Where each VM would go, and how: as the scheduler would plan it now. */
export function drainPlan(fleet: Fleet, topology: Topology, host: string, w: Pick<DrainWish, 'vms' | 'cold' | 'disable'>): string[] {
  const own = fleet.hosts.find((h) => h.host === host);
  if (own === undefined) throw new NotSo(`no host ${host} in the topology`);
  const there = fleet.vms.filter((v) => v.host === host && (w.vms.length === 0 || w.vms.includes(v.vm)));
  const vms = there.map((v) => v.vm);
  const made = plan({ fleet, failedHosts: [], vms, clusters: rulesOf(topology), exclude: [own.host] });
  const cold = w.cold ?? policyOf(topology, own.cluster).drain?.cold === 'where-live-fails';
  const nameOf = new Map(there.map((v) => [v.vm, v]));
  const how = (v: FleetVm | undefined) =>
    v?.status === 'SHUTOFF' ? 'cold (it is stopped)' : cold ? 'live, else cold (a restart)' : 'live';
  return [
    `${host}: ${made.placements.length} of ${there.length} VMs have a place${w.disable ? '; it is disabled first, and stays so' : ''}`,
    ...made.placements.map((p) => `  ${p.vm} ${nameOf.get(p.vm)?.name ?? ''}  → ${p.to}  ${how(nameOf.get(p.vm))}  (${p.because})`),
    ...made.unplaced.map((u) => `  ${u.vm} ${nameOf.get(u.vm)?.name ?? ''}  stays: ${u.because}`),
  ];
}
