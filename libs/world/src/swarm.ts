import { Prng } from './prng.ts';
import { type VmFaultKind, vmFaultKinds } from './vm-faults.ts';

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
/** Levels of what Nova makes of live migrations; without any of those nothing is seen of them. */
export const migrationFaults = ['live-refused', 'live-fails', 'live-hangs'] as const;
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
export type FaultKind = WorldFault | LevelFault | ServiceFault | VmFaultKind | (typeof migrationFaults)[number];
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
  // drawn apart, so that what a seed did before these were there stays what it was
  const guests = new Prng(seed).fork('swarm/guests');
  for (const kind of vmFaultKinds) if (guests.chance(0.3)) strength[kind] = guests.between(1, 10) / 10;
  const migrations = new Prng(seed).fork('swarm/migrations');
  for (const kind of migrationFaults) if (migrations.chance(0.3)) strength[kind] = migrations.between(1, 10) / 10;
  const killer = prng.pick(killers);
  if (killers.every((k) => strength[k] === undefined)) strength[killer] = 1;
  return { strength, everyMs: prng.between(4, 30) * 1000 };
}
