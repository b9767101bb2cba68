import type { ClusterPolicy } from '@lifeboat/contracts';
import type { ClusterId, HostId } from '@lifeboat/kernel';

export interface SchedulerSettings {
  readonly clusterOf: ReadonlyMap<HostId, ClusterId>;
  readonly policyOf: (cluster: ClusterId) => ClusterPolicy;
  /** A VM that Nova shows on its new host, but no agent: given up as running after this time, for a person to look at. */
  readonly verifyWithinMs: number;
  /** Back-off between plans for VMs that found no room or could not be evacuated. */
  readonly planAgainFirstMs: number;
  readonly planAgainMostMs: number;
  /** Fruitless plans after which what is left over is unevacuable. */
  readonly fruitlessPlansMost: number;
  /** Evacuation orders for one VM after which it is unevacuable. */
  readonly ordersMost: number;
}

export const defaultSchedulerSettings = {
  verifyWithinMs: 120_000,
  planAgainFirstMs: 5_000,
  planAgainMostMs: 120_000,
  fruitlessPlansMost: 6,
  ordersMost: 5,
} as const;
