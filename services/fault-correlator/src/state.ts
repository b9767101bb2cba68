import type { Signals, Verdict } from '@lifeboat/contracts';
import { type HostId, type IncidentId, type Instant, Table } from '@lifeboat/kernel';

/** What the agents' sessions say of a host. */
export type AgentView = Readonly<{ is: 'ok' | 'lost'; session: string; bootId: string; at: Instant; leftOnPurpose: boolean }>;
/** How one peer sees a host's production address. */
export type ProductionView = Readonly<{ is: 'alive' | 'dead'; at: Instant }>;

/** All evidence about one host, as last heard; judged by age when it is used. */
export type HostView = Readonly<{
  agent: AgentView | null;
  signals: Signals;
  production: Readonly<Record<string, ProductionView>>;
  restarts: Readonly<{ failed: number; lastAt: Instant }> | null;
}>;

/**
 * What stands about a host.
 *
 *   (none) --first bad signal--> suspected --a row of the table fits--> diagnosed   (no evacuation; alert)
 *      ^                             |    `--more than the brake allows--> held      (re-judged at every tick)
 *      |                             `-----------------------------------> confirmed (an incident is open)
 *      `------------------------- every signal well again ----------------'
 */
export type Standing =
  | Readonly<{ kind: 'suspected'; since: Instant }>
  | Readonly<{ kind: 'diagnosed'; since: Instant; verdict: Verdict; rule: string }>
  | Readonly<{ kind: 'held'; since: Instant; verdict: Verdict; reason: string }>
  | Readonly<{
      kind: 'confirmed';
      since: Instant;
      verdict: Verdict;
      incident: IncidentId;
      bootId: string;
      closed: boolean;
      returned: boolean;
    }>;

export const standingMeans = {
  suspected: 'something about the host is not well; not enough is known to judge',
  diagnosed: 'judged, and no cause to evacuate',
  held: 'looks dead, but too many do at once, or the observer cannot be trusted: nothing is done',
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

export type CorrelatorState = Readonly<{
  hosts: Table<HostView>;
  standings: Table<Standing>;
  /** One entry, 'last'. */
  rounds: Table<RoundView>;
  /** One entry, 'at': when this leader started; what is older than that is not a full round. */
  started: Table<Instant>;
}>;

export const initialState: CorrelatorState = {
  hosts: Table.empty(),
  standings: Table.empty(),
  rounds: Table.empty(),
  started: Table.empty(),
};

export const unseen: HostView = { agent: null, signals: {}, production: {}, restarts: null };
export const viewOf = (s: CorrelatorState, host: HostId): HostView => s.hosts.get(host) ?? unseen;
