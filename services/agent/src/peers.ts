import type { Topology, TopologyHost } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';

export const DEFAULT_PEERS = 4;
export type Peer = Readonly<{ host: HostId; address: string }>;

type Addressed = TopologyHost & { readonly productionAddress: string };
const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * How far along the ring a host's peers stand: the next one (mostly of the same rack), then evenly spread (other racks).
 * The same distances for everybody: so each host is watched by exactly as many as it watches.
 */
export function distances(hosts: number, peers: number): number[] {
  const count = Math.min(peers, hosts - 1);
  const chosen = new Set<number>();
  for (let j = 0; j < count; j++) {
    let d = j === 0 ? 1 : Math.round((hosts * j) / count);
    while (d < 1 || d >= hosts || chosen.has(d)) d = d >= hosts - 1 ? 1 : d + 1;
    chosen.add(d);
  }
  return [...chosen];
}

/**
 * Whom a host watches over the production network: hosts of its own cluster, for they share its VLAN. The ring runs from
 * rack to rack. Every host works it out by itself, from the same topology, and they agree.
 */
export function peersOf(t: Topology, host: HostId): Peer[] {
  const own = t.hosts.find((h) => h.host === host);
  const wanted = t.probes?.peers ?? DEFAULT_PEERS;
  if (own === undefined || own.productionAddress === undefined || wanted === 0) return [];
  const ring = t.hosts
    .filter((h): h is Addressed => h.cluster === own.cluster && h.productionAddress !== undefined)
    .sort((a, b) => before(a.rack, b.rack) || before(a.host, b.host));
  const place = ring.findIndex((h) => h.host === host);
  return distances(ring.length, wanted).map((d) => {
    const peer = ring[(place + d) % ring.length] as Addressed;
    return { host: peer.host, address: peer.productionAddress };
  });
}
