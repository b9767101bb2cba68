import type { Fleet, FleetVm } from '@lifeboat/contracts';
import type { HostId, Outcome, VmId } from '@lifeboat/kernel';

export type CloudFailure =
  | 'CLOUD_UNREACHABLE'
  | 'CLOUD_TIMEOUT'
  | 'CLOUD_UNAUTHORIZED'
  | 'CLOUD_FORBIDDEN'
  | 'CLOUD_NOT_FOUND'
  | 'CLOUD_CONFLICT'
  | 'CLOUD_HOST_STILL_UP'
  | 'CLOUD_REFUSED'
  | 'CLOUD_FAILED'
  | 'CLOUD_BAD_ANSWER';

/** Nova's compute service of a host. */
export interface ComputeService {
  readonly id: string;
  readonly host: HostId;
  readonly up: boolean;
  readonly enabled: boolean;
  readonly forcedDown: boolean;
  readonly disabledReason: string | null;
}

/** A VM as Nova has it. */
export interface CloudVm {
  readonly vm: VmId;
  readonly name: string;
  readonly host: HostId | null;
  /** ACTIVE, SHUTOFF, ERROR, REBUILD, ... */
  readonly status: string;
  /** active, stopped, error, paused, ... */
  readonly vmState: string;
  /** null: nothing under way. */
  readonly task: string | null;
  readonly fault: string | null;
}

export const evacuationStates = ['running', 'done', 'failed'] as const;
/** A migration record of type evacuation: Nova's truth about an evacuation. */
export interface EvacuationRecord {
  readonly id: string;
  readonly vm: VmId;
  readonly from: HostId;
  readonly to: HostId | null;
  /** accepted, pre-migrating, ... = running; done, completed = done; error, failed, cancelled = failed. */
  readonly state: (typeof evacuationStates)[number];
  /** Nova's own word. */
  readonly status: string;
  readonly createdAt: string;
}

/** What Lifeboat needs of OpenStack. Every call has a time limit of its own; none repeats an act by itself. */
export interface Cloud {
  computeServices(): Promise<Outcome<readonly ComputeService[], CloudFailure>>;
  /** Nova takes the host for dead at once. Before `disable`: the other way round hangs for a minute (a synchronous RPC to a dead compute). */
  forceDown(host: HostId): Promise<Outcome<undefined, CloudFailure>>;
  /** Refused with CLOUD_CONFLICT while evacuated VMs await their clean-up by the returned compute service. */
  clearForcedDown(host: HostId): Promise<Outcome<undefined, CloudFailure>>;
  disable(host: HostId, reason: string): Promise<Outcome<undefined, CloudFailure>>;
  enable(host: HostId): Promise<Outcome<undefined, CloudFailure>>;
  /** Hosts with capacities, VMs with sizes and properties, server groups: all pages. */
  fleet(): Promise<Outcome<Fleet, CloudFailure>>;
  /** The VMs that Nova has on a host, now; all pages. */
  vmsOn(host: HostId): Promise<Outcome<readonly FleetVm[], CloudFailure>>;
  vm(vm: VmId): Promise<Outcome<CloudVm, CloudFailure>>;
  /** Every server of these that still exists (fewer calls than one each). */
  vms(vms: readonly VmId[]): Promise<Outcome<readonly CloudVm[], CloudFailure>>;
  /**
   * Asks Nova to evacuate; ok = taken, nothing more. Nova takes a second call for the same VM too and then breaks it for
   * good: the caller has looked at `vm` and `evacuations` before. `to` absent: Nova's scheduler chooses.
   */
  evacuate(vm: VmId, to?: HostId): Promise<Outcome<undefined, CloudFailure>>;
  /** Records of evacuations away from `from`, newest first; all pages. */
  evacuationsFrom(from: HostId): Promise<Outcome<readonly EvacuationRecord[], CloudFailure>>;
  /** Sets a VM that is neither active, stopped nor in error to error, so that it may be evacuated (a paused one, say). */
  resetToError(vm: VmId): Promise<Outcome<undefined, CloudFailure>>;
  start(vm: VmId): Promise<Outcome<undefined, CloudFailure>>;
  stop(vm: VmId): Promise<Outcome<undefined, CloudFailure>>;
}
