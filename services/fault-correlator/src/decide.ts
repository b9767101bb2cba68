import { type EventOf, type LifeboatEvent, type Signals, upAmong } from '@lifeboat/contracts';
import { andThen, type Decision, decided, type Instant, stay } from '@lifeboat/kernel';
import type { Input, Output } from '@lifeboat/runtime';
import { incidentOpened } from './confirmed.ts';
import { provenDead } from './contradicted.ts';
import { judgeSuspects } from './judge.ts';
import { judgeNetworks } from './networks.ts';
import { forgetPeersOf, seePeers } from './peers.ts';
import { restartedByItself } from './restarted.ts';
import type { CorrelatorSettings } from './settings.ts';
import { type CorrelatorState, type HostView, viewOf, withHost } from './state.ts';
import { isPlanned, suspect } from './suspects.ts';
import { seeAllVms, seeVms, seeVmsGone, vmIncidentOver } from './vms.ts';
import { judgeVms } from './vms-judge.ts';

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
        return andThen(judgeNetworks(s, settings, input.at), (looked) =>
          andThen(judgeSuspects(looked, settings, input.at), (next) => judgeVms(next, settings, input.at)),
        );
      case 'event':
        return andThen(learn(s, settings, input.event, input.at), (next) =>
          next.standings.size > settings.judgeAtOnce
            ? stay(next)
            : andThen(judgeSuspects(next, settings, input.at), (judged) => judgeVms(judged, settings, input.at)),
        );
      case 'settled':
      case 'observed':
        return stay(s);
    }
  };

/** Takes an event for what it says, and judges nothing. */
export function learn(s: CorrelatorState, settings: CorrelatorSettings, e: LifeboatEvent, at: Instant): Step {
  switch (e.type) {
    case 'lifeboat.agent.registered':
      return andThen(registered(s, settings, e, at), (next) => seeAllVms(next, settings, e.data.host, e.data.vms, at));
    case 'lifeboat.agent.reported': {
      const { host, peers, changed, gone } = e.data;
      return seeVms(seeVmsGone(seePeers(s, settings, host, peers, at), host, gone), settings, host, changed, at);
    }
    case 'lifeboat.vm.left-alone':
    case 'lifeboat.vm.given-up':
      return stay(vmIncidentOver(s, e.data.vm));
    case 'lifeboat.agent.lost':
      return stay(suspect(agentLost(s, e, at), settings, e.data.host, at));
    case 'lifeboat.node.observed':
      return stay(
        suspect(
          withHost(s, e.data.host, (v) => observed(v, e.data.signals, at)),
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
    case 'lifeboat.incident.opened':
      return stay(incidentOpened(s, e.data, at));
    case 'lifeboat.host.isolated':
      return stay(provenDead(s, e.data, at));
    case 'lifeboat.incident.closed':
      return stay(closeIncident(s, e, at));
    default:
      return decided(s);
  }
}

function observed({ silentSince, ...v }: HostView, news: Signals, at: Instant): HostView {
  const signals = { ...v.signals, ...news };
  const dumping = news.dump?.is === 'in-progress' && v.dumpingSince === undefined ? { dumpingSince: at } : {};
  const silent = signals.management?.is === 'dead' ? { silentSince: silentSince ?? at } : {};
  return { ...v, signals, ...dumping, ...silent };
}

function registered(s: CorrelatorState, settings: CorrelatorSettings, e: EventOf<'lifeboat.agent.registered'>, at: Instant): Step {
  const { host, session, bootId, peers } = e.data;
  const before = viewOf(s, host);
  const seen = withHost(s, host, ({ dumpingSince: _over, ran: _ran, ...v }) => {
    const { dump: _dump, ...signals } = v.signals;
    return { ...v, signals, agent: { is: 'ok', session, bootId, at, leftOnPurpose: false }, restarts: null };
  });
  const next = seePeers(seen, settings, host, peers, at);
  const restarted = before.agent !== null && before.agent.bootId !== bootId;
  const place = settings.places.get(host);
  if (!restarted || s.standings.get(host)?.kind === 'confirmed' || place === undefined || isPlanned(s, place)) return stay(next);
  const ran = e.data.before === undefined ? before.ran : upAmong(e.data.before);
  return restartedByItself(next, host, { agent: before.agent, ran: ran ?? [] }, e.data.vms, at);
}

/** A session that has already been replaced by a newer one is not lost again. */
function agentLost(s: CorrelatorState, e: EventOf<'lifeboat.agent.lost'>, at: Instant): CorrelatorState {
  const { host, session, reason } = e.data;
  const known = viewOf(s, host).agent;
  if (known !== null && known.is === 'ok' && known.session !== session) return s;
  const agent = { is: 'lost', session, bootId: known?.bootId ?? '', at, leftOnPurpose: reason === 'left' } as const;
  return withHost(forgetPeersOf(s, host), host, (v) => ({ ...v, agent, ran: upAmong(e.data.vms) }));
}

function seeRound(s: CorrelatorState, e: EventOf<'lifeboat.round.completed'>): CorrelatorState {
  const { round, observer, reason, racks, startedAt } = e.data;
  const last = s.rounds.get('last');
  if (last !== undefined && last.at > startedAt) return s;
  const aliveByRack = Object.fromEntries(racks.map((r) => [r.rack, r.alive]));
  return { ...s, rounds: s.rounds.set('last', { round, observer, reason: reason ?? '', at: startedAt, aliveByRack }) };
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
