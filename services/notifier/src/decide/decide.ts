import type { EventOf, Language, LifeboatEvent } from '@lifeboat/contracts';
import { andThen, type ClusterId, type HostId, type Instant, stay, type Table } from '@lifeboat/kernel';
import type { NotifierSettings } from '../settings.ts';
import type { Gathering, IncidentMemo, Notice, NotifierState } from '../state.ts';
import { heard, refusedLater, visited } from './answers.ts';
import { expired, requested, settled, tellEnds } from './asks.ts';
import type {
  CodeResult,
  NotifierEffect,
  NotifierInput,
  NotifierObservation,
  NotifierResult,
  SendMail,
  SendResult,
  SendText,
} from './effects.ts';
import { askAllWhoAreDue, codeMade, notReached } from './inquiries.ts';
import { compose, gatheredWords } from './mails.ts';
import { isQuiet, languageOf } from './people.ts';
import { receipt, tellTroubles, troubled } from './reports.ts';
import { type Step, send, sent } from './send.ts';
import { noticeOf, progressNotice } from './texts.ts';

/** Who must be told what, once each; a storm of notices becomes one mail. */
export const notify =
  (settings: NotifierSettings) =>
  (s: NotifierState, input: NotifierInput): Step => {
    switch (input.kind) {
      case 'event':
        return onEvent(remember(s, settings, input.event), settings, input.event, input.at);
      case 'settled':
        return onSettled(s, settings, input.effect, input.result, input.at);
      case 'observed':
        return onObserved(s, settings, input.observation, input.at);
      case 'tick':
        return [tellEnds, tellTroubles, tellProgress, sendGathered].reduce(
          (step, also) => andThen(step, (n) => also(n, settings, input.at)),
          askAllWhoAreDue(forget(s, settings, input.at), settings, input.at),
        );
      case 'started':
        return stay(s);
    }
  };

function onEvent(s: NotifierState, settings: NotifierSettings, e: LifeboatEvent, at: Instant): Step {
  switch (e.type) {
    case 'lifeboat.confirmation.requested': {
      const memo = s.incidents.get(e.data.incident);
      return requested(s, settings, e.data, clustersOf(settings, e.data.hosts ?? [], memo?.clusters), at);
    }
    case 'lifeboat.confirmation.settled':
      return settled(s, settings, e.data, at);
    case 'lifeboat.confirmation.expired':
      return expired(s, settings, e.data, at);
    case 'lifeboat.confirmation.refused':
      // what we refused ourselves has been answered
      return e.source.startsWith('notifier') ? stay(s) : refusedLater(s, settings, e.data, e.id, at);
    default:
      return hear(s, settings, e, at);
  }
}

function onSettled(s: NotifierState, settings: NotifierSettings, e: NotifierEffect, r: NotifierResult, at: Instant): Step {
  switch (e.kind) {
    case 'send-mail':
    case 'send-text':
      return reachedOrNot(sent(s, settings, e, r as SendResult, at), e);
    case 'make-code':
      return codeMade(s, settings, e, r as CodeResult, at);
    case 'keep':
    case 'show':
      return stay(s);
  }
}

/** A message that is given up has not reached its contact. */
function reachedOrNot(step: Step, e: SendMail | SendText): Step {
  if (!step.outputs.some((o) => o.kind === 'tell' && o.event.type === 'lifeboat.notice.failed')) return step;
  const [id, channel] = e.kind === 'send-mail' ? [e.mail.id, 'e-mail' as const] : [e.text.id, 'sms' as const];
  return { ...step, state: notReached(step.state, id, e.contact, channel) };
}

function onObserved(s: NotifierState, settings: NotifierSettings, o: NotifierObservation, at: Instant): Step {
  switch (o.kind) {
    case 'answer':
      return heard(s, settings, o.answer, at);
    case 'receipt':
      return receipt(s, o.name, o.receipt, at);
    case 'trouble':
      return troubled(s, o.channel, o.trouble, at);
    case 'visit':
      return visited(s, settings, o, at);
  }
}

function remember(s: NotifierState, settings: NotifierSettings, e: LifeboatEvent): NotifierState {
  if (e.type === 'lifeboat.fault.confirmed' || e.type === 'lifeboat.incident.opened') {
    const { incident, hosts, verdict, at } = e.data;
    const asksSince =
      e.type === 'lifeboat.fault.confirmed'
        ? (s.incidents.get(incident)?.asksSince ?? null)
        : e.data.highAvailability && e.data.automation === 'semi-automatic'
          ? at
          : null;
    const memo: IncidentMemo = { hosts, clusters: clustersOf(settings, hosts, e.data.clusters), verdict, at, closed: false, asksSince };
    return { ...s, incidents: s.incidents.set(incident, memo) };
  }
  if (e.type === 'lifeboat.plan.made' || e.type === 'lifeboat.vm.verified') return progressed(s, e);
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
  const own = (language: Language) => noticeOf(e, settings.region, memo, language) ?? notice;
  const gathered = gatherFor(s, settings, contactsFor(settings, e, memo), own, at);
  return stay({ ...gathered, told: s.told.set(notice.id, at) });
}

