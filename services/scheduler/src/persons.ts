import type { DataByType, EventType } from '@lifeboat/contracts';
import { andThen, decided, type HostId, type Instant, incidentId } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { declineAll } from './consent.ts';
import { allows, plannedOf, shown } from './covers.ts';
import { open as openFault } from './open.ts';
import type { SchedulerSettings } from './settings.ts';
import {
  type Consent,
  type Covers,
  confirmationId,
  epochOf,
  type Incident,
  openIncidentOf,
  putIncident,
  type SchedulerState,
} from './state.ts';
import type { Step } from './step.ts';

/** A person's order that cannot be carried out: said so, nothing is changed. */
export const orderRefused = (s: SchedulerState, order: EventType, about: string, by: string, reason: string, at: Instant): Step =>
  decided(s, tell({ type: 'lifeboat.order.refused', data: { order, about, reason: reason.slice(0, 500), by, at } }));

/**
 * A person starts the evacuation by hand: in manual mode, where nobody answered in time, or instead of answering. It covers
 * what was shown to that person, no more: a VM that is planned otherwise by now stays where it is.
 */
export function chosen(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.evacuation.chosen'], at: Instant): Step {
  const i = s.incidents.get(d.incident);
  const refuse = (reason: string): Step => orderRefused(s, 'lifeboat.evacuation.chosen', d.incident, d.by, reason, at);
  if (i === undefined) return refuse('there is no such open incident');
  const c = i.consent;
  if (c.kind === 'not-needed') return refuse('its clusters are automatic: nobody needs to start it');
  if (c.kind === 'declined') return refuse(`it was declined by ${c.by}`);
  const asked = c.asked + 1;
  if (d.answer === 'do-not') {
    const declined: Consent = { kind: 'declined', asked, by: d.by, answer: 'do-not', answers: {} };
    return andThen(closeQuestion(put(s, i, declined), i, d, asked, at), (n) => declineAll(n, i, `declined by ${d.by}`, at));
  }
  const covers: Covers = Object.fromEntries(d.placements.map((p) => [p.vm, shown(settings, p.from, p.to)]));
  const fitting = plannedOf(s, i).filter((r) => allows(settings, covers, r.vm, r.from, r.placement.to));
  if (fitting.length === 0) return refuse('the plan is another by now: none of these VMs waits for this; look at it again');
  const before: Covers = c.kind === 'given' && c.byHand ? c.covers : {};
  const given: Consent = { kind: 'given', asked, covers: { ...before, ...covers }, answer: 'evacuate', answers: {}, byHand: true };
  return closeQuestion(put(s, i, given), i, d, asked, at);
}

const put = (s: SchedulerState, i: Incident, consent: Consent): SchedulerState => putIncident(s, { ...i, consent, waitingFor: '' });

/** Those who were asked are told that somebody has decided it; and who has. */
function closeQuestion(s: SchedulerState, i: Incident, d: DataByType['lifeboat.evacuation.chosen'], asked: number, at: Instant): Step {
  const settled = tell({
    type: 'lifeboat.confirmation.settled',
    data: { incident: i.incident, confirmation: confirmationId(i.incident, asked), answer: d.answer, by: d.by, at },
  });
  if (i.consent.kind !== 'asked' && i.consent.kind !== 'given') return decided(s, settled);
  const old = confirmationId(i.incident, i.consent.asked);
  const reason = `${d.by} has decided it by hand: ${d.answer}`;
  return decided(
    s,
    tell({ type: 'lifeboat.confirmation.expired', data: { incident: i.incident, confirmation: old, reason, at } }),
    settled,
  );
}

/**
 * Safety rule 1: a person's signed statement is a proof of death; who and when stay with it. The power is still looked at before
 * each VM. About a host whose agent is silent and that no incident is about (it is held, say) it opens one: that person has seen
 * what the monitor could not.
 */
export function stated(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.statement.made'], at: Instant): Step {
  const refuse = (reason: string): Step => orderRefused(s, 'lifeboat.statement.made', d.host, d.by, reason, at);
  const open = openIncidentOf(s, d.host);
  if (open !== undefined) return proveBy(s, open, d, refuse, at);
  const cluster = settings.clusterOf.get(d.host);
  if (cluster === undefined) return refuse(`there is no host ${d.host} in the topology`);
  if (s.agents.get(d.host)?.is !== 'lost') return refuse(`the agent of ${d.host} is not lost: nothing waits for this statement`);
  const rule = `${d.by} has seen that ${d.host} is down: ${d.words}`.slice(0, 300);
  const of = { incident: incidentId(`inc-${d.host}-stated-${at}`), hosts: [d.host], clusters: [cluster], racks: [], evidence: [] };
  const opened = openFault(s, settings, { ...of, verdict: 'host failure', rule, rackRule: false, suspectedAt: at, at }, at, true);
  const i = openIncidentOf(opened.state, d.host);
  return i === undefined ? opened : andThen(opened, (n) => proveBy(n, i, d, refuse, at));
}

function proveBy(
  s: SchedulerState,
  i: Incident,
  d: DataByType['lifeboat.statement.made'],
  refuse: (reason: string) => Step,
  at: Instant,
): Step {
  const stage = i.hosts[d.host];
  if (stage?.contradicted === true && s.agents.get(d.host)?.is === 'ok')
    return refuse(`the agent of ${d.host} is here: the host runs; switch it off first`);
  if (stage?.isolation !== 'requested' && stage?.contradicted !== true)
    return refuse(`${d.host} is ${stage?.isolation ?? 'unknown'} by now`);
  const proof = { host: d.host, kind: 'person' as const, method: d.by, at: d.at, detail: d.words };
  const told = tell({ type: 'lifeboat.isolation.requested', data: { incident: i.incident, host: d.host, epoch: epochOf(s), at, proof } });
  return decided(putIncident(s, { ...i, hosts: { ...i.hosts, [d.host]: { ...stage, askedAt: at } } }), told);
}

/** A host that is kept out is let in by a person; not while its agent is silent: it might fail again at once. */
export function releaseApproved(s: SchedulerState, d: DataByType['lifeboat.release.approved'], at: Instant): Step {
  const out = s.out.get(d.host);
  const refuse = (reason: string): Step => orderRefused(s, 'lifeboat.release.approved', d.host, d.by, reason, at);
  const drain = s.drains.get(d.host);
  if (drain !== undefined) return refuse(`${drain.by} is draining it (${drain.incident}): end that first, with 'drain --stop'`);
  const drained = s.drained.get(d.host);
  if (out === undefined && drained !== undefined && openIncidentOf(s, d.host) === undefined && s.agents.get(d.host)?.is !== 'ok')
    return refuse(`the agent of ${d.host} is not back`);
  if (out === undefined && drained !== undefined && openIncidentOf(s, d.host) === undefined)
    return decided(
      s,
      tell({ type: 'lifeboat.release.requested', data: { incident: drained.incident, host: d.host, epoch: epochOf(s), at } }),
    );
  if (out === undefined)
    return refuse(openIncidentOf(s, d.host) === undefined ? `${d.host} is not kept out` : `its incident is still open`);
  if (out.wellSince === null) return refuse(`the agent of ${d.host} is not back`);
  return decided(
    { ...s, out: s.out.set(d.host, { ...out, releaseAskedAt: at }) },
    tell({ type: 'lifeboat.release.requested', data: { incident: out.incident, host: d.host as HostId, epoch: epochOf(s), at } }),
  );
}
