import type { HostId, Instant } from '@lifeboat/kernel';
import type { Suspect } from './confirmed.ts';
import { diagnose } from './diagnose.ts';
import { weigh } from './evidence.ts';
import type { CorrelatorSettings, HostPlace } from './settings.ts';
import { type CorrelatorState, viewOf } from './state.ts';

/** The first bad signal of a host puts it under suspicion. */
export function suspect(s: CorrelatorState, settings: CorrelatorSettings, host: HostId, at: Instant): CorrelatorState {
  if (s.standings.has(host) || !settings.places.has(host)) return s;
  const { agent, signals, production } = viewOf(s, host);
  const bad = agent?.is === 'lost' || signals.management?.is === 'dead' || Object.values(production).some((v) => v.is === 'dead');
  return bad ? { ...s, standings: s.standings.set(host, { kind: 'suspected', since: at }) } : s;
}

/** Every host that something stands about, with what is known of it now. */
export const suspectsOf = (s: CorrelatorState, settings: CorrelatorSettings, now: Instant): Suspect[] =>
  s.standings.entries().flatMap(([host, standing]): Suspect[] => {
    const place = settings.places.get(host as HostId);
    if (place === undefined) return [];
    const seen = weigh(s, settings, host as HostId, now);
    const powerIsAwaited = now - standing.since < settings.powerWaitMs;
    return [{ host: host as HostId, place, standing, seen, diagnosis: diagnose(seen, powerIsAwaited) }];
  });

/**
 * Planned work is not a fault: maintenance marked in Lifeboat, or a compute service disabled by somebody. Nova's last word on
 * that holds until it says otherwise, however long it is silent: taking planned work for a fault would be the worse mistake.
 */
export const isPlanned = (s: CorrelatorState, place: HostPlace): boolean =>
  place.maintenance || viewOf(s, place.host).signals.compute?.is === 'disabled';

/** The cluster's policy may take an agent that cannot be restarted, or a host off the production network, for failed. */
export function treatedAsFailure(s: CorrelatorState, { diagnosis, place, host }: Suspect): boolean {
  if (diagnosis.kind !== 'judged') return false;
  if (diagnosis.verdict === 'agent failure')
    return place.onAgentFailure === 'treat-as-host-failure' && (viewOf(s, host).restarts?.failed ?? 0) >= 3;
  return diagnosis.verdict === 'production network failure' && place.onProductionNetworkFailure === 'isolate-and-evacuate';
}

/** It may be about to be taken for failed, by this or by a later judgement: what the brake counts. */
export function looksFailed(s: CorrelatorState, one: Suspect): boolean {
  if (one.standing.kind === 'confirmed' || isPlanned(s, one.place)) return false;
  if (one.diagnosis.kind === 'judged' && (one.diagnosis.failed || treatedAsFailure(s, one))) return true;
  const { agent, management, production } = one.seen;
  return agent !== 'unknown' && management === 'dead' && production !== 'alive';
}
