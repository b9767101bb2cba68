import type { ClusterPolicy, DataByType } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, stableId, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { coversOf, planInShort, type Uncovered, uncovered } from './covers.ts';
import { settle } from './evacuation.ts';
import { waits } from './isolation.ts';
import type { SchedulerSettings } from './settings.ts';
import { type Consent, confirmationId, epochOf, type Incident, openIncidentOf, putIncident, type SchedulerState, vmsOf } from './state.ts';
import type { Step } from './step.ts';

/** Steps ③ and ⑤: may we evacuate? Called when a plan is there and a host is isolated. Ends with `consent` as it stands then. */
export function seekConsent(s: SchedulerState, settings: SchedulerSettings, i: Incident, at: Instant): Step {
  const c = i.consent;
  switch (c.kind) {
    case 'not-needed':
      return stay(s);
    case 'declined':
      // found since: the answer was no, for whatever was on the host
      return declineAll(s, i, whyDeclined(c.by), at);
    case 'person':
      return waitsForPerson(s, i, i.planned, at);
    case 'unasked':
      return ask(s, settings, i, c.asked + 1, at);
    case 'given': {
      const more = uncovered(s, settings, i, c.covers);
      if (more.length === 0) return stay(s);
      return c.byHand ? waitsForPerson(s, i, more.length, at) : askAgain(s, settings, i, changed(more), at);
    }
    case 'asked': {
      const more = uncovered(s, settings, i, c.covers);
      if (more.length > 0) return askAgain(s, settings, i, changed(more), at);
      return at >= c.expiresAt ? noAnswer(s, settings, i, c, at) : stay(s);
    }
  }
}

const waitsForPerson = (s: SchedulerState, i: Incident, n: number, at: Instant): Step =>
  waits(s, i, 'person', `automation level ${i.automation}: ${n} VMs have a place; a person must start their evacuation`, at);

const changed = (more: readonly Uncovered[]): string => {
  const elsewhere = more.filter((u) => u.known).length;
  const found = more.length - elsewhere;
  const parts = [
    ...(found > 0 ? [`${found} VMs more to evacuate`] : []),
    ...(elsewhere > 0 ? [`${elsewhere} VMs to another cluster than was said`] : []),
  ];
  return `the plan changed: ${parts.join(', ')}`;
};

const policiesOf = (settings: SchedulerSettings, i: Incident): ClusterPolicy['confirmation'][] =>
  Object.values(i.hosts).map((h) => settings.policyOf(h.cluster).confirmation);

function ask(s: SchedulerState, settings: SchedulerSettings, i: Incident, asked: number, at: Instant): Step {
  const confirmation = confirmationId(i.incident, asked);
  const hosts = (Object.keys(i.hosts) as HostId[]).sort();
  const policies = policiesOf(settings, i);
  const expiresAt = after(at, Math.min(...policies.map((p) => p.expiresMs)));
  const quorum = Math.max(...policies.map((p) => p.quorum ?? 1));
  const covers = coversOf(s, settings, i);
  const planHash = stableId(...Object.entries(covers).map((e) => e.join(' ')));
  const summary = `${i.verdict} of ${hosts.join(', ')}: evacuate ${i.planned} VMs?`.slice(0, 1000);
  const next = putIncident(s, { ...i, consent: { kind: 'asked', asked, covers, expiresAt, quorum, answers: {} } });
  const request = {
    ...{ incident: i.incident, confirmation, planHash, vms: i.planned, summary, expiresAt, at },
    ...{ hosts, verdict: i.verdict, quorum, ...planInShort(s, settings, i) },
  };
  return andThen(decided(next, tell({ type: 'lifeboat.confirmation.requested', data: request })), (n) =>
    waits(n, n.incidents.get(i.incident) as Incident, 'confirmation', `${summary} Asked: ${confirmation}`, at),
  );
}

/** What was asked, or allowed, holds no longer: said so, and asked anew. Nothing more is begun under the old one. */
function askAgain(s: SchedulerState, settings: SchedulerSettings, i: Incident, why: string, at: Instant): Step {
  if (i.consent.kind !== 'asked' && i.consent.kind !== 'given') return stay(s);
  const { asked } = i.consent;
  const byHand = i.consent.kind === 'given' && i.consent.byHand;
  const consent: Consent = byHand ? { kind: 'person', asked } : { kind: 'unasked', asked };
  const step = decided(putIncident(s, { ...i, consent, waitingFor: '' }), expired(i, asked, why, at));
  return i.planned === 0 ? step : andThen(step, (n) => seekConsent(n, settings, n.incidents.get(i.incident) as Incident, at));
}

