import { named, type PeerView, type Registration, type VmReport } from '@lifeboat/contracts';
import type { HostId, Instant } from '@lifeboat/kernel';

export const FAILURES_BEFORE_DEAD = 2;
export const UNHEARD_BEFORE_UNKNOWN = 5;
/** What the registration's schema takes. */
export const MOST_VMS = 2_000;
/** So many VMs with names in any script must fit into one entry of the registry (1 MiB). */
export const MOST_OF_NAME = 100;

/** What an agent knows, kept in memory only: what it has written is in the registry. */
export interface AgentState {
  readonly host: HostId;
  readonly bootId: string;
  readonly machineUuid?: string;
  readonly agentVersion: string;
  readonly startedAt: Instant;
  readonly leaving: boolean;
  readonly vmsKnown: boolean;
  readonly vms: readonly VmReport[];
  readonly peers: ReadonlyMap<HostId, PeerState>;
}
interface PeerState {
  /** null until enough was seen to say. */
  readonly view: PeerView | null;
  readonly failures: number;
  /** Rounds in a row in which nothing could be said of it. */
  readonly unheard: number;
}

export const starting = (host: HostId, bootId: string, agentVersion: string, at: Instant): AgentState => ({
  host,
  bootId,
  agentVersion,
  startedAt: at,
  leaving: false,
  vmsKnown: false,
  vms: [],
  peers: new Map(),
});

const shortlyNamed = ({ name, ...v }: VmReport): VmReport => ({ ...v, ...named(name?.slice(0, MOST_OF_NAME).toWellFormed()) });

/** The hypervisor's list, or null when it did not say: then the last list stays, marked as such. */
export const sawVms = (s: AgentState, vms: readonly VmReport[] | null): AgentState =>
  vms === null
    ? { ...s, vmsKnown: false }
    : {
        ...s,
        vmsKnown: true,
        vms: [...vms]
          .sort((a, b) => (a.vm < b.vm ? -1 : 1))
          .slice(0, MOST_VMS)
          .map(shortlyNamed),
      };

/**
 * One round of probes: whether each peer answered; one about which nothing is known is not in it. One answer is life; two
 * silences in a row are death.
 */
export function sawPeers(s: AgentState, asked: readonly HostId[], answered: ReadonlyMap<HostId, boolean>, at: Instant): AgentState {
  const peers = new Map<HostId, PeerState>();
  for (const peer of asked) {
    const known = s.peers.get(peer) ?? { view: null, failures: 0, unheard: 0 };
    const answer = answered.get(peer);
    if (answer === undefined) peers.set(peer, unheard(known));
    else if (answer) peers.set(peer, { view: viewed(known, peer, 'alive', at), failures: 0, unheard: 0 });
    else {
      const failures = Math.min(known.failures + 1, FAILURES_BEFORE_DEAD);
      peers.set(peer, { view: failures < FAILURES_BEFORE_DEAD ? known.view : viewed(known, peer, 'dead', at), failures, unheard: 0 });
    }
  }
  return { ...s, peers };
}

/** What nobody could look at for long is not known any more: an entry holds no view that has not been renewed. */
const unheard = (p: PeerState): PeerState =>
  p.unheard + 1 < UNHEARD_BEFORE_UNKNOWN ? { ...p, unheard: p.unheard + 1 } : { view: null, failures: 0, unheard: UNHEARD_BEFORE_UNKNOWN };

/** `at` is when it began to be so: an entry that is the same need not be written again. */
const viewed = ({ view }: PeerState, peer: HostId, production: PeerView['production'], at: Instant): PeerView =>
  view?.production === production ? view : { peer, production, at };

export const leaving = (s: AgentState): AgentState => ({ ...s, leaving: true });

export const registrationOf = (s: AgentState): Registration => ({
  host: s.host,
  bootId: s.bootId,
  ...(s.machineUuid === undefined ? {} : { machineUuid: s.machineUuid }),
  agentVersion: s.agentVersion,
  startedAt: s.startedAt,
  leaving: s.leaving,
  vmsKnown: s.vmsKnown,
  vms: [...s.vms],
  peers: [...s.peers.values()].flatMap((p) => (p.view === null ? [] : [p.view])),
});

/** What to write now, given what was written last; null: nothing has changed. */
export function whatToWrite(s: AgentState, written: Registration | null): Registration | null {
  const now = registrationOf(s);
  return written !== null && JSON.stringify(now) === JSON.stringify(written) ? null : now;
}
