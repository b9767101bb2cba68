import type { DataByType } from '@lifeboat/contracts';
import { andThen, type ClusterId, type Instant, stableId, stay } from '@lifeboat/kernel';
import type { NotifierSettings } from '../settings.ts';
import type { Ask, Inquiry, NotifierState } from '../state.ts';
import { asksOf, gather, putAsk, putInquiry, sendWhatIsGathered } from './inquiries.ts';
import { aside, hostsOf, wordingFor } from './question.ts';
import { type Step, send } from './send.ts';
import type { Wording } from './wording.ts';

/** So long the ends of a storm's questions are gathered, to be told together. */
const ENDS_MS = 5_000;
const MOST_SHORT = 3;
const MOST_LONG = 40;

/** Step ⑤: a question is to be put. */
export function requested(
  s: NotifierState,
  settings: NotifierSettings,
  d: DataByType['lifeboat.confirmation.requested'],
  clusters: readonly ClusterId[],
  at: Instant,
): Step {
  if (s.asks.has(d.confirmation)) return stay(s);
  const { incident, confirmation, vms, expiresAt, hosts = [], verdict = null, stopped = 0, unplaced = 0, to = [], quorum = 1 } = d;
  const ask: Omit<Ask, 'inquiry'> = {
    ...{ incident, confirmation, hosts, clusters, verdict, vms, stopped, unplaced, to, quorum, at: d.at, expiresAt },
    ...{ stage: 'waiting', answers: {}, ended: '', by: '' },
  };
  return sendWhatIsGathered(gather(s, settings, ask), settings, at);
}

/** The answer that counts: everybody who was asked is told, so that nobody goes on thinking about it. */
export function settled(s: NotifierState, settings: NotifierSettings, d: DataByType['lifeboat.confirmation.settled'], at: Instant): Step {
  const ask = s.asks.get(d.confirmation);
  if (ask === undefined || ask.stage === 'answered') return stay(s);
  return ended(s, settings, { ...ask, stage: 'answered', ended: d.answer, by: d.by }, at);
}

/** Void: the plan changed, the host came back, or nobody answered. Who was asked is told, also after an answer was given. */
export function expired(s: NotifierState, settings: NotifierSettings, d: DataByType['lifeboat.confirmation.expired'], at: Instant): Step {
  const ask = s.asks.get(d.confirmation);
  if (ask === undefined || ask.stage === 'void') return stay(s);
  return ended(s, settings, { ...ask, stage: 'void', ended: d.reason }, at);
}

function ended(s: NotifierState, settings: NotifierSettings, ask: Ask, at: Instant): Step {
  const next = putAsk(s, ask);
  const q = s.inquiries.get(ask.inquiry);
  if (q === undefined || Object.keys(q.asked).length === 0) return stay(next);
  const untold = [...new Set([...q.untold, ask.confirmation])];
  return tellIfDue(putInquiry(next, { ...q, untold, untoldSince: q.untoldSince ?? at }), settings, q.id, at);
}

/** Told at once where all have ended; else a little later, together. */
function tellIfDue(s: NotifierState, settings: NotifierSettings, inquiry: string, at: Instant): Step {
  const q = s.inquiries.get(inquiry);
  if (q === undefined || q.untoldSince === null) return stay(s);
  const over = asksOf(s, q).every((a) => a.stage !== 'open');
  if (!over && at - q.untoldSince < ENDS_MS) return stay(s);
  const told = putInquiry(s, { ...q, untold: [], untoldSince: null });
  const asks = asksOf(s, q).filter((a) => q.untold.includes(a.confirmation));
  return Object.keys(q.asked)
    .sort()
    .reduce<Step>((step, contact) => andThen(step, (n) => send(n, settings, ends(settings, q, asks, contact), at)), stay(told));
}

export const tellEnds = (s: NotifierState, settings: NotifierSettings, at: Instant): Step =>
  s.inquiries
    .values()
    .filter((q) => q.untoldSince !== null)
    .reduce<Step>((step, q) => andThen(step, (n) => tellIfDue(n, settings, q.id, at)), stay(s));

/** Those that ended alike in one line. */
function ends(settings: NotifierSettings, q: Inquiry, asks: readonly Ask[], contact: string) {
  const w = wordingFor(settings, contact);
  const alike = new Map<string, Ask[]>();
  for (const a of asks) {
    const how = stableId(a.stage, a.ended, a.by);
    alike.set(how, [...(alike.get(how) ?? []), a]);
  }
  const lines = [...alike.values()].map((same) => lineOf(w, same));
  const id = stableId('ended', q.id, contact, ...asks.flatMap((a) => [a.confirmation, a.stage]));
  const cut = (most: number, between: string) =>
    [...lines.slice(0, most), ...(lines.length > most ? [`+${lines.length - most}`] : [])].join(between);
  return aside(settings, asks, contact, { short: cut(MOST_SHORT, ' '), long: cut(MOST_LONG, '\n') }, id, 'both');
}

const lineOf = (w: Wording, same: readonly Ask[]): string => {
  const { stage, ended: how, by } = same[0] as Ask;
  const hosts = hostsOf(same);
  return stage === 'answered'
    ? w.settled({ hosts, answer: how === 'evacuate' ? 'evacuate' : 'do-not', by })
    : w.withdrawn({ hosts, reason: how });
};
