import type { MigrationWay, ProofOfDeath, RestartWay } from '@lifeboat/contracts';
import type { HostId, IncidentId, Instant, VmId } from '@lifeboat/kernel';
import type { CloudVm, EvacuationRecord, MigrationRecord } from '@lifeboat/ports';

interface Act {
  readonly operation: string;
  readonly notBefore?: Instant;
  readonly incident: IncidentId;
  readonly host: HostId;
}
/** Power the host off by this method, and read back that it is. */
export type FenceEffect = Act & Readonly<{ kind: 'fence'; method: string }>;
/** Nova: force down, then disable. */
export type ShutOutEffect = Act & Readonly<{ kind: 'shut-out' }>;
/** Look at the VM, its host's power and Nova's records; then, if nothing speaks against it, ask for one evacuation. */
export type EvacuateEffect = Act & Readonly<{ kind: 'evacuate'; vm: VmId; to: HostId; proof: ProofOfDeath; ended: readonly string[] }>;
/** How do the evacuations away from this host stand? `closely`: VMs to be looked at even while their record says running. */
export type WatchEffect = Act & Readonly<{ kind: 'watch'; vms: readonly VmId[]; closely: readonly VmId[] }>;
/** Nova: start a VM that was running before, and came up stopped on its new host; unless somebody stopped it. */
export type StartEffect = Act & Readonly<{ kind: 'start'; vm: VmId }>;
/**
 * Nova: stop a VM that runs after its evacuation and should not. 'asked': its owner had asked for that when its host was dead
 * already, and has asked for nothing else since; 'was-stopped': it was stopped before, and nobody has started it.
 */
export type StopEffect = Act & Readonly<{ kind: 'stop'; vm: VmId; because: 'asked' | 'was-stopped' }>;
/** Nova: set a VM free whose evacuation can never end, because its target is proven dead. */
export type ResetEffect = Act & Readonly<{ kind: 'reset'; vm: VmId; record: string; target: HostId; proof: ProofOfDeath }>;
/** Nova: bring a failed VM back in place, or on one of these hosts, unless somebody else has done so since. */
export type RestartEffect = Act &
  Readonly<{ kind: 'restart'; vm: VmId; how: RestartWay; to: readonly HostId[]; since: Instant; triedUntil?: Instant; goodUntil: Instant }>;
/** Nova: clear force-down, enable. */
export type ReleaseEffect = Act & Readonly<{ kind: 'release' }>;
/** Nova: put no new VMs on this host; for this reason. */
export type SetAsideEffect = Act & Readonly<{ kind: 'set-aside'; reason: string }>;
/** Look at the VM and at Nova's records; then, if nothing speaks against it, ask for one migration. */
export type MigrateEffect = Act &
  Readonly<{ kind: 'migrate'; vm: VmId; to: HostId; how: MigrationWay; cold: boolean; known: readonly string[] }>;
/** How do these VMs' migrations away from this host stand? */
export type ShiftWatchEffect = Act & Readonly<{ kind: 'watch-shifts'; vms: readonly VmId[]; since: Instant }>;
/** Nova: the cold move is as it should be. */
export type ConfirmEffect = Act & Readonly<{ kind: 'confirm'; vm: VmId }>;
/** Nova: end this live migration. */
export type AbortEffect = Act & Readonly<{ kind: 'abort'; vm: VmId; record: string }>;
/** Nova: let go of a VM whose migration had not begun when its host died. */
export type FreeEffect = Act & Readonly<{ kind: 'free'; vm: VmId; record: string; proof: ProofOfDeath }>;
/** The ledger may forget the incident's operations, after a margin longer than any stall. */
export type ForgetEffect = Act & Readonly<{ kind: 'forget' }>;
export type MigratorEffect =
  | FenceEffect
  | ShutOutEffect
  | EvacuateEffect
  | WatchEffect
  | StartEffect
  | StopEffect
  | ResetEffect
  | RestartEffect
  | ReleaseEffect
  | SetAsideEffect
  | MigrateEffect
  | ShiftWatchEffect
  | ConfirmEffect
  | AbortEffect
  | FreeEffect
  | ForgetEffect;

