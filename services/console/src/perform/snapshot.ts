import { type Language, policyOf, type Topology } from '@lifeboat/contracts';
import { type HostView, type IncidentView, type Live, toldDrain, toldIncident } from '@lifeboat/desk';
import type { HostId } from '@lifeboat/kernel';

const MOST_HOSTS = 300;
const MOST_FOUND = 100;
const MOST_INCIDENTS = 40;
const MOST_DRAINS = 15;
const MOST_ITEMS = 300;
const MOST_LINES = 60;

/** A host as the page lists it. */
export interface HostRow {
  readonly host: HostId;
  readonly cluster: string;
  readonly rack: string;
  readonly phase: HostView['phase'];
  readonly agent: HostView['agent'];
  readonly vms: number;
  readonly maintenance: boolean;
}

function rowsOf(live: Live, topology: Topology): HostRow[] {
  return topology.hosts.map(({ host, cluster, rack, maintenance = false }) => {
    const seen = live.host(host);
    return { host, cluster, rack, maintenance, phase: live.phase(host), agent: seen?.agent ?? null, vms: seen?.vms.size ?? 0 };
  });
}

const notable = (r: HostRow): boolean => r.phase !== 'well' || r.agent !== 'ok' || r.maintenance;

export const findHosts = (live: Live, topology: Topology, match: string): HostRow[] =>
  rowsOf(live, topology)
    .filter((r) => [r.host, r.rack, r.cluster].some((name) => name.toLowerCase().includes(match.toLowerCase())))
    .slice(0, MOST_FOUND);

/** As people look for them; those without a name come last. */
const byName = (a: { vm: string; name: string }, b: { vm: string; name: string }): number =>
  Number(a.name === '') - Number(b.name === '') || a.name.localeCompare(b.name, 'en', { numeric: true }) || (a.vm < b.vm ? -1 : 1);

export function hostPage(live: Live, topology: Topology, host: string) {
  const row = rowsOf(live, topology).find((r) => r.host === host);
  if (row === undefined) return null;
  const vms = [...(live.host(row.host)?.vms ?? [])].map(([vm, state]) => ({ vm, name: live.nameOf(vm), state })).sort(byName);
  const incident = live.incidents.find((i) => i.closedAt === null && i.hosts.includes(row.host))?.incident ?? null;
  const drain = live.drains.find((d) => d.closedAt === null && d.host === row.host);
  return { ...row, vms, incident, drain: drain === undefined ? null : toldDrain(drain) };
}

const incidentRow = (live: Live, i: IncidentView) => {
  const waiting = i.closedAt === null ? live.waiting(i.incident) : [];
  return { ...toldIncident(i), waiting: waiting.length };
};

export function incidentPage(live: Live, i: IncidentView, language: Language) {
  const closed = live.eventsOf(i.incident).findLast((e) => e.type === 'lifeboat.incident.closed');
  return {
    ...toldIncident(i),
    waiting: i.closedAt === null ? live.waiting(i.incident).map((p) => ({ ...p, name: live.nameOf(p.vm) })) : [],
    vms: closed?.type === 'lifeboat.incident.closed' ? closed.data.vms.map((v) => ({ ...v, name: live.nameOf(v.vm) })) : [],
    story: live.story(i.incident, language),
  };
}

/** Everything that the page draws; of a large region the hosts that need a look. */
export function snapshot(live: Live, topology: Topology, now: number) {
  const rows = rowsOf(live, topology);
  const count = (of: readonly HostRow[], which: (r: HostRow) => boolean) => of.filter(which).length;
  const clusters = topology.clusters.map(({ cluster, highPerformance = false }) => {
    const own = rows.filter((r) => r.cluster === cluster);
    const { automation, highAvailability } = policyOf(topology, cluster);
    const [well, vms] = [count(own, (r) => !notable(r)), own.reduce((n, r) => n + r.vms, 0)];
    return { cluster, highPerformance, automation, highAvailability, hosts: own.length, well, vms };
  });
  return {
    at: now,
    region: topology.region,
    clusters,
    hosts: rows.filter(notable).slice(0, MOST_HOSTS),
    more: Math.max(0, count(rows, notable) - MOST_HOSTS),
    incidents: live.incidents.slice(0, MOST_INCIDENTS).map((i) => incidentRow(live, i)),
    drains: live.drains.slice(0, MOST_DRAINS).map(toldDrain),
    items: live.items.slice(0, MOST_ITEMS).map((x) => ({ ...x, name: live.nameOf(x.vm) })),
    lines: live.lines.slice(-MOST_LINES),
  };
}