function gatherFor(s: NotifierState, settings: NotifierSettings, contacts: readonly string[], own: (l: Language) => Notice, at: Instant) {
  let { gathering } = s;
  for (const contact of contacts) {
    const waiting: Gathering = gathering.get(contact) ?? { since: at, notices: [] };
    gathering = gathering.set(contact, { ...waiting, notices: [...waiting.notices, own(languageOf(settings, contact))] });
  }
  return { ...s, gathering };
}

function progressed(s: NotifierState, e: EventOf<'lifeboat.plan.made'> | EventOf<'lifeboat.vm.verified'>): NotifierState {
  const memo = s.incidents.get(e.data.incident);
  if (memo === undefined) return s;
  const { vms, running, ...told } = memo.progress ?? { vms: 0, running: 0, told: 0, at: e.data.at };
  const now =
    e.type === 'lifeboat.vm.verified'
      ? { ...told, vms, running: running + 1 }
      : { ...told, vms: Math.max(vms, e.data.plan.placements.length + e.data.plan.unplaced.length), running };
  return { ...s, incidents: s.incidents.set(e.data.incident, { ...memo, progress: now }) };
}

/** An evacuation that takes long: how far it is, now and then. */
function tellProgress(s: NotifierState, settings: NotifierSettings, at: Instant): Step {
  let next = s;
  for (const [incident, memo] of s.incidents.entries()) {
    const p = memo.progress;
    if (memo.closed || p === undefined || p.running === p.told || at - p.at < settings.progressEveryMs) continue;
    const own = (language: Language) => progressNotice(incident, { ...memo, progress: p }, settings.region, language, at);
    const told = { ...next, incidents: next.incidents.set(incident, { ...memo, progress: { ...p, told: p.running, at } }) };
    next = gatherFor(told, settings, contactsOf(settings, memo.clusters), own, at);
  }
  return stay(next);
}

const clustersOf = (settings: NotifierSettings, hosts: readonly HostId[], named: readonly ClusterId[] = []): ClusterId[] => [
  ...new Set([...named, ...hosts.flatMap((h) => settings.clusterOf.get(h) ?? [])]),
];

/** The contacts of the clusters concerned; of all clusters where it cannot be told which those are. */
function contactsFor(settings: NotifierSettings, e: LifeboatEvent, memo: IncidentMemo | undefined): string[] {
  const { host, hosts = [], clusters = [] } = e.data as { host?: HostId; hosts?: readonly HostId[]; clusters?: readonly ClusterId[] };
  const found = clustersOf(settings, host === undefined ? hosts : [host, ...hosts], [...clusters, ...(memo?.clusters ?? [])]);
  return contactsOf(settings, found);
}

function contactsOf(settings: NotifierSettings, clusters: readonly ClusterId[]): string[] {
  const concerned = clusters.length > 0 ? clusters : [...settings.contactsOf.keys()];
  const names = new Set(concerned.flatMap((c) => settings.contactsOf.get(c) ?? []));
  return [...names].filter((n) => settings.people.has(n)).sort();
}

/** Whatever has waited for the whole window goes out: by mail, and what asks something of somebody by text message, too. */
function sendGathered(s: NotifierState, settings: NotifierSettings, at: Instant): Step {
  let step: Step = stay(s);
  for (const [contact, { since, notices }] of s.gathering.entries()) {
    if (at - since < settings.gatherMs) continue;
    const person = settings.people.get(contact);
    const asks = notices.filter((n) => n.urgency === 'asks');
    if (asks.length === 0 && isQuiet(person, at)) continue;
    step = andThen(step, (n) => stay({ ...n, gathering: n.gathering.delete(contact) }));
    // The contact was taken out of the topology meanwhile.
    if (person === undefined) continue;
    const language = languageOf(settings, contact);
    const { id, subject, text, incident } = compose(settings.region, contact, notices, since, language);
    const sms = asks.length === 0 ? null : `${subject} ${asks.length > 1 ? gatheredWords[language].ask(asks.length) : ''}`.trim();
    const letter = { id, contact, incident, subject, mail: { subject, text }, text: sms };
    step = andThen(step, (n) => send(n, settings, letter, at));
  }
  return step;
}

/** What was told long ago, and incidents that ended long ago, need not be kept. */
function forget(s: NotifierState, settings: NotifierSettings, at: Instant): NotifierState {
  const old = (t: Instant) => at - t >= settings.forgetAfterMs;
  const told = without(s.told, old);
  const incidents = without(s.incidents, (m) => m.closed && old(m.at));
  const heardOf = without(s.heard, old);
  const asks = without(s.asks, (a) => a.stage !== 'open' && old(a.at));
  const inquiries = asks === s.asks ? s.inquiries : without(s.inquiries, (q) => q.confirmations.every((c) => !asks.has(c)));
  const texts = without(s.texts, (t) => old(t.at));
  const tallies = without(s.tallies, (t) => at - t.since >= settings.windowMs);
  return { ...s, told, incidents, heard: heardOf, asks, inquiries, texts, tallies };
}
const without = <V>(table: Table<V>, gone: (v: V) => boolean): Table<V> =>
  table.size === 0 ? table : table.entries().reduce((t, [k, v]) => (gone(v) ? t.delete(k) : t), table);
