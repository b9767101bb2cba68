import { type DataByType, ORDER_VALID_MS, TOLD_AGAIN_MS } from '@lifeboat/contracts';
import { andThen, decided, type HostId, type Instant, incidentId, instant, isoTime, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { orderRefused } from '../persons.ts';
import type { SchedulerSettings } from '../settings.ts';
import { epochOf, openIncidentOf, type SchedulerState } from '../state.ts';
import type { SchedulerOutput, Step } from '../step.ts';
import { type Drain, isOver, leavingOf, putDrain } from './drain.ts';
import { advanceDrain, closeDrain, endOne } from './follow.ts';

/** Why this host is not to be drained; null: it may be. */
function whyNot(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.drain.chosen'], at: Instant): string | null {
  const { host } = d;
  if (at - d.at > ORDER_VALID_MS) return 'the order is old by now: give it again if it is meant still';
  if (!settings.clusterOf.has(host)) return `the topology has no host ${host}`;
  const other = s.drains.get(host);
  if (other !== undefined)
    return `${other.by} has been draining it since ${isoTime(other.openedAt)} (${other.incident}); 'drain --stop' would end that`;
  const open = openIncidentOf(s, host);
  if (open !== undefined) return `${host} has an open incident (${open.incident}: ${open.verdict}): that has its VMs`;
  const out = s.out.get(host);
  if (out !== undefined) return `${host} has failed (${out.incident}) and is kept out until it is released`;
  const agent = s.agents.get(host);
  if (agent?.is !== 'ok') return `the agent of ${host} is silent: it may have failed, and only a host that is well is drained`;
  return null;
}

/** A person wants a host emptied. New VMs are kept away first; then it is planned. */
export function drainChosen(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.drain.chosen'], at: Instant): Step {
  const no = whyNot(s, settings, d, at);
  if (no !== null) return orderRefused(s, 'lifeboat.drain.chosen', d.host, d.by, no, at);
  const cluster = settings.clusterOf.get(d.host) as Drain['cluster'];
  const drain: Drain = {
    incident: incidentId(`inc-drain-${d.host}-${at}`),
    host: d.host,
    cluster,
    by: d.by,
    openedAt: at,
    only: d.vms ?? null,
    cold: d.cold ?? settings.policyOf(cluster).drain?.cold === 'where-live-fails',
    disable: d.disable,
    stage: 'setting-aside',
    askedAt: at,
    disabled: false,
    ended: '',
    surveys: 0,
    survey: 'none',
    surveyNotBefore: instant(0),
    changedSinceSurvey: true,
    fruitless: 0,
    unanswered: 0,
    waitingFor: '',
    vms: {},
  };
  return decided(putDrain({ ...s, drained: s.drained.delete(d.host) }, drain), opened(s, drain, at));
}

const opened = (s: SchedulerState, d: Drain, at: Instant): SchedulerOutput => {
  const { incident, host, cluster, only, cold, disable, by } = d;
  const vms = only === null ? {} : { vms: [...only] };
  return tell({ type: 'lifeboat.drain.opened', data: { incident, host, cluster, ...vms, cold, disable, by, epoch: epochOf(s), at } });
};

/** Orders that nothing was heard of for long are given again: the migrator does not obey an old one. */
export function remindMigrator(s: SchedulerState, at: Instant): Step {
  let step: Step = stay(s);
  for (const d of s.drains.values()) {
    if (d.stage !== 'setting-aside' || at - d.askedAt < TOLD_AGAIN_MS) continue;
    step = andThen(step, (n) => decided(putDrain(n, { ...d, askedAt: at }), opened(n, d, at)));
  }
  return step;
}

export function setAside(s: SchedulerState, d: DataByType['lifeboat.host.set-aside'], at: Instant): Step {
  const drain = s.drains.get(d.host);
  if (drain?.incident !== d.incident) return stay(s);
  const disabled = d.disabled === 'by-us';
  if (drain.stage !== 'setting-aside') return advanceDrain(putDrain(s, { ...drain, disabled }), d.host, at);
  const stage = drain.ended === '' ? 'moving' : 'stopping';
  return advanceDrain(putDrain(s, { ...drain, disabled, stage }), d.host, at);
}

export function drainFailed(s: SchedulerState, d: DataByType['lifeboat.drain.failed'], at: Instant): Step {
  const drain = s.drains.get(d.host);
  if (drain?.incident !== d.incident) return stay(s);
  return closeDrain(s, drain, 'not-begun', `${d.code}: ${d.reason}`, at);
}

export function drainHalted(s: SchedulerState, d: DataByType['lifeboat.drain.halted'], at: Instant): Step {
  const drain = s.drains.get(d.host);
  if (drain === undefined) return orderRefused(s, 'lifeboat.drain.halted', d.host, d.by, `nobody drains ${d.host}`, at);
  if (drain.stage === 'stopping') return stay(s);
  const ended = `ended by ${d.by}`;
  // whether it is disabled is heard first
  if (drain.stage === 'setting-aside') return stay(putDrain(s, { ...drain, ended }));
  return andThen(stop(s, drain, ended, at), (n) => advanceDrain(n, d.host, at));
}

/** No further VM begins to move; what the migrator has it gives back, or it arrives. */
function stop(s: SchedulerState, d: Drain, ended: string, at: Instant): Step {
  const { incident, host } = d;
  const recalled = tell({ type: 'lifeboat.drain.recalled', data: { incident, host, reason: ended.slice(0, 500), epoch: epochOf(s), at } });
  let step: Step = decided(putDrain(s, { ...d, stage: 'stopping', ended }), recalled);
  for (const vm of leavingOf(d))
    if (vm.stage.kind === 'unplaced') step = andThen(step, (n) => endOne(n, host, vm, { kind: 'left', reason: ended }, false, at));
  return step;
}

/** Its hosts have failed: what is left on them is the incident's. A VM on its way stays with the migrator until that is decided. */
export function overtakenBy(s: SchedulerState, hosts: readonly HostId[], at: Instant): Step {
  let step: Step = stay(s);
  for (const host of hosts) {
    const d = s.drains.get(host);
    const open = openIncidentOf(s, host);
    if (d === undefined || open === undefined) continue;
    const why = `${host} has failed: ${open.incident} has what is left on it`;
    step = andThen(step, (n) => stop(n, d, why, at));
    for (const vm of leavingOf(d)) {
      if (isOver(vm) || vm.stage.kind === 'unplaced') continue;
      const reason = vm.stage.kind === 'moving' ? `on its way to ${vm.stage.to} when ${why}` : why;
      step = andThen(step, (n) => endOne(n, host, vm, { kind: 'left', reason }, false, at));
    }
    step = andThen(step, (n) => closeDrain(n, n.drains.get(host) as Drain, 'host-failed', why, at));
  }
  return step;
}
