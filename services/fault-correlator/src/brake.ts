import type { HostId } from '@lifeboat/kernel';
import type { CorrelatorSettings } from './settings.ts';
import type { CorrelatorState } from './state.ts';

/**
 * Would taking `host` for failed, too, be more than the brake allows? Counted: hosts whose incident is not closed yet, of the
 * cluster and of the region. At least one host may always fail: a share of a small cluster must not mean none.
 */
export function brakeReason(s: CorrelatorState, settings: CorrelatorSettings, host: HostId): string | null {
  const place = settings.places.get(host);
  if (place === undefined) return 'the host is not in the topology';
  const open = s.standings.entries().filter(([, x]) => x.kind === 'confirmed' && !x.closed);
  const inCluster = open.filter(([h]) => settings.places.get(h as HostId)?.cluster === place.cluster).length + 1;
  const inRegion = open.length + 1;
  const clusterSize = [...settings.places.values()].filter((p) => p.cluster === place.cluster).length;
  const most = (share: number, of: number) => Math.max(1, Math.floor(share * of));
  const { clusterShare, regionShare, hosts } = settings.brake;
  if (inCluster > most(clusterShare, clusterSize)) return `brake: ${inCluster} of ${clusterSize} hosts of cluster ${place.cluster} at once`;
  if (inRegion > most(regionShare, settings.places.size))
    return `brake: ${inRegion} of ${settings.places.size} hosts of the region at once`;
  return inRegion > hosts ? `brake: ${inRegion} hosts at once, ${hosts} are allowed` : null;
}
