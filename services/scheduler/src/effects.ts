import type { FleetVm, Plan, Resources } from '@lifeboat/contracts';
import type { ClusterId, HostId, IncidentId, Instant, RackId, VmId } from '@lifeboat/kernel';
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
  /** VMs that are to go to none of these hosts. */
  avoid?: Readonly<Record<VmId, readonly HostId[]>>;
}>;
/** Where would this VM go, from a host that is well? */
export type PlaceVmEffect = Readonly<{
  kind: 'place-vm';
  operation: string;
  notBefore?: Instant;
  incident: IncidentId;
  vm: VmId;
  exclude: readonly HostId[];
}>;
/** What the registry says, for the fleet in memory: take it in, and look at what changed in Nova. */
export type WatchEffect = Readonly<{
  kind: 'watch';
  operation: string;
  notBefore?: Instant;
  /** No targets: failed, silent, or kept out. */
  shut: readonly HostId[];
}>;
/** What VMs does Nova have on this host that is well, and where would those not skipped go? */
export type DrainSurveyEffect = Readonly<{
  kind: 'survey-drain';
  operation: string;
  notBefore?: Instant;
  incident: IncidentId;
  survey: number;
  host: HostId;
  /** null: all that are on it. */
  only: readonly VmId[] | null;
  /** Without a place until now: where one of them is that is not on the host is asked for by itself. */
  waiting: readonly VmId[];
  skip: readonly VmId[];
  exclude: readonly HostId[];
  reserved: Readonly<Record<HostId, Resources>>;
}>;
export type SchedulerEffect = SurveyEffect | PlaceVmEffect | WatchEffect | DrainSurveyEffect;

export type SurveyResult =
  /** `elsewhere`: those waiting that are on another host by now; who is in neither list does not exist any more. */
  | Readonly<{ ok: true; vms: readonly FleetVm[]; elsewhere: readonly CloudVm[]; plan: Plan }>
  | Readonly<{ ok: false; code: string; detail: string }>;
export type PlaceVmResult =
  /** The best host first; none: no host has room, and why. */
  Readonly<{ ok: true; to: readonly HostId[]; because: string }> | Readonly<{ ok: false; code: string; detail: string }>;
export type DrainSurveyResult =
  /** `elsewhere`: those asked for by name, or waiting, that are not on the host; who is in neither list does not exist. */
  | Readonly<{ ok: true; vms: readonly FleetVm[]; elsewhere: readonly CloudVm[]; plan: Plan }>
  | Readonly<{ ok: false; code: string; detail: string }>;
export type WatchResult = Readonly<{ ok: true; heard: true }>;
export type SchedulerResult = SurveyResult | PlaceVmResult | WatchResult | DrainSurveyResult;

/** A failure that would cost VMs. */
export type Endangered = Readonly<{
  kind: 'host' | 'rack';
  name: HostId | RackId;
  clusters: readonly ClusterId[];
  /** VMs that are there, and how many of them would find no place. */
  vms: number;
  without: number;
  /** Some of these; and what they are called, in the same order. */
  names: readonly VmId[];
  called?: readonly string[];
}>;
/** All failures, of one host or of one rack, that would cost VMs now. */
export type RedundancySeen = Readonly<{ endangered: readonly Endangered[] }>;
