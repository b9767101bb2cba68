import type { Signals } from '@lifeboat/contracts';
import { type HostId, type Instant, Table } from '@lifeboat/kernel';

/** How far the bounded restarts of a silent agent have come. */
export type Restart =
  | Readonly<{ is: 'none' }>
  | Readonly<{ is: 'ordered'; attempt: number }>
  /** The command went well: the agent has until `until` to register. */
  | Readonly<{ is: 'awaited'; attempt: number; until: Instant }>
  | Readonly<{ is: 'failed'; attempt: number; at: Instant }>;

export type AgentSays = Readonly<{ is: 'ok' | 'lost' | 'left' | 'unknown'; session: string; at: Instant }>;

/**
 * What was last seen of a host. For a plain one the times are those of the last change; for a suspect they are fresh.
 *
 *   plain --agent lost, management dead or compute down--> suspect --every one of them well again--> plain
 */
export type HostDocument = Readonly<{
  signals: Signals;
  /** Rounds in a row without an answer. */
  misses: number;
  /** When the last of them was. Two monitors may have seen the same silence: it counts once. */
  missedAt?: Instant;
  /** When it answered again after it had been dead: it may still be booting. */
  backAt?: Instant;
  agent: AgentSays;
  restart: Restart;
  /** null: nothing is suspicious. */
  suspect: Readonly<{ since: Instant; changedAt: Instant; lookedAt: Instant }> | null;
}>;

/** A fence device that knows which machine it switches. `told`: what people were told of it; null: nothing, or that it is its own. */
export type CheckedDevice = Readonly<{ device: string; machine: string | null; detail: string; isAnothers: boolean; told: string | null }>;
/** Which machine a host is, by its agent, and which its fence devices switch, by themselves. By method. */
export type Identity = Readonly<{ machine: string | null; checkedAt: Instant | null; devices: Readonly<Record<string, CheckedDevice>> }>;

export type MonitorState = Readonly<{
  hosts: Table<HostDocument>;
  /** 'compute': when Nova was last asked; 'round': when round.completed was last told, and what it said of us. */
  looks: Table<Readonly<{ at: Instant; observer: 'sound' | 'cut-off' }>>;
  identities: Table<Identity>;
  /** Hosts whose devices are to be asked, and when. */
  identitiesDue: Table<Instant>;
  /** By machine: who calls it his own, and whose devices switch it. */
  machines: Table<readonly HostId[]>;
  devicesOf: Table<readonly HostId[]>;
}>;

export const initialState: MonitorState = {
  hosts: Table.empty(),
  looks: Table.empty(),
  identities: Table.empty(),
  identitiesDue: Table.empty(),
  machines: Table.empty(),
  devicesOf: Table.empty(),
};

const NOTHING: HostDocument = {
  signals: {},
  misses: 0,
  agent: { is: 'unknown', session: '', at: 0 as Instant },
  restart: { is: 'none' },
  suspect: null,
};
export const documentOf = (s: MonitorState, host: HostId): HostDocument => s.hosts.get(host) ?? NOTHING;
export const withDocument = (s: MonitorState, host: HostId, d: HostDocument): MonitorState => ({ ...s, hosts: s.hosts.set(host, d) });
