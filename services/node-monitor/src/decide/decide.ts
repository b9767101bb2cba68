import type { EventOf, LifeboatEvent } from '@lifeboat/contracts';
import { type Decision, type HostId, type Instant, stay } from '@lifeboat/kernel';
import type { MonitorSettings } from '../settings.ts';
import { documentOf, type HostDocument, type MonitorState, withDocument } from '../state.ts';
import type { DumpHeard, MonitorEffect, MonitorInput, MonitorOutput, MonitorResult } from './effects.ts';
import { identitySeen, machineRegistered } from './identity.ts';
import { agentCameBack, restartSettled } from './restarts.ts';
import { askNova, seeRound } from './round.ts';
import { deepLooks, observed, reconsider } from './suspicion.ts';

type Step = Decision<MonitorState, MonitorOutput>;

const DUMPS_APART_MS = 2_000;

/** Which hosts to look at closely, what of it to tell, which silent agents to restart. */
export const monitor =
  (settings: MonitorSettings) =>
  (s: MonitorState, input: MonitorInput): Step => {
    switch (input.kind) {
      case 'observed':
        return input.observation.kind === 'round'
          ? seeRound(s, settings, input.observation, input.at)
          : seeDump(s, settings, input.observation, input.at);
      case 'event':
        return hear(s, settings, input.event, input.at);
      case 'settled':
        return settle(s, settings, input.effect, input.result, input.at);
      case 'tick':
      case 'started':
        return stay(s);
    }
  };

/** Told each time, for its age counts; but a storm of packets is one. */
function seeDump(s: MonitorState, settings: MonitorSettings, o: DumpHeard, at: Instant): Step {
  const host = settings.hosts.get(o.host);
  if (host === undefined) return stay(s);
  const before = documentOf(s, host.host);
  const last = before.signals.dump?.at;
  if (last !== undefined && o.at - last < DUMPS_APART_MS) return stay(s);
  const d: HostDocument = { ...before, signals: { ...before.signals, dump: { is: 'in-progress', at: o.at } } };
  return { state: withDocument(s, host.host, d), outputs: [observed(host, d, at)] };
}

function hear(s: MonitorState, settings: MonitorSettings, e: LifeboatEvent, at: Instant): Step {
  switch (e.type) {
    case 'lifeboat.agent.registered':
      return hearRegistered(s, settings, e, at);
    case 'lifeboat.agent.lost':
      return hearLost(s, settings, e, at);
    default:
      return stay(s);
  }
}

function hearRegistered(s: MonitorState, settings: MonitorSettings, e: EventOf<'lifeboat.agent.registered'>, at: Instant): Step {
  const host = settings.hosts.get(e.data.host);
  if (host === undefined) return stay(s);
  const back = agentCameBack(documentOf(s, host.host), host.host, at);
  const { dump: _over, ...signals } = back.state.signals;
  const d = reconsider(s, { ...back.state, signals, agent: { is: 'ok', session: e.data.session, at } }, host, true, at);
  const named = machineRegistered(withDocument(s, host.host, d), settings, host, e.data.machineUuid, at);
  return { state: named.state, outputs: [...back.outputs, ...named.outputs] };
}

function hearLost(s: MonitorState, settings: MonitorSettings, e: EventOf<'lifeboat.agent.lost'>, at: Instant): Step {
  const host = settings.hosts.get(e.data.host);
  if (host === undefined) return stay(s);
  const before = documentOf(s, host.host);
  // A session that a newer one has replaced is not lost again.
  if (before.agent.is === 'ok' && before.agent.session !== e.data.session) return stay(s);
  const agent = { is: e.data.reason === 'left' ? ('left' as const) : ('lost' as const), session: e.data.session, at };
  const d = reconsider(s, { ...before, agent, restart: { is: 'none' } }, host, true, at);
  const state = withDocument(s, host.host, d);
  if (d.suspect === null) return stay(state);
  const nova = askNova(state, settings, true, at);
  return { state: nova.state, outputs: [...deepLooks(nova.state, host), ...nova.outputs] };
}

function settle(s: MonitorState, settings: MonitorSettings, effect: MonitorEffect, result: MonitorResult, at: Instant): Step {
  if (effect.kind === 'look-at-compute') return result.kind === 'compute' ? seeCompute(s, settings, result, at) : stay(s);
  const host = settings.hosts.get(effect.host);
  if (host !== undefined && result.kind === 'identity') return identitySeen(s, settings, host, result.devices, at);
  const before = host === undefined ? undefined : s.hosts.get(host.host);
  if (host === undefined || before === undefined) return stay(s);
  if (effect.kind === 'restart-agent') {
    if (result.kind !== 'restarted' && result.kind !== 'not-done') return stay(s);
    const step = restartSettled(before, host.host, effect.attempt, result, settings, at);
    return { state: withDocument(s, host.host, step.state), outputs: step.outputs };
  }
  // What was asked while it was under suspicion says nothing any more once it is well.
  if (before.suspect === null || (result.kind !== 'ssh' && result.kind !== 'power')) return stay(s);
  const signals = { ...before.signals, [result.kind]: result.signal };
  const changed = before.signals[result.kind]?.is !== result.signal.is;
  const d = reconsider(s, { ...before, signals }, host, changed, at);
  return { state: withDocument(s, host.host, d), outputs: changed ? [observed(host, d, at)] : [] };
}

function seeCompute(s: MonitorState, settings: MonitorSettings, result: Extract<MonitorResult, { kind: 'compute' }>, at: Instant): Step {
  if (result.services === null) return stay(s);
  const said = new Map<HostId, (typeof result.services)[number][1]>(result.services);
  let state: MonitorState = { ...s, looks: s.looks.set('compute', { at: result.at, observer: 'sound' }) };
  const outputs: MonitorOutput[] = [];
  for (const host of settings.hosts.values()) {
    const is = said.get(host.host) ?? 'missing';
    const before = documentOf(s, host.host);
    const changed = before.signals.compute?.is !== is;
    if (!changed && before.suspect === null) continue;
    const known: HostDocument = { ...before, signals: { ...before.signals, compute: { is, at: result.at } } };
    const d = reconsider(state, known, host, changed, at);
    state = withDocument(state, host.host, d);
    if (!changed) continue;
    outputs.push(observed(host, d, at));
    if (before.suspect === null && d.suspect !== null) outputs.push(...deepLooks(state, host));
  }
  return { state, outputs };
}
