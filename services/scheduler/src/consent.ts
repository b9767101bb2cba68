import type { DataByType } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, stableId, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { settle } from './evacuation.ts';
import { waits } from './isolation.ts';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, type Incident, putIncident, type SchedulerState, vmsOf } from './state.ts';
import type { Step } from './step.ts';

/** Steps ③ and ⑤: may we evacuate? Called when a plan is there and a host is isolated. Ends with `consent` as it stands then. */
export function seekConsent(s: SchedulerState, settings: SchedulerSettings, i: Incident, at: Instant): Step {
  switch (i.consent.kind) {
    case 'not-needed':
    case 'given':
      return stay(s);
    case 'declined':
      // found since: the answer was no, for whatever was on the host
      return declineAll(s, i, whyDeclined(i.consent.by), at);
    case 'person':
      return waits(
        s,
        i,
        'person',
        `automation level ${i.automation}: ${i.planned} VMs have a place; a person must start their evacuation`,
        at,
      );
    case 'unasked':
      return ask(s, settings, i, i.consent.asked + 1, at);
    case 'asked': {
      if (i.consent.planHash !== planHash(s, i)) return askAgain(s, settings, i, 'the plan changed', at);
      return at >= i.consent.expiresAt ? noAnswer(s, settings, i, at) : stay(s);
    }
  }
}

/** What a confirmation is bound to: which VMs of which hosts would be evacuated. */
const planHash = (s: SchedulerState, i: Incident): string =>
  stableId(
    ...vmsOf(s, i.incident)
      .filter((r) => r.stage.kind === 'planned')
      .map((r) => `${r.vm} ${r.from}`),
  );

function ask(s: SchedulerState, settings: SchedulerSettings, i: Incident, asked: number, at: Instant): Step {
  const confirmation = `${i.incident}/confirmation/${asked}`;
  const hosts = Object.keys(i.hosts).sort();
  const expiresMs = Math.min(...Object.values(i.hosts).map((h) => settings.policyOf(h.cluster).confirmation.expiresMs));
  const expiresAt = after(at, expiresMs);
  const hash = planHash(s, i);
  const summary = `${i.verdict} of ${hosts.join(', ')}: evacuate ${i.planned} VMs?`.slice(0, 1000);
  const next = putIncident(s, { ...i, consent: { kind: 'asked', asked, confirmation, planHash: hash, expiresAt } });
  return andThen(
    decided(
      next,
      tell({
        type: 'lifeboat.confirmation.requested',
        data: { incident: i.incident, confirmation, planHash: hash, vms: i.planned, summary, expiresAt, at },
      }),
    ),
    (n) => waits(n, n.incidents.get(i.incident) as Incident, 'confirmation', `${summary} Asked: ${confirmation}`, at),
  );
}

function askAgain(s: SchedulerState, settings: SchedulerSettings, i: Incident, why: string, at: Instant): Step {
  if (i.consent.kind !== 'asked') return stay(s);
  const { asked, confirmation } = i.consent;
  const unasked = putIncident(s, { ...i, consent: { kind: 'unasked', asked } });
  return andThen(decided(unasked, expired(i, confirmation, why, at)), (n) =>
    seekConsent(n, settings, n.incidents.get(i.incident) as Incident, at),
  );
}

const expired = (i: Incident, confirmation: string, reason: string, at: Instant) =>
  tell({ type: 'lifeboat.confirmation.expired', data: { incident: i.incident, confirmation, reason, at } });

/** Nobody answered in time: the most careful of the clusters' wishes decides. */
function noAnswer(s: SchedulerState, settings: SchedulerSettings, i: Incident, at: Instant): Step {
  if (i.consent.kind !== 'asked') return stay(s);
  const { confirmation } = i.consent;
  const wishes = Object.values(i.hosts).map((h) => settings.policyOf(h.cluster).confirmation.onNoAnswer);
  const told = (consent: Incident['consent']): Step => decided(putIncident(s, { ...i, consent }), expired(i, confirmation, NOBODY, at));
  if (wishes.includes('hold')) return told({ kind: 'person' });
  if (wishes.includes('abort')) return andThen(told({ kind: 'declined', by: NOBODY }), (n) => declineAll(n, i, whyDeclined(NOBODY), at));
  return told({ kind: 'given', confirmation, by: `${NOBODY}; the policy evacuates then` });
}

/** Step ⑦. An answer that fits nothing we wait for changes nothing, and is recorded. */
export function answered(s: SchedulerState, d: DataByType['lifeboat.confirmation.received'], at: Instant): Step {
  const i = s.incidents.get(d.incident);
  const refuse = (reason: DataByType['lifeboat.confirmation.refused']['reason']): Step =>
    decided(
      s,
      tell({
        type: 'lifeboat.confirmation.refused',
        data: { incident: d.incident, confirmation: d.confirmation, reason, channel: d.channel, at },
      }),
    );
  if (i === undefined) return refuse('late');
  if (i.consent.kind === 'given' || i.consent.kind === 'declined') return refuse('duplicate');
  if (i.consent.kind !== 'asked' || i.consent.confirmation !== d.confirmation) return refuse('superseded');
  if (at >= i.consent.expiresAt) return refuse('expired');
  if (d.answer === 'evacuate')
    return stay(putIncident(s, { ...i, consent: { kind: 'given', confirmation: d.confirmation, by: d.by }, waitingFor: '' }));
  return declineAll(putIncident(s, { ...i, consent: { kind: 'declined', by: d.by } }), i, whyDeclined(d.by), at);
}

const NOBODY = 'nobody answered in time';
const whyDeclined = (by: string): string => (by === NOBODY ? by : `declined by ${by}`);

function declineAll(s: SchedulerState, i: Incident, why: string, at: Instant): Step {
  let step: Step = stay(s);
  for (const r of vmsOf(s, i.incident))
    if (r.stage.kind === 'planned' || r.stage.kind === 'unplaced') step = andThen(step, (n) => settle(n, r, 'unevacuable', null, why, at));
  return step;
}

/**
 * A failed host is well again. Not isolated yet and never restarted: the order is recalled, for its VMs never stopped.
 * Isolated, or restarted: the incident goes on (its VMs are not running), but a question that is open dies with the return.
 */
export function hostCameBack(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.fault.cleared'], at: Instant): Step {
  const i = d.incident === undefined ? undefined : s.incidents.get(d.incident);
  const stage = i?.hosts[d.host as HostId];
  if (i === undefined || stage === undefined) return stay(s);
  if (stage.isolation === 'requested' && !d.restarted) {
    const recalled = putIncident(s, { ...i, hosts: { ...i.hosts, [d.host]: { ...stage, isolation: 'recalled' } } });
    return decided(
      recalled,
      tell({ type: 'lifeboat.isolation.recalled', data: { incident: i.incident, host: d.host, epoch: epochOf(s), at } }),
    );
  }
  return stage.isolation === 'isolated' || d.restarted ? askAgain(s, settings, i, `host ${d.host} came back`, at) : stay(s);
}
