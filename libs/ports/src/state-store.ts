import type { Epoch, Outcome } from '@lifeboat/kernel';

/** table → key → JSON text. */
export type StoredTables = Readonly<Record<string, Readonly<Record<string, string>>>>;
export interface TableChange {
  readonly put: Readonly<Record<string, string>>;
  readonly del: readonly string[];
}
export type Changes = Readonly<Record<string, TableChange>>;

/**
 * Where a service keeps its state, its owed outputs and its input positions: all changes of one commit are stored
 * together or not at all, and only under the newest epoch this store has seen for that service.
 */
export interface StateStore {
  /** Shows the epoch at the gate (older ones are refused from now on) and loads everything. */
  claim(service: string, epoch: Epoch): Promise<Outcome<StoredTables, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>>;
  commit(service: string, epoch: Epoch, changes: Changes): Promise<Outcome<undefined, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>>;
  /** Without an epoch, for people who look: console and command line. */
  read(service: string): Promise<Outcome<StoredTables, 'STORE_UNREACHABLE'>>;
  connected(): boolean;
  close(): Promise<void>;
}

/** What the ledger knows of an operation when it is asked to admit it. */
export type Admission =
  | Readonly<{ kind: 'go' }>
  /** Admitted before and not settled: its act may be under way or done. Look before acting. */
  | Readonly<{ kind: 'running'; epoch: Epoch; attempt: string }>
  | Readonly<{ kind: 'settled'; result: string }>;

/** One ledger of everything done to the world. The gate of every act: no admission, no act. */
export interface OperationLedger {
  /** `attempt` tells a retry of our own from somebody else's; admitting the same attempt again answers 'running'. */
  admit(operation: string, epoch: Epoch, attempt: string): Promise<Outcome<Admission, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>>;
  /** Records the end. `again: true` = it failed for sure and may be admitted anew. */
  settle(operation: string, epoch: Epoch, result: string, again: boolean): Promise<Outcome<undefined, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>>;
  /** Shows a new leader's epoch, so that older ones are refused even where it has not acted yet. */
  claim(epoch: Epoch): Promise<Outcome<undefined, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>>;
  /** Drops every operation of an incident, `afterMs` from now: longer than any stall of a process. */
  forget(incident: string, afterMs: number): Promise<Outcome<undefined, 'STORE_UNREACHABLE'>>;
}
