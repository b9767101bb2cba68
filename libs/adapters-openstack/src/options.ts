import type { Clock } from '@lifeboat/ports';

/** A line for the log: what happened, and its fields. Never holds a token or a password. */
export type Log = (event: string, fields: Readonly<Record<string, string | number>>) => void;

type Write = (fields: object, event: string) => void;
const usual: ReadonlySet<string> = new Set(['act', 'token', 'versions']);
/** Into the log of a service: acts and tokens as news, the rest as warnings. */
export const into =
  (log: { readonly info: Write; readonly warn: Write }): Log =>
  (event, fields) =>
    usual.has(event) ? log.info(fields, event) : log.warn(fields, event);

/** How long one thing may take. Relations: a whole call holds several requests; an act is one request. */
export interface Limits {
  /** One request that reads. */
  readonly readMs: number;
  /** One request that acts: Nova does database work before it answers, more when many are asked at once. */
  readonly actMs: number;
  /** One call of the port, retries and pages included. */
  readonly callMs: number;
  /** `fleet()`: all pages of all servers, and Placement per host. */
  readonly fleetMs: number;
  /** Until the TCP (and TLS) connection stands. */
  readonly connectMs: number;
  /** Waits before the second, third, ... try of what may be repeated. */
  readonly backoffMs: readonly number[];
}
export const defaultLimits: Limits = {
  readMs: 20_000,
  actMs: 30_000,
  callMs: 45_000,
  fleetMs: 240_000,
  connectMs: 5000,
  backoffMs: [250, 1000],
};

/** What every part of the adapter works with. */
export interface Surroundings {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: Log;
}
