import type { ProofOfDeath, Signals, Verdict, VmFailure } from '@lifeboat/contracts';
import { type HostId, type IncidentId, type Instant, Table, type VmId } from '@lifeboat/kernel';

/** What the agents' sessions say of a host. */
export type AgentView = Readonly<{ is: 'ok' | 'lost'; session: string; bootId: string; at: Instant; leftOnPurpose: boolean }>;
/** How one peer sees a host's production address: since when by its own clock, and when we heard of it. */
export type ProductionView = Readonly<{ is: 'alive' | 'dead'; at: Instant; heardAt: Instant }>;

/** All evidence about one host, as last heard; judged by age when it is used. */
export type HostView = Readonly<{
  agent: AgentView | null;
  signals: Signals;
  /** When we first heard that its management address is dead; absent while it answers. */
  silentSince?: Instant;
  /** When we first heard that it writes a crash dump; absent once its agent is back. */
  dumpingSince?: Instant;
  production: Readonly<Record<string, ProductionView>>;
  /** The other way round: whose production address its own agent looks at. */
  sees?: readonly HostId[];
  /** The VMs that were up on it when its agent was lost; absent while that is here. */
  ran?: readonly VmId[];
  restarts: Readonly<{ failed: number; lastAt: Instant }> | null;
}>;

/**
 * What stands about a host.
 *
 *   (none) --first bad signal--> suspected --a row of the table fits--> diagnosed   (no evacuation; alert)
 *      ^                             |    `--too many, or not enough known--> held  (told; re-judged at every tick)
 *      |                             `-----------------------------------> confirmed (an incident is open)
 *      `------------------------- every signal well again ----------------'
 */
export type Standing =
  | Readonly<{ kind: 'suspected'; since: Instant }>
  | Readonly<{ kind: 'diagnosed'; since: Instant; verdict: Verdict; rule: string }>
  | Readonly<{ kind: 'held'; since: Instant; verdict: Verdict; reason: string }>
  | Confirmed;
export type Confirmed = Readonly<{
  kind: 'confirmed';
  since: Instant;
  verdict: Verdict;
  rule: string;
  rackRule: boolean;
  suspectedAt: Instant;
  incident: IncidentId;
  bootId: string;
  /** When it was last told, and whether the scheduler has opened its incident. */
  toldAt: Instant;
  opened: boolean;
  closed: boolean;
  returned: boolean;
  /** What proved it dead, and whether it was heard of since in the life that had ended by that. */
  proven?: Readonly<{ proof: ProofOfDeath; heardAt: Instant; contradicted: boolean }>;
}>;

export const standingMeans = {
  suspected: 'something about the host is not well; not enough is known to judge',
  diagnosed: 'judged, and no cause to evacuate',
  held: 'looks dead, but too many do at once, the observer cannot be trusted, or evidence is missing: nothing is done',
  confirmed: 'failed; an incident has been opened for it',
} as const satisfies Record<Standing['kind'], string>;

/** The node-monitor's last round, and since when we have been listening. */
export type RoundView = Readonly<{
  round: number;
  observer: 'sound' | 'cut-off';
  reason: string;
  at: Instant;
  aliveByRack: Readonly<Record<string, number>>;
}>;

/** How often a host has failed within the window, and when last. */
export type Failures = Readonly<{ times: number; lastAt: Instant }>;

/**
 * A VM that its host's agent calls failed.
 *
 *   seen --it lasts, its host is well--> told --the scheduler has ended its incident without it--> over
 *   (any) --it runs, is shut off or gone--> (forgotten; cleared, if the scheduler was told);   --it failed anew--> seen
 */
export type VmFault = Readonly<{
  vm: VmId;
  name?: string;
  host: HostId;
  failure: VmFailure;
  reason: string;
  /** By the agent's clock; names the failure. */
  since: Instant;
  seenAt: Instant;
  stage: 'seen' | 'told' | 'over';
  toldAt: Instant;
  /** Which failure of it the scheduler has in hand, this one or one before it; null: none. That one must hear how it ends. */
  toldSince: Instant | null;
  /** False: it has been shut off or is gone from its host since; kept until its incident is over. */
  still: boolean;
  /** It ended because its host restarted by itself: that it lies shut off there is not its owner's doing. */
  withHost?: true;
  /** The one VM of its cluster that is tried while the storage is under suspicion. */
  trial: boolean;
}>;

/** The storage of a cluster under suspicion. Once it has answered, kept until no VM is paused any more. */
export type StorageView = Readonly<{
  since: Instant;
  clearedAt: Instant | null;
  /** A VM that was paused and runs, and since when. */
  answered: Readonly<{ vm: VmId; at: Instant }> | null;
}>;

/**
 * The production network of a cluster in which somebody sees a peer dead. `since` when nobody sees anybody (or no other rack);
 * null: some do. `told`: people know, and are to hear how it ends.
 */
export type NetworkView = Readonly<{ since: Instant | null; told: boolean }>;

export type CorrelatorState = Readonly<{
  hosts: Table<HostView>;
  standings: Table<Standing>;
  /** One entry, 'last'. */
  rounds: Table<RoundView>;
  /** One entry, 'at': when this leader started; what is older than that is not a full round. */
  started: Table<Instant>;
  failures: Table<Failures>;
  /** One entry, 'until': when it has been calm for long enough since hosts were last held by the brake or for the observer's sake. */
  storm: Table<Instant>;
  /** By VM. */
  vmFaults: Table<VmFault>;
  /** By cluster. */
  storage: Table<StorageView>;
  /** By cluster. */
  networks: Table<NetworkView>;
}>;

export const initialState: CorrelatorState = {
  hosts: Table.empty(),
  standings: Table.empty(),
  rounds: Table.empty(),
  started: Table.empty(),
  failures: Table.empty(),
  storm: Table.empty(),
  vmFaults: Table.empty(),
  storage: Table.empty(),
  networks: Table.empty(),
};

export const unseen: HostView = { agent: null, signals: {}, production: {}, restarts: null };
export const viewOf = (s: CorrelatorState, host: HostId): HostView => s.hosts.get(host) ?? unseen;
export const withHost = (s: CorrelatorState, host: HostId, change: (v: HostView) => HostView): CorrelatorState => ({
  ...s,
  hosts: s.hosts.set(host, change(viewOf(s, host))),
});
