import type { EvacuationPolicy, Fleet, FleetVm, Resources } from '@lifeboat/contracts';
import type { ClusterId, HostId, VmId } from '@lifeboat/kernel';

/** What a cluster's operator decided about where its VMs may go. */
export interface ClusterRules {
  readonly policy: EvacuationPolicy;
  /** The dedicated clusters that VMs with a high performance demand may use, where the policy says so. */
  readonly highPerformanceClusters: readonly ClusterId[];
}

export type ClusterRulesOf = ReadonlyMap<ClusterId, ClusterRules>;

/** Everything of a request but the fleet, which a FleetModel may hold instead. */
export interface PlanAsk {
  /** Hosts that run nothing any more: their VMs are gone from them, and none is a target. */
  readonly failedHosts: readonly HostId[];
  /** The VMs to place; all on the failed hosts when absent. A VM that the fleet does not know is left out of the plan. */
  readonly vms?: readonly VmId[];
  readonly clusters: ClusterRulesOf;
  /** Room already promised on a host (plans in flight), beyond what `used` says. */
  readonly inFlight?: ReadonlyMap<HostId, Resources>;
  /** VMs on their way to a host: they take their room there and count there for server groups and rack spread. */
  readonly arriving?: ReadonlyMap<VmId, HostId>;
  /** Hosts not to be used as targets, whatever the fleet says. */
  readonly exclude?: readonly HostId[];
  /** How many next best hosts to name per VM. */
  readonly alternates?: number;
}

export interface PlanRequest extends PlanAsk {
  readonly fleet: Fleet;
}

export const ALTERNATES = 3;

/** One step of a VM's cluster order: which clusters, and what to call the step. */
export type Tier = Readonly<{ clusters: readonly ClusterId[]; name: 'own cluster' | 'high-performance cluster' }>;

/**
 * The clusters a VM may go to, best first. The own cluster is open to every VM; a high-performance cluster only to a VM
 * whose performance demand is high. No tier at all: the policy forbids to move this VM.
 */
export const tiersOf = (rules: ClusterRules, own: ClusterId, performance: FleetVm['performance']): readonly Tier[] => {
  const home: Tier = { clusters: [own], name: 'own cluster' };
  const fast: Tier = { clusters: rules.highPerformanceClusters, name: 'high-performance cluster' };
  const tiers = {
    'own-cluster': [home],
    'own-cluster-then-high-performance': [home, fast],
    'high-performance': [fast],
    'high-performance-then-own-cluster': [fast, home],
  }[rules.policy];
  return tiers.filter((t) => t !== fast || (performance === 'high' && fast.clusters.length > 0));
};
