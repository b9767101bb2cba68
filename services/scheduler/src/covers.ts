import type { ClusterId, HostId, VmId } from '@lifeboat/kernel';
import type { SchedulerSettings } from './settings.ts';
import { type Covers, type Incident, type SchedulerState, type VmRecord, vmsOf } from './state.ts';

/*
 * What a person's answer covers: each VM that was shown, from its failed host to the cluster that was shown. Another
 * host of that cluster is as good and needs no new word; another VM, or another cluster, is another plan.
 */

export const shown = (settings: SchedulerSettings, from: HostId, to: HostId): string => `${from} ${settings.clusterOf.get(to) ?? ''}`;
export const allows = (settings: SchedulerSettings, covers: Covers, vm: VmId, from: HostId, to: HostId): boolean =>
  covers[vm] === shown(settings, from, to);

type Planned = VmRecord & Readonly<{ placement: NonNullable<VmRecord['placement']> }>;
const isPlanned = (r: VmRecord): r is Planned => r.stage.kind === 'planned' && r.placement !== null;
export const plannedOf = (s: SchedulerState, i: Incident): Planned[] => vmsOf(s, i.incident).filter(isPlanned);

export const coversOf = (s: SchedulerState, settings: SchedulerSettings, i: Incident): Covers =>
  Object.fromEntries(plannedOf(s, i).map((r) => [r.vm, shown(settings, r.from, r.placement.to)]));

/** `known`: it was shown, but to go to another cluster. */
export type Uncovered = Readonly<{ vm: VmId; known: boolean }>;
export const uncovered = (s: SchedulerState, settings: SchedulerSettings, i: Incident, covers: Covers): Uncovered[] =>
  plannedOf(s, i)
    .filter((r) => !allows(settings, covers, r.vm, r.from, r.placement.to))
    .map((r) => ({ vm: r.vm, known: r.vm in covers }));

/** The plan as a person is told it: VMs and hosts by cluster. */
export function planInShort(s: SchedulerState, settings: SchedulerSettings, i: Incident) {
  const planned = plannedOf(s, i);
  const byCluster = new Map<ClusterId, { hosts: Set<HostId>; vms: number }>();
  for (const r of planned) {
    const cluster = settings.clusterOf.get(r.placement.to);
    if (cluster === undefined) continue;
    const sum = byCluster.get(cluster) ?? { hosts: new Set(), vms: 0 };
    sum.hosts.add(r.placement.to);
    byCluster.set(cluster, { hosts: sum.hosts, vms: sum.vms + 1 });
  }
  return {
    stopped: planned.filter((r) => r.status === 'SHUTOFF').length,
    unplaced: i.unplaced,
    covers: planned.flatMap((r) => {
      const cluster = settings.clusterOf.get(r.placement.to);
      return cluster === undefined ? [] : [{ vm: r.vm, from: r.from, cluster }];
    }),
    to: [...byCluster].sort(([a], [b]) => (a < b ? -1 : 1)).map(([cluster, { hosts, vms }]) => ({ cluster, hosts: hosts.size, vms })),
  };
}
