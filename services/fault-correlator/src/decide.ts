import type { EventOf, LifeboatEvent } from '@lifeboat/contracts';
import { andThen, type Decision, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { type Input, type Output, tell } from '@lifeboat/runtime';
import { judgeSuspects } from './judge.ts';
import type { CorrelatorSettings } from './settings.ts';
import { type CorrelatorState, type HostView, viewOf } from './state.ts';

export type CorrelatorInput = Input<never, never, never>;
export type CorrelatorOutput = Output<never>;
type Step = Decision<CorrelatorState, CorrelatorOutput>;

/** Evidence in, verdicts out. Every input updates what is known of some hosts; then those that are not well are judged anew. */
export const correlate =
  (settings: CorrelatorSettings) =>
  (s: CorrelatorState, input: CorrelatorInput): Step => {
    switch (input.kind) {
      case 'started':
        // Nothing is known until a full round has been seen after this moment.
        return stay({ ...s, started: s.started.set('at', input.at) });
      case 'tick':
        return judgeSuspects(s, settings, input.at);
      case 'event':
        return andThen(learn(s, settings, input.event, input.at), (next) => judgeSuspects(next, settings, input.at));
      case 'settled':
      case 'observed':
        return stay(s);
    }
  };

function learn(s: CorrelatorState, settings: CorrelatorSettings, e: LifeboatEvent, at: Instant): Step {
  switch (e.type) {
    case 'lifeboat.agent.registered':
      return registered(s, settings, e, at);
    case 'lifeboat.agent.reported':
      return stay(seePeers(settings, at, s, e.data.host, e.data.peers));
    case 'lifeboat.agent.lost':
      return stay(suspect(agentLost(s, e, at), settings, e.data.host, at));
    case 'lifeboat.node.observed':
      return stay(
        suspect(
          withHost(s, e.data.host, (v) => ({ ...v, signals: { ...v.signals, ...e.data.signals } })),
          settings,
          e.data.host,
          at,
        ),
      );
    case 'lifeboat.round.completed':
      return stay(seeRound(s, e));
    case 'lifeboat.agent.restarted': {
      const { host, succeeded } = e.data;
      return stay(withHost(s, host, (v) => ({ ...v, restarts: succeeded ? null : { failed: (v.restarts?.failed ?? 0) + 1, lastAt: at } })));
    }
    case 'lifeboat.incident.closed':
      return stay(closeIncident(s, e, at));
    default:
      return decided(s);
  }
}

function registered(s: CorrelatorState, settings: CorrelatorSettings, e: EventOf<'lifeboat.agent.registered'>, at: Instant): Step {
  const { host, session, bootId, peers } = e.data;
  const before = viewOf(s, host).agent;
  const seen = withHost(s, host, (v) => ({ ...v, agent: { is: 'ok', session, bootId, at, leftOnPurpose: false }, restarts: null }));
  const next = seePeers(settings, at, seen, host, peers);
  const restarted = before !== null && before.bootId !== bootId;
  if (!restarted || s.standings.get(host)?.kind === 'confirmed' || settings.places.get(host)?.maintenance !== false) return stay(next);
  // It was back before anybody could judge it; what ran on it does not run any more.
  const rule = 'the agent came back with another boot id: the host restarted by itself';
  const evidence = [{ host, signal: 'agent' as const, is: 'restarted', ageMs: 0, observer: 'registry' }];
  const action = 'alert: its VMs stopped with it; start them again';
  return decided(
    next,
    tell({ type: 'lifeboat.fault.diagnosed', data: { verdict: 'VM failure', rule, hosts: [host], evidence, at, action } }),
  );
}

const withHost = (s: CorrelatorState, host: HostId, change: (v: HostView) => HostView): CorrelatorState => ({
  ...s,
  hosts: s.hosts.set(host, change(viewOf(s, host))),
});

/** A session that has already been replaced by a newer one is not lost again. */
function agentLost(s: CorrelatorState, e: EventOf<'lifeboat.agent.lost'>, at: Instant): CorrelatorState {
  const { host, session, reason } = e.data;
  return withHost(s, host, (v) =>
    v.agent !== null && v.agent.is === 'ok' && v.agent.session !== session
      ? v
      : { ...v, agent: { is: 'lost', session, bootId: v.agent?.bootId ?? '', at, leftOnPurpose: reason === 'left' } },
  );
}

type View = Readonly<{ peer: HostId; production: 'alive' | 'dead'; at: Instant }>;

function seePeers(
  settings: CorrelatorSettings,
  now: Instant,
  s: CorrelatorState,
  observer: HostId,
  views: readonly View[],
): CorrelatorState {
  let next = s;
  for (const { peer, production, at } of views) {
    next = withHost(next, peer, (v) => ({ ...v, production: { ...v.production, [observer]: { is: production, at } } }));
    if (production === 'dead') next = suspect(next, settings, peer, now);
  }
  return next;
}

function seeRound(s: CorrelatorState, e: EventOf<'lifeboat.round.completed'>): CorrelatorState {
  const { round, observer, reason, racks, startedAt } = e.data;
  const last = s.rounds.get('last');
  if (last !== undefined && last.at > startedAt) return s;
  const aliveByRack = Object.fromEntries(racks.map((r) => [r.rack, r.alive]));
  return { ...s, rounds: s.rounds.set('last', { round, observer, reason: reason ?? '', at: startedAt, aliveByRack }) };
}

function suspect(s: CorrelatorState, settings: CorrelatorSettings, host: HostId, at: Instant): CorrelatorState {
  if (s.standings.has(host) || !settings.places.has(host)) return s;
  const { agent, signals, production } = viewOf(s, host);
  const bad = agent?.is === 'lost' || signals.management?.is === 'dead' || Object.values(production).some((v) => v.is === 'dead');
  return bad ? { ...s, standings: s.standings.set(host, { kind: 'suspected', since: at }) } : s;
}

function closeIncident(s: CorrelatorState, e: EventOf<'lifeboat.incident.closed'>, at: Instant): CorrelatorState {
  let { standings } = s;
  for (const host of e.data.hosts) {
    const standing = standings.get(host);
    if (standing?.kind !== 'confirmed' || standing.incident !== e.data.incident) continue;
    // Withdrawn: its VMs never left it. Should it be gone again already, that is a new failure.
    const next = e.data.outcome === 'withdrawn' ? ({ kind: 'suspected', since: at } as const) : { ...standing, closed: true };
    standings = standings.set(host, next);
  }
  return { ...s, standings };
}
