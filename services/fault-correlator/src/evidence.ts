import type { Evidence } from '@lifeboat/contracts';
import type { HostId, Instant } from '@lifeboat/kernel';
import type { CorrelatorSettings } from './settings.ts';
import { type CorrelatorState, type HostView, viewOf } from './state.ts';

type Sight = 'alive' | 'dead' | 'unknown';

/** Evidence as it stands now: what is too old, or was never seen, is 'unknown'. */
export interface Seen {
  readonly agent: 'ok' | 'lost' | 'unknown';
  readonly management: Sight;
  readonly ssh: 'works' | 'refused' | 'dead' | 'unknown';
  readonly production: Sight;
  /** Where peers see it dead: something else fell silent with it, or it has lasted; not only probes that were lost. */
  readonly sure: boolean;
  /** Its production address as peers of other racks see it: a rack that is cut off still sees itself. */
  readonly beyond: Sight;
  readonly power: 'on' | 'off' | 'unreachable' | 'error' | 'unknown';
  readonly compute: 'up' | 'down' | 'disabled' | 'forced-down' | 'missing' | 'unknown';
  readonly dumping: boolean;
  readonly lines: readonly Evidence[];
}

export function weigh(s: CorrelatorState, settings: CorrelatorSettings, host: HostId, now: Instant): Seen {
  const view = viewOf(s, host);
  const fresh = <T extends { readonly at: Instant; readonly is: string }>(x: T | undefined, maxAgeMs: number): T['is'] | 'unknown' =>
    x !== undefined && now - x.at <= maxAgeMs ? x.is : 'unknown';
  const { signals } = view;
  const probe = settings.evidenceMaxAgeMs;
  const production = productionOf(s, settings, host, view, now);
  const rackOf = (h: string) => settings.places.get(h as HostId)?.rack;
  return {
    agent: view.agent?.is ?? 'unknown',
    management: fresh(signals.management, probe) as Seen['management'],
    ssh: fresh(signals.ssh, probe) as Seen['ssh'],
    production: production.is,
    sure: isSure(settings, view, production.by, now),
    beyond: productionOf(s, settings, host, view, now, (observer) => rackOf(observer) !== rackOf(host)).is,
    power: fresh(signals.power, probe) as Seen['power'],
    compute: fresh(signals.compute, settings.computeMaxAgeMs) as Seen['compute'],
    dumping: fresh(signals.dump, settings.dumpMaxAgeMs) === 'in-progress',
    // asked for only when something is told
    get lines() {
      return linesOf(s, settings, host, now);
    },
  };
}

/**
 * Production as seen by peers. A peer counts while its own agent's session lives (its view is what it last said). One that
 * sees the host dead is believed only when it is itself on the production network: a third host sees it alive there, and has for
 * so long that it would have taken its word back by now, had it been said while it was cut off itself.
 */
function productionOf(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  host: HostId,
  view: HostView,
  now: Instant,
  counts: (observer: string) => boolean = () => true,
): { is: Sight; by: string[] } {
  const believed = Object.entries(view.production).filter(([o]) => counts(o) && canTell(s, o as HostId));
  const alive = believed.filter(([, v]) => v.is === 'alive').map(([o]) => o);
  if (alive.length > 0) return { is: 'alive', by: alive };
  const dead = believed.map(([o]) => o).filter((observer) => isOnProduction(s, settings, observer as HostId, host, now));
  return dead.length > 0 ? { is: 'dead', by: dead } : { is: 'unknown', by: [] };
}

/** One network after the other is no sign that the host itself has failed; nor is the word of a single peer. */
function isSure(settings: CorrelatorSettings, view: HostView, by: readonly string[], now: Instant): boolean {
  const newest = Math.max(...by.map((o) => view.production[o]?.heardAt ?? now));
  const together = by.length > 1 && view.silentSince !== undefined && newest - view.silentSince <= settings.togetherMs;
  return together || now - newest >= settings.peersAloneMs;
}

/** Its session lives; and it is not silent on the management network, so that only its session has not lapsed yet. */
export const canTell = (s: CorrelatorState, observer: HostId): boolean => {
  const { agent, signals } = viewOf(s, observer);
  return agent?.is === 'ok' && signals.management?.is !== 'dead';
};

const isOnProduction = (s: CorrelatorState, settings: CorrelatorSettings, observer: HostId, besides: HostId, now: Instant): boolean =>
  Object.entries(viewOf(s, observer).production).some(
    ([other, v]) =>
      other !== besides && v.is === 'alive' && now - v.heardAt >= settings.peersBackMs && viewOf(s, other as HostId).agent?.is === 'ok',
  );

/** Everything that was ever heard of a host, with its age: also what is too old to count. */
export function linesOf(s: CorrelatorState, settings: CorrelatorSettings, host: HostId, now: Instant): Evidence[] {
  const view = viewOf(s, host);
  const age = (at: Instant) => Math.max(0, now - at);
  const found: Evidence[] = [];
  if (view.agent !== null) found.push({ host, signal: 'agent', is: view.agent.is, ageMs: age(view.agent.at), observer: 'registry' });
  for (const signal of ['management', 'ssh', 'power', 'compute', 'dump'] as const) {
    const x = view.signals[signal];
    if (x !== undefined) found.push({ host, signal, is: x.is, ageMs: age(x.at), observer: signal === 'compute' ? 'Nova' : 'node-monitor' });
  }
  const production = productionOf(s, settings, host, view, now);
  if (production.by.length > 0) {
    const newest = Math.max(...production.by.map((o) => view.production[o]?.at ?? 0)) as Instant;
    found.push({
      host,
      signal: 'production',
      is: production.is,
      ageMs: age(newest),
      observer: production.by.sort().join(' ').slice(0, 300),
    });
  }
  return found;
}
