import type { Brand } from './identifiers.ts';

/** Milliseconds since the epoch, real or virtual. Stamped once, where an input enters; decisions never read a clock. */
export type Instant = Brand<number, 'Instant'>;
export const instant = (ms: number) => ms as Instant;
export const after = (t: Instant, ms: number) => (t + ms) as Instant;
/** Milliseconds from `earlier` to `later`. */
export const between = (earlier: Instant, later: Instant) => later - earlier;
export const isoTime = (t: Instant) => new Date(t).toISOString();
/** Reads what `isoTime` writes; null when it is not a time. */
export const fromIsoTime = (text: string): Instant | null => {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : instant(ms);
};