const expired = (i: Incident, asked: number, reason: string, at: Instant) =>
  tell({
    type: 'lifeboat.confirmation.expired',
    data: { incident: i.incident, confirmation: confirmationId(i.incident, asked), reason: reason.slice(0, 300), at },
  });

type Asked = Extract<Consent, { kind: 'asked' }>;

/** Nobody answered in time: the most careful of the clusters' wishes decides. */
function noAnswer(s: SchedulerState, settings: SchedulerSettings, i: Incident, c: Asked, at: Instant): Step {
  const wishes = policiesOf(settings, i).map((p) => p.onNoAnswer);
  const { asked, covers, answers } = c;
  const told = (consent: Consent): Step => decided(putIncident(s, { ...i, consent }), expired(i, asked, NOBODY, at));
  if (wishes.includes('hold')) return told({ kind: 'person', asked });
  if (wishes.includes('abort'))
    return andThen(told({ kind: 'declined', asked, by: NOBODY, answer: 'do-not', answers }), (n) =>
      declineAll(n, i, whyDeclined(NOBODY), at),
    );
  return told({ kind: 'given', asked, covers, answer: 'evacuate', answers, byHand: false });
}

type Received = DataByType['lifeboat.confirmation.received'];
type Refusal = DataByType['lifeboat.confirmation.refused']['reason'];

/** Why this answer changes nothing; null: it counts. */
function whyRefused(i: Incident | undefined, d: Received, at: Instant): Refusal | null {
  if (i === undefined) return 'late';
  const c = i.consent;
  if (c.kind === 'not-needed' || c.kind === 'person' || c.kind === 'unasked') return 'superseded';
  if (d.confirmation !== confirmationId(i.incident, c.asked)) return 'superseded';
  if (c.kind !== 'asked') return (c.answers[d.by] ?? c.answer) === d.answer ? 'duplicate' : 'conflicting';
  if (at >= c.expiresAt) return 'expired';
  const before = c.answers[d.by];
  return before === undefined ? null : before === d.answer ? 'duplicate' : 'conflicting';
}

/** Step ⑦. An answer that fits nothing we wait for changes nothing, and is recorded. */
export function answered(s: SchedulerState, d: Received, at: Instant): Step {
  const i = s.incidents.get(d.incident);
  const reason = whyRefused(i, d, at);
  if (i === undefined || i.consent.kind !== 'asked' || reason !== null) {
    const refusal = {
      incident: d.incident,
      confirmation: d.confirmation,
      reason: reason ?? 'superseded',
      channel: d.channel,
      by: d.by,
      at,
    };
    return decided(s, tell({ type: 'lifeboat.confirmation.refused', data: refusal }));
  }
  const answers = { ...i.consent.answers, [d.by]: d.answer };
  const same = Object.keys(answers)
    .filter((by) => answers[by] === d.answer)
    .sort();
  const { asked, covers, quorum } = i.consent;
  if (same.length < quorum) return stay(putIncident(s, { ...i, consent: { ...i.consent, answers } }));
  const by = same.join(', ');
  const settled = tell({
    type: 'lifeboat.confirmation.settled',
    data: { incident: i.incident, confirmation: d.confirmation, answer: d.answer, by: by.slice(0, 1000), at },
  });
  if (d.answer === 'evacuate') {
    const consent: Consent = { kind: 'given', asked, covers, answer: 'evacuate', answers, byHand: false };
    return decided(putIncident(s, { ...i, consent, waitingFor: '' }), settled);
  }
  const consent: Consent = { kind: 'declined', asked, by, answer: 'do-not', answers };
  return andThen(decided(putIncident(s, { ...i, consent, waitingFor: '' }), settled), (n) => declineAll(n, i, whyDeclined(by), at));
}

const NOBODY = 'nobody answered in time';
const whyDeclined = (by: string): string => (by === NOBODY ? by : `declined by ${by}`);

export function declineAll(s: SchedulerState, i: Incident, why: string, at: Instant): Step {
  let step: Step = stay(s);
  for (const r of vmsOf(s, i.incident))
    if (r.stage.kind === 'planned' || r.stage.kind === 'unplaced') step = andThen(step, (n) => settle(n, r, 'unevacuable', null, why, at));
  return step;
}

/**
 * A failed host is well again. Not isolated yet and never restarted: the order is recalled, for its VMs never stopped.
 * Isolated, or restarted: the incident goes on (its VMs are not running), but neither a question that is open nor an
 * answer that was given survives the return.
 */
export function hostCameBack(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.fault.cleared'], at: Instant): Step {
  const named = d.incident === undefined ? undefined : s.incidents.get(d.incident);
  // one that a person has opened is known to who watches the host by another name, or by none
  const i = named ?? [openIncidentOf(s, d.host)].find((x) => x?.byPerson === true && x.openedAt <= d.at);
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
