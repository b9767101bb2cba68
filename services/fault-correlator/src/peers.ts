import type { HostId, Instant } from '@lifeboat/kernel';
import { doubtNetwork } from './networks.ts';
import type { CorrelatorSettings } from './settings.ts';
import { type CorrelatorState, type HostView, viewOf, withHost } from './state.ts';
import { suspect } from './suspects.ts';

type View = Readonly<{ peer: HostId; production: 'alive' | 'dead'; at: Instant }>;

/** All that an observer says of its peers now, in place of what it said before: whom it does not name any more it does not see. */
export function seePeers(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  observer: HostId,
  views: readonly View[],
  now: Instant,
): CorrelatorState {
  const named = new Set<string>(views.map((v) => v.peer));
  const before = viewOf(s, observer).sees ?? [];
  let next = forgotten(
    s,
    observer,
    before.filter((peer) => !named.has(peer)),
  );
  for (const { peer, production, at } of views) {
    const known = viewOf(next, peer).production[observer];
    if (known === undefined || known.is !== production || known.at !== at)
      next = withHost(next, peer, (v) => ({ ...v, production: { ...v.production, [observer]: { is: production, at, heardAt: now } } }));
    if (production === 'dead') next = doubtNetwork(suspect(next, settings, peer, now), settings, peer);
  }
  const same = before.length === named.size && before.every((peer) => named.has(peer));
  return same ? next : withHost(next, observer, (v) => ({ ...v, sees: [...named] as HostId[] }));
}

/** Its session is over: what it saw is of the past. */
export const forgetPeersOf = (s: CorrelatorState, observer: HostId): CorrelatorState => {
  const sees = viewOf(s, observer).sees ?? [];
  return sees.length === 0 ? s : withHost(forgotten(s, observer, sees), observer, (v) => ({ ...v, sees: [] }));
};

function forgotten(s: CorrelatorState, observer: HostId, peers: readonly HostId[]): CorrelatorState {
  let next = s;
  for (const peer of peers) if (viewOf(next, peer).production[observer] !== undefined) next = withHost(next, peer, without(observer));
  return next;
}

const without =
  (observer: HostId) =>
  (v: HostView): HostView => ({ ...v, production: Object.fromEntries(Object.entries(v.production).filter(([o]) => o !== observer)) });
