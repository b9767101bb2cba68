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

export interface RegistryWatch {
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
  /**
   * Calls `onView` with everything registered at the start and again after every gap (reconnection, new session), and
   * `onHost` for each change between: null = its entry is gone. Nothing is missed for good; what changed twice quickly may be seen once.
   */
  watch(observer: {
    readonly onView: (view: ReadonlyMap<HostId, Registered>) => void;
    readonly onHost: (host: HostId, entry: Registered | null) => void;
  }): Promise<Outcome<RegistryWatch, 'REGISTRY_UNREACHABLE'>>;
  /**
   * Waits until `candidate` leads `name`; resolves null when `signal` aborts first. Each new leader's epoch is larger than
   * every earlier one and than `atLeast` (what a gate was seen to hold, should the registry have been set up anew).
   */
  campaign(name: string, candidate: string, options: { readonly signal: AbortSignal; readonly atLeast?: Epoch }): Promise<Lease | null>;
  connected(): boolean;
  close(): Promise<void>;
}
