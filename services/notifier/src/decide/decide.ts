import type { LifeboatEvent } from '@lifeboat/contracts';
import {
  after,
  type ClusterId,
  type Decision,
  describeFailure,
  type HostId,
  type IncidentId,
  type Instant,
  stay,
  type Table,
} from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime/shell/service';
import type { NotifierSettings } from '../settings.ts';
import type { Gathering, IncidentMemo, NotifierState } from '../state.ts';
import type { NotifierEffect, NotifierInput, NotifierOutput, NotifierResult } from './effects.ts';
import { compose } from './mails.ts';
import { noticeOf } from './texts.ts';

type Step = Decision<NotifierState, NotifierOutput>;

/** Who must be told what, once each; a storm of notices becomes one mail. */
export const notify =
  (settings: NotifierSettings) =>
  (s: NotifierState, input: NotifierInput): Step => {
    switch (input.kind) {
      case 'event':
        return hear(remember(s, settings, input.event), settings, input.event, input.at);
      case 'settled':
        return settle(s, settings, input.effect, input.result, input.at);
      case 'tick':
        return sendGathered(forget(s, settings, input.at), settings, input.at);
      case 'started':
      case 'observed':
        return stay(s);
    }
  };

function remember(s: NotifierState, settings: NotifierSettings, e: LifeboatEvent): NotifierState {
  if (e.type === 'lifeboat.fault.confirmed' || e.type === 'lifeboat.incident.opened') {
    const { incident, hosts, verdict, at } = e.data;
    const memo: IncidentMemo = { hosts, clusters: clustersOf(settings, hosts, e.data.clusters), verdict, at, closed: false };
    return { ...s, incidents: s.incidents.set(incident, memo) };
  }
  if (e.type !== 'lifeboat.incident.closed') return s;
  const memo = s.incidents.get(e.data.incident);
  return memo === undefined ? s : { ...s, incidents: s.incidents.set(e.data.incident, { ...memo, closed: true }) };
}

function hear(s: NotifierState, settings: NotifierSettings, e: LifeboatEvent, at: Instant): Step {
  const memo = e.incident === undefined ? undefined : s.incidents.get(e.incident);
  const notice = noticeOf(e, settings.region, memo);
  if (notice === null) return stay(s);
  const before = s.told.get(notice.id);
  if (before !== undefined && (notice.incident !== null || at - before < settings.repeatAfterMs)) return stay(s);
  let { gathering } = s;
  for (const contact of contactsFor(settings, e, memo)) {
    const waiting: Gathering = gathering.get(contact) ?? { since: at, notices: [] };
    gathering = gathering.set(contact, { ...waiting, notices: [...waiting.notices, notice] });
  }
  return stay({ ...s, gathering, told: s.told.set(notice.id, at) });
}

const clustersOf = (settings: NotifierSettings, hosts: readonly HostId[], named: readonly ClusterId[] = []): ClusterId[] => [
  ...new Set([...named, ...hosts.flatMap((h) => settings.clusterOf.get(h) ?? [])]),
];

/** The contacts of the clusters concerned; of all clusters where it cannot be told which those are. */
function contactsFor(settings: NotifierSettings, e: LifeboatEvent, memo: IncidentMemo | undefined): string[] {
  const { host, hosts = [], clusters = [] } = e.data as { host?: HostId; hosts?: readonly HostId[]; clusters?: readonly ClusterId[] };
  const found = clustersOf(settings, host === undefined ? hosts : [host, ...hosts], [...clusters, ...(memo?.clusters ?? [])]);
  const concerned = found.length > 0 ? found : [...settings.contactsOf.keys()];
  const names = new Set(concerned.flatMap((c) => settings.contactsOf.get(c) ?? []));
  return [...names].filter((n) => settings.addressOf.has(n)).sort();
}

/** Whatever has waited for the whole window goes out. */
function sendGathered(s: NotifierState, settings: NotifierSettings, at: Instant): Step {
  let { gathering, mails } = s;
  const outputs: NotifierOutput[] = [];
  for (const [contact, { since, notices }] of s.gathering.entries()) {
    if (at - since < settings.gatherMs) continue;
    gathering = gathering.delete(contact);
    const to = settings.addressOf.get(contact);
    // The contact was taken out of the topology meanwhile.
    if (to === undefined) continue;
    const { id, subject, text, incident } = compose(settings.region, contact, notices, since);
    mails = mails.set(id, at);
    outputs.push(order({ kind: 'send-mail', operation: `mail/${id}/1`, mail: { id, to, subject, text }, contact, incident, attempt: 1 }));
  }
  return { state: { ...s, gathering, mails }, outputs };
}

function settle(s: NotifierState, settings: NotifierSettings, effect: NotifierEffect, result: NotifierResult, at: Instant): Step {
  const { mail, contact, incident, attempt } = effect;
  const since = s.mails.get(mail.id) ?? at;
  const of = { notice: mail.id, channel: 'e-mail', contact, subject: mail.subject.slice(0, 200), at } as const;
  const data = incident === null ? of : { ...of, incident: incident as IncidentId };
  const over: NotifierState = { ...s, mails: s.mails.delete(mail.id) };
  if (result.ok) return { state: over, outputs: [tell({ type: 'lifeboat.notice.sent', data })] };
  if (result.code === 'MAIL_REFUSED' || at - since >= settings.giveUpAfterMs) {
    const reason = `after ${attempt} ${attempt === 1 ? 'try' : 'tries'}: ${describeFailure(result)}`.slice(0, 500);
    return { state: over, outputs: [tell({ type: 'lifeboat.notice.failed', data: { ...data, reason } })] };
  }
  const pause = Math.min(settings.retryFirstMs * 2 ** Math.min(attempt - 1, 20), settings.retryMostMs);
  const again: NotifierEffect = {
    ...effect,
    operation: `mail/${mail.id}/${attempt + 1}`,
    attempt: attempt + 1,
    notBefore: after(at, pause),
  };
  return { state: s, outputs: [order(again)] };
}

/** What was told long ago, and incidents that ended long ago, need not be kept. */
function forget(s: NotifierState, settings: NotifierSettings, at: Instant): NotifierState {
  const old = (t: Instant) => at - t >= settings.forgetAfterMs;
  const told = without(s.told, old);
  const incidents = without(s.incidents, (m) => m.closed && old(m.at));
  return told === s.told && incidents === s.incidents ? s : { ...s, told, incidents };
}
const without = <V>(table: Table<V>, gone: (v: V) => boolean): Table<V> =>
  table.size === 0 ? table : table.entries().reduce((t, [k, v]) => (gone(v) ? t.delete(k) : t), table);
