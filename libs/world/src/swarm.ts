import { Prng } from './prng.ts';

/** Single events, injected one at a time. */
export const worldFaults = [
  'host-power',
  'rack-power',
  'management-link',
  'production-link',
  'both-links',
  'production-switch',
  'management-switch',
  'agent',
  'compute',
  'guest-crash',
  'observer-cut',
  'observer-cut-unknowing',
  'fence-unreachable',
  'fence-slow',
  'fence-failing',
  'fence-ignores',
  'power-returns',
  'early-return',
  'api-away',
  'owner-stops',
  'owner-deletes',
] as const;
/** Levels that hold while faults are on. */
export const levelFaults = ['probe-loss', 'api-failing', 'api-timeouts', 'api-slow', 'rebuild-fails'] as const;
/** Faults of Lifeboat's own processes and servers: the composition brings them about, through hooks. */
export const serviceFaults = [
  'service-crash',
  'service-stall',
  'event-duplicate',
  'event-delay',
  'session-expiry',
  'store-away',
  'bus-away',
  'registry-away',
] as const;

export type WorldFault = (typeof worldFaults)[number];
export type LevelFault = (typeof levelFaults)[number];
export type ServiceFault = (typeof serviceFaults)[number];
export type FaultKind = WorldFault | LevelFault | ServiceFault;
export const faultKinds: readonly FaultKind[] = [...worldFaults, ...levelFaults, ...serviceFaults];

/** Which kinds are on and how strong (0 < strength ≤ 1; absent = off), and how often one strikes. */
export interface FaultMix {
  readonly strength: Readonly<Partial<Record<FaultKind, number>>>;
  readonly everyMs: number;
}
export const noFaults: FaultMix = { strength: {}, everyMs: 60_000 };

/** At least one of these: a run in which no host dies teaches nothing. */
const killers = ['host-power', 'rack-power', 'both-links'] as const;

/**
 * Each seed turns some kinds off and exaggerates others, so that no kind always hides another. A lying fence device
 * (says 'off', stays on) is not among them: nobody who can ask only that device could ever tell.
 */
export function faultsFor(seed: number): FaultMix {
  const prng = new Prng(seed).fork('swarm');
  const strength: Partial<Record<FaultKind, number>> = {};
  for (const kind of faultKinds) {
    const on = prng.chance(0.4);
    const how = prng.between(1, 10) / 10;
    if (on) strength[kind] = how;
  }
  const killer = prng.pick(killers);
  if (killers.every((k) => strength[k] === undefined)) strength[killer] = 1;
  return { strength, everyMs: prng.between(4, 30) * 1000 };
}
