import type { Instant } from '@lifeboat/kernel';

/** The only clock. Wall time in production, virtual in the simulation. */
export interface Clock {
  now(): Instant;
  /** Milliseconds that never jump: for leases and time limits. */
  monotonic(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
