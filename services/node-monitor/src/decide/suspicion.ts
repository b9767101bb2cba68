import type { Instant } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime/shell/service';
import type { MonitorSettings, WatchedHost } from '../settings.ts';
import type { HostDocument, MonitorState } from '../state.ts';
import { lookAtPower, lookAtSsh, type MonitorOutput, roundAt } from './effects.ts';
import { strangersOf } from './identity.ts';

/** What makes us look closely. Planned work does not. */
const isSuspicious = (d: HostDocument, host: WatchedHost): boolean =>
  !host.maintenance &&
  (d.agent.is === 'lost' || d.agent.is === 'left' || d.signals.management?.is === 'dead' || d.signals.compute?.is === 'down');

/** Puts a host under suspicion, or takes it off, by what is now known of it. `changed`: some signal of it is not what it was. */
export function reconsider(s: MonitorState, d: HostDocument, host: WatchedHost, changed: boolean, at: Instant): HostDocument {
  if (!isSuspicious(d, host)) {
    if (d.suspect === null) return d;
    const { ssh: _ssh, power: _power, ...signals } = d.signals;
    return { ...d, signals, suspect: null, restart: d.agent.is === 'lost' ? d.restart : { is: 'none' } };
  }
  if (d.suspect !== null) return changed ? { ...d, suspect: { ...d.suspect, changedAt: at } } : d;
  const asked = s.looks.get('compute')?.at;
  const { compute } = d.signals;
  // Nova was asked since and said the same: its word is as fresh as that.
  const fresh = compute !== undefined && asked !== undefined && asked > compute.at ? { compute: { ...compute, at: asked } } : {};
  return { ...d, signals: { ...d.signals, ...fresh }, suspect: { since: at, changedAt: at, lookedAt: 0 as Instant } };
}

/** Every round at first; seldom once nothing has changed for long. Any change makes it every round again. */
export const isLookDue = (d: HostDocument, settings: MonitorSettings, at: Instant): boolean =>
  d.suspect !== null && (at - d.suspect.changedAt < settings.slowAfterMs || at - d.suspect.lookedAt >= settings.slowMs);

export const deepLooks = (s: MonitorState, host: WatchedHost): MonitorOutput[] => [
  order(lookAtSsh(host.host)),
  ...(host.fenced ? [order(lookAtPower(host.host, strangersOf(s, host.host)))] : []),
];

export const observed = (host: WatchedHost, d: HostDocument, at: Instant): MonitorOutput =>
  tell({ type: 'lifeboat.node.observed', data: { host: host.host, round: roundAt(at), signals: d.signals, at } });
