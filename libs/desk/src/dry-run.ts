import { type Fleet, type FleetHost, type Plan, policyOf, type Topology } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import { plan, rulesOf } from '@lifeboat/planner';

/** What would fail: one host, or all hosts of a rack. */
export type Failing = Readonly<{ kind: 'host' | 'rack'; name: string }>;
export interface DryRun {
  readonly fails: Failing;
  readonly hosts: readonly HostId[];
  readonly fleet: Fleet;
  readonly plan: Plan;
}

const LISTED = 5;

/** Plays the failure on the fleet. Nothing is done, nothing is told. */
export function dryRun(fleet: Fleet, topology: Topology, fails: Failing): { ok: true; run: DryRun } | { ok: false; problem: string } {
  const hosts = fleet.hosts.filter((h) => (fails.kind === 'host' ? h.host === fails.name : h.rack === fails.name)).map((h) => h.host);
  const known = fails.kind === 'host' ? fleet.hosts.map((h) => h.host) : [...new Set(fleet.hosts.map((h) => h.rack))];
  if (hosts.length === 0) return { ok: false, problem: `no ${fails.kind} ${fails.name} in the topology; ${likely(fails.name, known)}` };
  const off = new Set(fleet.hosts.filter((h) => !policyOf(topology, h.cluster).highAvailability).map((h) => h.host));
  const made = plan({ fleet, failedHosts: hosts, clusters: rulesOf(topology) });
  const unplaced = made.unplaced.map((u) =>
    off.has(u.from) ? { ...u, because: `HA is off for its cluster. ${u.because}`.slice(0, 500) } : u,
  );
  return { ok: true, run: { fails, hosts, fleet, plan: { ...made, unplaced } } };
}

const likely = (name: string, known: readonly string[]): string => {
  const near = [...known]
    .map((k) => ({ k, d: k.includes(name) || name.includes(k) ? 0 : distance(name.toLowerCase(), k.toLowerCase()) }))
    .filter(({ k, d }) => d <= Math.max(2, Math.ceil(k.length / 3)))
    .sort((a, b) => a.d - b.d || (a.k < b.k ? -1 : 1))
    .slice(0, LISTED)
    .map(({ k }) => k);
  if (near.length > 0) return `did you mean ${near.join(', ')}?`;
  return `there are ${known.slice(0, LISTED).join(', ')}${known.length > LISTED ? ` and ${known.length - LISTED} more` : ''}`;
};

/** Levenshtein's: how many letters must be changed, added or left out. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
};

/** The whole plan for a person. */
export function tellDryRun({ fails, hosts, fleet, plan: made }: DryRun): string {
  const { placements, unplaced, certificate } = made;
  const vms = new Map(fleet.vms.map((v) => [v.vm, v]));
  const places = new Map(fleet.hosts.map((h) => [h.host, h]));
  const usable = fleet.hosts.filter((h) => h.usable).length;
  const named = (vm: string) => `${vm} ${vms.get(vm as never)?.name ?? ''}`.trim();
  const rows = placements.map((p) => [
    String(p.priority),
    named(p.vm),
    p.from,
    `${p.to} (${places.get(p.to)?.rack ?? ''})`,
    p.alternates.join(' '),
    p.because,
  ]);
  const left = unplaced.map((u) => [u.kind, named(u.vm), u.from, u.because]);
  const spread = certificate.spread.map(
    (s) =>
      `  ${s.businessType}: at most ${s.most} in a rack; no plan can do with fewer than ${s.lowerBound}${s.most === s.lowerBound ? ' (proven best)' : ''}`,
  );
  return [
    `If ${fails.kind} ${fails.name} failed now${fails.kind === 'rack' ? ` (${hosts.length} hosts: ${hosts.join(', ')})` : ''}: ${placements.length} of ${placements.length + unplaced.length} VMs would get a place.`,
    `Read just now: ${fleet.hosts.length} hosts (${usable} take VMs), ${fleet.vms.length} VMs. Nothing was done.`,
    ...(rows.length === 0 ? [] : ['', ...table(['PRIO', 'VM', 'FROM', 'TO (RACK)', 'ALTERNATES', 'BECAUSE'], rows)]),
    ...(left.length === 0 ? [] : ['', 'Without a place:', ...table(['KIND', 'VM', 'ON', 'BECAUSE'], left)]),
    '',
    `Certificate: ${certificate.placed} placed; no plan can place more than ${certificate.upperBound}${certificate.placed === certificate.upperBound ? ' (proven best)' : ''}.`,
    ...spread,
    ...targetsOf(made, places),
  ].join('\n');
}

const targetsOf = (made: Plan, places: ReadonlyMap<HostId, FleetHost>): string[] => {
  const counts = new Map<HostId, number>();
  for (const p of made.placements) counts.set(p.to, (counts.get(p.to) ?? 0) + 1);
  const lines = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([host, n]) => `  ${host} (${places.get(host)?.rack ?? ''}): ${n}`);
  return lines.length === 0 ? [] : ['Targets:', ...lines];
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]?.length ?? 0)));
  const line = (r: readonly string[]) => `  ${r.map((c, i) => (i === r.length - 1 ? c : c.padEnd(widths[i] ?? 0))).join('  ')}`;
  return [line(head), ...rows.map(line)];
};
