import type { Fleet, FleetGroup, FleetHost, FleetVm } from '@lifeboat/contracts';
import type { HostId, Instant, Outcome, VmId } from '@lifeboat/kernel';

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
  /** That fault is a lock on the VM's disk which the storage still holds for somebody else, as for a host that died just now. */
  readonly storageLocked?: boolean;
  /** True: somebody locked it; nobody else is to act on it. */
  readonly locked?: boolean;
  /** False: its owner wants no high availability for it (HA_Enabled). */
  readonly highAvailability?: boolean;
}

/** Something that was asked of Nova about a VM (an instance action). */
export interface VmAct {
  /** reboot, stop, start, pause, migrate, evacuate, ... */
  readonly act: string;
  readonly at: Instant;
  /** null: Nova itself, e.g. when it found the VM not running and wrote it down as stopped. */
  readonly by: string | null;
  /** True: asked for by the very user that this Cloud acts as, whichever of Lifeboat's processes it was. */
  readonly ours?: boolean;
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

export const migrationStates = ['waiting', 'running', 'arrived', 'done', 'failed'] as const;
/** A record of a migration away from a host that is well: Nova's truth about it. */
export interface MigrationRecord {
  readonly id: string;
  readonly vm: VmId;
  readonly from: HostId;
  readonly to: HostId | null;
  readonly how: 'live' | 'cold';
  /**
   * waiting: its host has taken it up and not begun to copy its guest, which is where it was, or lost with its host;
   * running: not decided yet, its guest may be at either end; arrived: cold, on its new host, where it waits for
   * `confirmMove`; done: completed, confirmed; failed: error, failed, cancelled, reverted: it is where it was.
   */
  readonly state: (typeof migrationStates)[number];
  /** Nova's own word. */
  readonly status: string;
  readonly createdAt: Instant;
}

/** What is other in the fleet than it was; all of it as it is now. May name what did not change, too. */
export interface FleetChanges {
  readonly hosts: readonly FleetHost[];
  readonly vms: readonly FleetVm[];
  /** Deleted, or on no host of the fleet any more. Some may never have been there. */
  readonly gone: readonly VmId[];
  readonly groups: readonly FleetGroup[];
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
  /**
   * What has changed since a time, after `fleet()` has been read once: few calls, however large the fleet. `hostOf`: where
   * the caller has a VM until now; that host's books are read anew, like those of the host where the VM is. What Nova
   * does not date (metadata, server groups, inventories) is seen by the next `fleet()`.
   */
  fleetChanges(since: Instant, hostOf: (vm: VmId) => HostId | undefined): Promise<Outcome<FleetChanges, CloudFailure>>;
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
  /**
   * A hard reboot: taken for active, stopped, paused and failed VMs alike, and ends active. Safer than `start`: its message,
   * should it lie in the queue of a host that dies, is refused there later, whereas that of a start is obeyed.
   */
  reboot(vm: VmId): Promise<Outcome<undefined, CloudFailure>>;
  pause(vm: VmId): Promise<Outcome<undefined, CloudFailure>>;
  unpause(vm: VmId): Promise<Outcome<undefined, CloudFailure>>;
  /** A cold move of an active or stopped VM. ok = taken; on its new host it waits, in VERIFY_RESIZE, for `confirmMove`. */
  move(vm: VmId, to: HostId): Promise<Outcome<undefined, CloudFailure>>;
  confirmMove(vm: VmId): Promise<Outcome<undefined, CloudFailure>>;
  /** A live migration of an active VM. ok = taken, nothing more: whether it can be, Nova looks at afterwards, and its record tells. */
  liveMigrate(vm: VmId, to: HostId): Promise<Outcome<undefined, CloudFailure>>;
  /** Live and cold migrations away from a host of which anything changed since, newest first; all pages. One under way changes all the time. */
  migrationsFrom(from: HostId, since: Instant): Promise<Outcome<readonly MigrationRecord[], CloudFailure>>;
  /** Ends a live migration that is under way; its record tells when. `record`: its id. */
  abortMigration(vm: VmId, record: string): Promise<Outcome<undefined, CloudFailure>>;
  /**
   * The same cloud, which is told to do something only while `still()`: asked at the last moment, when the connection stands
   * and before the first byte leaves. Else CLOUD_UNREACHABLE, and surely nothing was done.
   */
  onlyWhile(still: () => boolean): Cloud;
  /** What was asked of Nova about this VM, newest first. */
  acts(vm: VmId): Promise<Outcome<readonly VmAct[], CloudFailure>>;
}
