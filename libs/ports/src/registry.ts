import type { Registration } from '@lifeboat/contracts';
import type { Epoch, HostId, Outcome } from '@lifeboat/kernel';

/** An agent's place in the registry: lives as long as its session does. */
export interface AgentSession {
  readonly id: string;
  /** Resolves once the session is over, for whatever reason; `join` again then. */
  readonly over: Promise<string>;
  update(r: Registration): Promise<Outcome<undefined, 'REGISTRY_UNREACHABLE'>>;
  /** Leaves on purpose. */
  leave(): Promise<void>;
}

/** An entry as the registry holds it; `malformed` when what lies there is not a registration. */
export type Registered =
  | Readonly<{ kind: 'host'; session: string; registration: Registration }>
  | Readonly<{ kind: 'malformed'; session: string; reason: string; raw: string }>;

/** What a watch tells: entries one by one as they are read, so that nobody has to hold them all. */
export interface RegistryObserver {
  /** An entry that is new or has changed, at the start and after a gap perhaps also one that has not. */
  readonly onHost: (host: HostId, entry: Registered) => void;
  /** Entries found gone at once. `hosts` may be empty: somebody who does not concern us has gone. */
  readonly onGone: (hosts: readonly HostId[], region: RegionCount) => void;
  /**
   * At the start and after every gap (reconnection, new session): what was not known before has been told, these are all that
   * are there. Nothing that went in the gap is told otherwise.
   */
  readonly onView: (present: readonly HostId[]) => void;
}
/** How many entries the whole registry held, before and now: whoever watches a part of it must know of the whole. */
export interface RegionCount {
  readonly before: number;
  readonly now: number;
}

export interface RegistryWatch {
  /**
   * Asks the registry; true when it has answered and all that changed before has been told. False: no answer, or a gap whose view is
   * still to come. What is not there then is truly not there.
   */
  settle(): Promise<boolean>;
  close(): Promise<void>;
}

/** Leadership for a while. `valid()` is asked right before every act: it needs no answer from anybody. */
export interface Lease {
  readonly epoch: Epoch;
  /** By our own monotonic clock: false as soon as the registry could have given the lease to another. */
  valid(): boolean;
  /** Aborts when the lease is lost or given up. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface Registry {
  join(r: Registration): Promise<Outcome<AgentSession, 'REGISTRY_UNREACHABLE' | 'REGISTRY_TAKEN'>>;
  /** Nothing is missed for good; what changed twice quickly may be seen once. With `concerns` only of those hosts; the others are not even read. */
  watch(observer: RegistryObserver, concerns?: (host: HostId) => boolean): Promise<Outcome<RegistryWatch, 'REGISTRY_UNREACHABLE'>>;
  /**
   * Stands among the live members of `group` until `signal` aborts, and tells all of them, in order of name, at first and after
   * every change. Who is cut off hears nothing; the others see him go when his session lapses. For sharing work, not for safety:
   * two may believe different things for a while.
   */
  gather(
    group: string,
    member: string,
    options: { readonly signal: AbortSignal; readonly onMembers: (members: readonly string[]) => void },
  ): Promise<void>;
  /**
   * Waits until `candidate` leads `name`; resolves null when `signal` aborts first. Each new leader's epoch is larger than
   * every earlier one and than `atLeast` (what a gate was seen to hold, should the registry have been set up anew).
   */
  campaign(name: string, candidate: string, options: { readonly signal: AbortSignal; readonly atLeast?: Epoch }): Promise<Lease | null>;
  connected(): boolean;
  close(): Promise<void>;
}