type Failed = Readonly<{ code: string; detail: string }>;
export type FenceResult = Readonly<{ kind: 'fence'; proof: ProofOfDeath }> | (Readonly<{ kind: 'fence-failed' }> & Failed);
export type ShutOutResult = Readonly<{ kind: 'shut-out' }> | (Readonly<{ kind: 'shut-out-failed' }> & Failed);
/** Its owner had asked Nova to stop it, and the dead host could not obey: the evacuation wipes that out, and it would run. */
type StopAsked = Readonly<{ stopAsked?: true }>;
export type EvacuateResult =
  /** Nova took it; or had taken it before: adopted. */
  | (Readonly<{ kind: 'taken'; adopted: boolean }> & StopAsked)
  /** The call went out and no answer came: the record will tell. */
  | (Readonly<{ kind: 'unsure' }> & Failed & StopAsked)
  /** It is not on the failed host any more. */
  | Readonly<{ kind: 'elsewhere' }>
  | Readonly<{ kind: 'gone' }>
  /** The host is powered on: its proof of death no longer holds. */
  | (Readonly<{ kind: 'host-alive' }> & Failed)
  /** Nova takes the host for up. */
  | (Readonly<{ kind: 'not-shut-out' }> & Failed)
  /** Nothing was done; 'same' candidate again, or the 'next' one, or 'never'. */
  | (Readonly<{ kind: 'refused'; then: 'same' | 'next' | 'never' }> & Failed);
export type WatchResult =
  /** `unseen`: not looked at, for their record says running. */
  | Readonly<{ kind: 'watched'; vms: readonly CloudVm[]; unseen: readonly VmId[]; records: readonly EvacuationRecord[] }>
  | (Readonly<{ kind: 'watch-failed' }> & Failed);
export type ReviveResult =
  | Readonly<{ kind: 'revived' }>
  /** Not started: somebody has stopped it since, or had stopped it before its host failed. */
  | Readonly<{ kind: 'left-stopped'; detail: string }>
  | (Readonly<{ kind: 'revive-failed' }> & Failed);
export type RestartResult =
  | Readonly<{ kind: 'restarted'; host: HostId; adopted: boolean }>
  | (Readonly<{ kind: 'not-restarted'; then: 'retry' | 'leave' | 'gone' }> & Failed);
export type ReleaseResult = Readonly<{ kind: 'released' }> | (Readonly<{ kind: 'release-failed' }> & Failed);
export type SetAsideResult =
  | Readonly<{ kind: 'set-aside'; disabled: 'by-us' | 'by-others'; reason: string }>
  | (Readonly<{ kind: 'not-set-aside'; then: 'again' | 'never' }> & Failed);
export type MigrateResult =
  /** Nova took it. `known`: records that had been there before. */
  | Readonly<{ kind: 'shifting'; how: MigrationWay; adopted: boolean; known: readonly string[] }>
  /** The call went out and no answer came: the record will tell. */
  | (Readonly<{ kind: 'shift-unsure'; how: MigrationWay; known: readonly string[] }> & Failed)
  | Readonly<{ kind: 'shifted'; host: HostId | null; status: string; fault?: string | null }>
  | Readonly<{ kind: 'gone' }>
  | (Readonly<{ kind: 'shift-refused'; then: 'same' | 'next' | 'never' }> & Failed);
export type ShiftWatchResult =
  | Readonly<{ kind: 'shifts'; vms: readonly CloudVm[]; records: readonly MigrationRecord[] }>
  | (Readonly<{ kind: 'shifts-unseen' }> & Failed);
export type MigratorResult =
  | FenceResult
  | ShutOutResult
  | EvacuateResult
  | WatchResult
  | ReviveResult
  | RestartResult
  | ReleaseResult
  | SetAsideResult
  | MigrateResult
  | ShiftWatchResult
  | Readonly<{ kind: 'told-nova' }>
  | Readonly<{ kind: 'forgotten' }>;
