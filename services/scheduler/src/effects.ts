import type { FleetVm, Plan, Resources } from '@lifeboat/contracts';
import type { HostId, IncidentId, Instant, VmId } from '@lifeboat/kernel';
import type { CloudVm } from '@lifeboat/ports';

/** What VMs does Nova have on these failed hosts now, and where would those not skipped go? One look, one plan. */
export type SurveyEffect = Readonly<{
  kind: 'survey';
  operation: string;
  notBefore?: Instant;
  incident: IncidentId;
  survey: number;
  hosts: readonly HostId[];
  /** Already settled or under way: not to be planned again. */
  skip: readonly VmId[];
  /** Without a place, or not yet ordered: where one of them is that is on none of the hosts is asked for by itself. */
  waiting: readonly VmId[];
  /** No targets: failed, silent, or kept out. */
  exclude: readonly HostId[];
  /** Places promised by plans in flight. */
  reserved: Readonly<Record<HostId, Resources>>;
}>;
export type SchedulerEffect = SurveyEffect;

export type SurveyResult =
  /** `elsewhere`: those waiting that are on another host by now; who is in neither list does not exist any more. */
  | Readonly<{ ok: true; vms: readonly FleetVm[]; elsewhere: readonly CloudVm[]; plan: Plan }>
  | Readonly<{ ok: false; code: string; detail: string }>;
export type SchedulerResult = SurveyResult;
