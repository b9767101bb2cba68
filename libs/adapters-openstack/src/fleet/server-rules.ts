import type { Topology } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import type { Aggregate } from '../nova/schemas.ts';
import { Masks } from './masks.ts';

/** What topology and aggregates say of every server. */
export interface ServerRules {
  readonly masks: Masks;
  /** Hosts that keep the disks of their VMs on themselves, by the topology. */
  readonly localDisks: ReadonlySet<HostId>;
}

/** The trait of a host that keeps disks on itself: no place for a VM whose disk is on shared storage. */
export const LOCAL_DISKS = 'disks: local';

export const serverRules = (places: Pick<Topology, 'hosts' | 'clusters'> | undefined, aggregates: readonly Aggregate[]): ServerRules => {
  const local = new Set(places?.clusters.filter((c) => c.policy?.instanceDisks === 'local').map((c) => c.cluster));
  return { masks: new Masks(aggregates), localDisks: new Set(places?.hosts.filter((h) => local.has(h.cluster)).map((h) => h.host)) };
};
