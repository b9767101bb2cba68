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
  /** VMs that were not evacuated are told of again this often, until somebody has seen to them. */
  readonly remindMs: number;
  /** Evacuation orders for one VM after which it is unevacuable. */
  readonly ordersMost: number;
  /** So long must redundancy be lost, or be there again, before it is told: a boot or a reboot is no loss. */
  readonly redundancySettleMs: number;
}

export const defaultSchedulerSettings = {
  remindMs: 4 * 3_600_000,
  verifyWithinMs: 120_000,
  planAgainFirstMs: 5_000,
  planAgainMostMs: 120_000,
  fruitlessPlansMost: 6,
  ordersMost: 5,
  redundancySettleMs: 60_000,
} as const;
