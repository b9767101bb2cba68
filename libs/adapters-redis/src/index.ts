import type { OperationLedger, StateStore } from '@lifeboat/ports';
import { openConnection } from './connection.ts';
import { redisLedger } from './ledger.ts';
import { redisStore } from './store.ts';

export interface RedisOptions {
  /** Begins every key: one Redis may serve several deployments. */
  readonly prefix: string;
  /** Every call answers within this. */
  readonly timeLimitMs?: number;
}
export interface RedisState {
  readonly store: StateStore;
  readonly ledger: OperationLedger;
  connected(): boolean;
  close(): Promise<void>;
}

/** Redis must append to its file (`appendonly yes`). Connects in the background and again after every loss. */
export function openRedis(url: string, options: RedisOptions): RedisState {
  const connection = openConnection(url, options.timeLimitMs ?? 2_000);
  return {
    store: redisStore(connection, options.prefix),
    ledger: redisLedger(connection, options.prefix),
    connected: connection.connected,
    close: connection.close,
  };
}
