import type { HostId } from '@lifeboat/kernel';
import { type CorrelatorSettings, clusterSize } from './settings.ts';
import type { CorrelatorState } from './state.ts';

/**
 * Is it more at once than the brake allows? Counted, of the cluster and of the region: hosts whose incident is not closed yet,
 * and hosts that look failed now (`atOnce`), for they fail together though they are judged one by one. At least one host may
 * always fail: a share of a small cluster must not mean none. The answer says why a host is held; null: it is not.
 */
export function brakeOver(s: CorrelatorState, settings: CorrelatorSettings, atOnce: ReadonlySet<HostId>): (host: HostId) => string | null {
  const counted = new Set<HostId>(atOnce);
  for (const [host, standing] of s.standings.entries()) if (standing.kind === 'confirmed' && !standing.closed) counted.add(host as HostId);
  const byCluster = new Map<string, number>();
  for (const host of counted) {
    const cluster = settings.places.get(host)?.cluster;
    if (cluster !== undefined) byCluster.set(cluster, (byCluster.get(cluster) ?? 0) + 1);
  }
  const most = (share: number, of: number) => Math.max(1, Math.floor(share * of));
  const { clusterShare, regionShare, hosts } = settings.brake;
  return (host) => {
    const place = settings.places.get(host);
    if (place === undefined) return 'the host is not in the topology';
    const itself = counted.has(host) ? 0 : 1;
    const [inCluster, inRegion] = [(byCluster.get(place.cluster) ?? 0) + itself, counted.size + itself];
    const size = clusterSize(settings, place.cluster);
    if (inCluster > most(clusterShare, size)) return `brake: ${inCluster} of ${size} hosts of cluster ${place.cluster} at once`;
    if (inRegion > most(regionShare, settings.places.size))
      return `brake: ${inRegion} of ${settings.places.size} hosts of the region at once`;
    return inRegion > hosts ? `brake: ${inRegion} hosts at once, ${hosts} are allowed` : null;
  };
}
