import type { FleetGroup, Resources, Topology, VmReport } from '@lifeboat/contracts';
import type { ClusterId, HostId, Instant, RackId, VmId } from '@lifeboat/kernel';

/** What a region is made of before anything has happened to it. */
export interface Region {
  readonly topology: Topology;
  readonly hosts: readonly HostSpec[];
  readonly vms: readonly VmSpec[];
  readonly groups: readonly FleetGroup[];
}
export interface HostSpec {
  readonly host: HostId;
  readonly cluster: ClusterId;
  readonly rack: RackId;
  readonly highPerformance: boolean;
  /** What Placement gives: allocation ratios applied. */
  readonly capacity: Resources;
  readonly managementAddress: string;
  readonly productionAddress: string;
  /** Names of its fence methods, in order. */
  readonly fences: readonly string[];
}
export interface VmSpec {
  readonly vm: VmId;
  readonly name: string;
  /** Where it is at the beginning. */
  readonly host: HostId;
  readonly size: Resources;
  readonly businessType: string;
  readonly performance: 'standard' | 'high';
  readonly priority: number;
  readonly ownerStopped: boolean;
  readonly group?: string;
  readonly unevacuable?: string;
}

export interface SimRack {
  readonly rack: RackId;
  power: boolean;
  productionSwitch: boolean;
  managementSwitch: boolean;
}

/** One fence device of one host (BMC, power strip), with everything that can be wrong with it. */
export interface FenceState {
  readonly name: string;
  reachable: boolean;
  /** Answers every order and question with an error. */
  failing: boolean;
  slowMs: number;
  /** Says it obeyed an order, does nothing; its status tells the truth. */
  ignoresOrders: boolean;
  /** Says it obeyed, does nothing, and its status says 'off'. Nothing that asks only this device can find out. */
  lies: boolean;
  /** Whose machine it really switches, where somebody has mixed up addresses or cables; null: its own host's. */
  wiredTo: HostId | null;
  /** The host starts again by itself this long after an off (a power-restore setting); null = stays off. */
  powersBackOnMs: number | null;
}

export interface SimHost {
  readonly spec: HostSpec;
  /** The host's own switch; it also needs the rack's feed. */
  switchedOn: boolean;
  os: 'off' | 'booting' | 'up';
  bootId: string;
  /** Grows with every loss of power: what was begun in an earlier life does not end in this one. */
  life: number;
  /** When its present life's power came on. */
  poweredAt: Instant;
  managementLink: boolean;
  productionLink: boolean;
  compute: boolean;
  /** Grows with every start of the compute service's process. */
  computeLife: number;
  agent: boolean;
  /** The agent cannot be restarted (a full disk, a broken package). */
  agentBroken: boolean;
  libvirtAnswers: boolean;
  readonly fences: ReadonlyMap<string, FenceState>;
  /** As last told to listeners. */
  onManagement: boolean;
  onProduction: boolean;
}

/** Nothing wrong with it. */
export const wellFence = {
  reachable: true,
  failing: false,
  slowMs: 0,
  ignoresOrders: false,
  lies: false,
  wiredTo: null,
  powersBackOnMs: null,
} as const satisfies Omit<FenceState, 'name'>;

/** A guest process that really runs. Two of one VM = two writers on one disk. */
export interface Copy {
  readonly startedAt: Instant;
  state: VmReport['state'];
  since: Instant;
}
export interface SimVm {
  readonly spec: VmSpec;
  ownerStopped: boolean;
  deleted: boolean;
  readonly copies: Map<HostId, Copy>;
  /** Hosts whose hypervisor knows the guest, running or not, with the state it has where it does not run. */
  readonly defined: Map<HostId, { state: 'shut-off' | 'crashed'; reason: string; since: Instant }>;
  /** Every run of a guest process, also those that ended. */
  readonly runs: { host: HostId; from: Instant; to: Instant | null; crashed?: true }[];
}

/** What really happened, told at once to whoever listens: adapters, the composition, the invariants. */
export type Fact =
  | Readonly<{ kind: 'power'; host: HostId; on: boolean; why: string }>
  | Readonly<{ kind: 'booted'; host: HostId; bootId: string }>
  /** Its kernel has crashed: the crash kernel writes a dump, and says so now and then. 'lost': its power went before it had ended. */
  | Readonly<{ kind: 'dump'; host: HostId; is: 'said' | 'ended' | 'lost' }>
  | Readonly<{ kind: 'agent'; host: HostId; alive: boolean }>
  | Readonly<{ kind: 'compute'; host: HostId; alive: boolean }>
  /** The host as such became (un)reachable on a network: link, switch, power and operating system taken together. */
  | Readonly<{ kind: 'management'; host: HostId; up: boolean }>
  | Readonly<{ kind: 'production'; host: HostId; up: boolean }>
  | Readonly<{ kind: 'copy'; vm: VmId; host: HostId; running: boolean; why: string }>
  | Readonly<{ kind: 'vm'; vm: VmId; what: 'stopped-by-owner' | 'deleted-by-owner' }>
  | Readonly<{ kind: 'fence-order'; host: HostId; method: string; order: 'off' | 'on'; by: string }>
  | Readonly<{
      kind: 'evacuate-call';
      vm: VmId;
      from: HostId;
      to: HostId | null;
      by: string;
      poweredOn: boolean;
      guestRuns: boolean;
      sameLifeSince: Instant;
    }>
  | Readonly<{ kind: 'double-evacuate'; vm: VmId; by: string }>
  /** Somebody asked Nova to restart or move a VM; `wellSince`: its guest ran well at that moment, and since when. */
  | Readonly<{ kind: 'restart-call'; vm: VmId; host: HostId; by: string; wellSince: Instant | null; moves?: true }>
  /** Somebody asked Nova to migrate a VM away from a host that is well. */
  | Readonly<{ kind: 'migrate-call'; vm: VmId; from: HostId; to: HostId; by: string; how: 'live' | 'cold' }>
  | Readonly<{ kind: 'force-down'; host: HostId; by: string }>
  | Readonly<{ kind: 'fault'; what: string }>;

export type Rule =
  | 'runs-once'
  | 'death-first'
  | 'spares-the-living'
  | 'nothing-forgotten'
  | 'fence-with-incident'
  | 'no-double-evacuate'
  | 'one-incident-a-vm'
  | 'true-reports'
  | 'restarts-the-failed'
  | 'asked-first'
  | 'drain-is-gentle'
  | 'migration-decided'
  | 'world';
export interface Violation {
  readonly at: Instant;
  readonly rule: Rule;
  /** A sentence with its times. */
  readonly text: string;
}
