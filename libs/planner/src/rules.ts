import { policyOf, type Topology } from '@lifeboat/contracts';
import type { ClusterRulesOf } from './request.ts';

/** What the topology says of where each cluster's VMs may go. */
export const rulesOf = (t: Topology): ClusterRulesOf => {
  const highPerformanceClusters = t.clusters.filter((c) => c.highPerformance === true).map((c) => c.cluster);
  return new Map(t.clusters.map((c) => [c.cluster, { policy: policyOf(t, c.cluster).evacuation, highPerformanceClusters }]));
};
