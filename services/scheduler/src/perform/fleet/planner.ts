import type { FleetVm, Plan, Resources } from '@lifeboat/contracts';
import type { HostId, Instant, Outcome, VmId } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import type { RedundancySeen } from '../../effects.ts';

export interface PlanQuestion {
  readonly failedHosts: readonly HostId[];
  /** What Nova has on these hosts, read just now. */
  readonly there: readonly FleetVm[];
  /** Those of them that want a place. */
  readonly vms: readonly VmId[];
  readonly exclude: readonly HostId[];
  readonly inFlight: Readonly<Record<HostId, Resources>>;
}

export type PlannerFailure = CloudFailure | 'PLANNER_LOST' | 'PLANNER_TIMEOUT';

/** What the registry says of the fleet. */
export interface FleetNews {
  /** Hosts that are no targets: failed, kept out, or their agent is silent. */
  readonly shut: readonly HostId[];
}

export interface FleetFigures {
  /** When the fleet was last known to be right; null: it has never been read. */
  readonly readAt: Instant | null;
  readonly hosts: number;
  readonly vms: number;
  readonly hostsLost: number;
  readonly racksLost: number;
  readonly vmsWithoutPlace: number;
  /** How often the planner had to be started again. */
  readonly restarts: number;
}

/** The fleet in memory and what is reckoned from it: in this thread, or in one of its own so that nothing waits for it. */
export interface FleetPlanner {
  /** Brings the fleet up to date, then plans. Ends within its limit. */
  plan(question: PlanQuestion): Promise<Outcome<Plan, PlannerFailure>>;
  /** Takes in what the registry says, and looks at what changed in Nova soon. */
  hear(news: FleetNews): void;
  /** Keeps the fleet fresh and tells what would not survive which failure, whenever that changes; until the signal aborts. */
  keep(tell: (seen: RedundancySeen) => void, signal: AbortSignal): Promise<void>;
  figures(): FleetFigures;
  close(): Promise<void>;
}
