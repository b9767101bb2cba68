import { maskAddress, maskNumber, sameCode, understand } from '@lifeboat/answers';
import type { Contact, DataByType } from '@lifeboat/contracts';
import { andThen, decided, type Instant, stableId, stay } from '@lifeboat/kernel';
import type { InboundAnswer } from '@lifeboat/ports';
import { order, tell } from '@lifeboat/runtime/shell/service';
import type { NotifierSettings } from '../settings.ts';
import type { Ask, Inquiry, NotifierState } from '../state.ts';
import type { Keep, Show, Taken, Visit } from './effects.ts';
import { asksOf, lettersOf, openAsksOf, putAsk, putInquiry, renewCode } from './inquiries.ts';
import { buttons, page, words } from './page.ts';
import { contactFrom, mayAnswer } from './people.ts';
import { aside, linesOf, linkOf, wordingFor } from './question.ts';
import { type Step, send, tally } from './send.ts';
import { type Wording, wordings } from './wording.ts';

type Channel = InboundAnswer['channel'];
type Refusal = DataByType['lifeboat.confirmation.refused']['reason'];
type Answer = 'evacuate' | 'do-not';

/** What came of a message: a step, and what it was taken for. */
type Heard = Readonly<{ step: Step; as: Taken }>;

/**
 * Somebody wrote to us. Nothing is believed: the sender must be a contact who may answer for the cluster, and the code must
 * be that of its question. Whatever it is, it is recorded and kept, so that its mailbox may forget it; and it counts once.
 */
export function heard(s: NotifierState, settings: NotifierSettings, a: InboundAnswer, at: Instant): Step {
  const keep = (as: Taken) => order<Keep>({ kind: 'keep', operation: `keep/${a.messageId}`, messageId: a.messageId, as });
  const known = `${a.channel}/${stableId(a.messageId)}`;
  if (s.heard.has(known)) return decided(s, keep('again'));
  // what machines and forgers send under somebody's address does not use up what that person may send
  const kind = a.automatic !== null ? 'a machine' : a.authentication === 'fail' ? 'forged' : 'a person';
  const from = `from ${stableId(a.channel, a.from, kind)}`;
  const count = tally(s.tallies.get(from), settings.windowMs, at);
  const next = { ...s, heard: s.heard.set(known, at), tallies: s.tallies.set(from, count) };
  const { step, as } = sorted(next, settings, a, count.count, at);
  return andThen(step, (n) => decided(n, keep(as)));
}

function sorted(s: NotifierState, settings: NotifierSettings, a: InboundAnswer, times: number, at: Instant): Heard {
  if (a.automatic !== null) return ignored(s, settings, a, a.automatic, times, at);
  // beyond so many nothing is looked at, and nothing is answered: neither a guesser nor a machine is fed
  const beyond = times - settings.answersMost;
  if (beyond <= 0) return judge(s, settings, a, times, at);
  return Number.isInteger(Math.log2(beyond)) ? ignored(s, settings, a, 'rate-limited', times, at) : { step: stay(s), as: 'rate-limited' };
}

/** Recorded, with a sender that is masked. */
function ignored(
  s: NotifierState,
  settings: NotifierSettings,
  a: InboundAnswer,
  reason: DataByType['lifeboat.answer.ignored']['reason'],
  times: number,
  at: Instant,
): Heard {
  const by = a.authentication === 'fail' ? undefined : contactFrom(settings, a)?.name;
  const channel = a.channel === 'e-mail' ? ('e-mail' as const) : ('sms' as const);
  const from = (channel === 'e-mail' ? maskAddress(a.from) : maskNumber(a.from)).slice(0, 200);
  const data = { channel, reason, from, ...(by === undefined ? {} : { by }), times, at };
  return { step: decided(s, tell({ type: 'lifeboat.answer.ignored', data })), as: reason };
}

function judge(s: NotifierState, settings: NotifierSettings, a: InboundAnswer, times: number, at: Instant): Heard {
  const understood = understand(a.text);
  const contact = a.authentication === 'fail' ? null : contactFrom(settings, a);
  const inquiries = s.inquiries.values();
  // every inquiry is looked at, whether or not one has fitted: the time says nothing about a code
  const fitting = understood.understood ? inquiries.filter((q) => sameCode(q.code, understood.code)) : [];
  const byCode = newest(s, fitting);
  if (contact === null) {
    // a stranger is not answered: it may be forged, and whoever it names never wrote
    const noted = ignored(s, settings, a, a.authentication === 'fail' ? 'forged' : 'unknown-sender', times, at);
    const meant = byCode ?? newest(s, inquiries);
    if (meant === undefined) return noted;
    return { ...noted, step: andThen(noted.step, (n) => decided(n, refused(firstOf(n, meant), 'wrong-sender', a.channel, null, at))) };
  }
  const mine = inquiries.filter((q) => asksOf(s, q).every((ask) => mayAnswer(settings, ask.clusters, contact.name)));
  const answered = (to: Inquiry | null, said: string) => (n: NotifierState) => reply(n, settings, to, contact, a, said, at);
  const w = wordingFor(settings, contact.name);
  if (!understood.understood) {
    const noted = ignored(s, settings, a, 'not-understood', times, at);
    return { ...noted, step: andThen(noted.step, answered(newest(s, mine) ?? null, w.help)) };
  }
  const q = newest(
    s,
    fitting.filter((f) => mine.includes(f)),
  );
  if (q !== undefined) {
    const step = answer(s, settings, q, contact.name, understood.answer, a.channel, at, (n, said) => answered(q, said)(n));
    return {
      step,
      as: step.outputs.some((o) => o.kind === 'tell' && o.event.type === 'lifeboat.confirmation.received') ? 'answer' : 'refused',
    };
  }
  if (byCode !== undefined)
    return { step: decided(s, refused(firstOf(s, byCode), 'wrong-sender', a.channel, contact.name, at)), as: 'refused' };
  const meant =
    newest(
      s,
      mine.filter((m) => a.references.some((id) => lettersOf(m, contact.name).includes(id))),
    ) ?? newest(s, mine);
  if (meant === undefined) {
    const noted = ignored(s, settings, a, 'no-question', times, at);
    return { ...noted, step: andThen(noted.step, answered(null, w.refused.unknown)) };
  }
  return {
    step: andThen(wrongCode(s, settings, meant, contact.name, a.channel, at), answered(meant, w.refused['wrong-code'])),
    as: 'refused',
  };
}

function wrongCode(s: NotifierState, settings: NotifierSettings, q: Inquiry, contact: string, channel: Channel, at: Instant): Step {
  const counted = { ...q, wrong: q.wrong + 1 };
  const step = decided(putInquiry(s, counted), refused(firstOf(s, q), 'wrong-code', channel, contact, at));
  return counted.wrong === settings.wrongCodesMost ? andThen(step, (n) => renewCode(n, settings, counted)) : step;
}

/** Those with a question that is open before those that have ended, the latest first. */
const newest = (s: NotifierState, inquiries: readonly Inquiry[]): Inquiry | undefined =>
  [...inquiries].sort(
    (a, b) => Number(openAsksOf(s, b).length > 0) - Number(openAsksOf(s, a).length > 0) || b.at - a.at || (a.id < b.id ? 1 : -1),
  )[0];

/** Which of its questions an answer that fits none of them is recorded with. */
const firstOf = (s: NotifierState, q: Inquiry): Pick<Ask, 'incident' | 'confirmation'> =>
  openAsksOf(s, q)[0] ?? asksOf(s, q)[0] ?? { incident: q.id.replace(/\/confirmation\/.*$/, '') as Ask['incident'], confirmation: q.id };

/** Why an answer changes nothing, as far as we know: the scheduler has the last word. */
function whyRefused(
  s: NotifierState,
  settings: NotifierSettings,
  { ask, wrong }: { readonly ask: Ask; readonly wrong: number },
  contact: string,
  wanted: Answer,
  at: Instant,
): Refusal | null {
  if (s.incidents.get(ask.incident)?.closed === true) return 'late';
  const before = ask.answers[contact] ?? (ask.stage === 'answered' ? ask.ended : undefined);
  if (before !== undefined) return before === wanted ? 'duplicate' : 'conflicting';
  if (at >= ask.expiresAt) return 'expired';
  if (ask.stage !== 'open') return 'superseded';
  // guessed at too often, and no code is left: only links count
  return wrong >= settings.wrongCodesMost ? 'wrong-code' : null;
}

/** An answer to all questions of an inquiry: each takes it, or refuses it, by itself. */
function answer(
  s: NotifierState,
  settings: NotifierSettings,
  q: Inquiry,
  contact: string,
  wanted: Answer,
  channel: Channel,
  at: Instant,
  say: (s: NotifierState, words: string) => Step,
): Step {
  const w = wordingFor(settings, contact);
  const wrong = channel === 'web' ? 0 : q.wrong;
  const judged = asksOf(s, q).map((ask) => ({ ask, why: whyRefused(s, settings, { ask, wrong }, contact, wanted, at) }));
  const taken = judged.filter((j) => j.why === null);
  const step = judged.reduce<Step>((before, { ask, why }) => {
    if (why !== null) return andThen(before, (n) => decided(n, refused(ask, why, channel, contact, at)));
    const data = { incident: ask.incident, confirmation: ask.confirmation, answer: wanted, by: contact, channel, at };
    const kept = { ...ask, answers: { ...ask.answers, [contact]: wanted } };
    return andThen(before, (n) => decided(putAsk(n, kept), tell({ type: 'lifeboat.confirmation.received', data })));
  }, stay(s));
  if (taken.length === 0) return andThen(step, (n) => say(n, polite(w, judged[0]?.why ?? 'unknown')));
  const partly = taken.length < judged.length ? w.partly({ taken: taken.length, of: judged.length }) : '';
  const thanks = w.taken({ answer: wanted, quorum: q.quorum });
  // with a single answer to decide, what follows is told to all in a moment; a page waits for its words
  const spoken = channel === 'web' || q.quorum > 1 ? [thanks, partly] : [partly];
  const words = spoken.filter((x) => x !== '').join(' ');
  return words === '' ? step : andThen(step, (n) => say(n, words));
}

const polite = (w: Wording, why: Refusal): string => {
  switch (why) {
    case 'duplicate':
    case 'conflicting':
    case 'expired':
    case 'late':
    case 'superseded':
    case 'wrong-code':
      return w.refused[why];
    default:
      return w.refused.unknown;
  }
};

const refused = (ask: Pick<Ask, 'incident' | 'confirmation'>, reason: Refusal, channel: Channel, by: string | null, at: Instant) =>
  tell({
    type: 'lifeboat.confirmation.refused',
    data: { incident: ask.incident, confirmation: ask.confirmation, reason, channel, ...(by === null ? {} : { by }), at },
  });

/** On the channel that the answer came by, and in its conversation. */
const reply = (
  s: NotifierState,
  settings: NotifierSettings,
  q: Inquiry | null,
  contact: Contact,
  a: InboundAnswer,
  said: string,
  at: Instant,
): Step => {
  const channel = a.channel === 'e-mail' ? 'e-mail' : 'sms';
  const asks = q === null ? [] : asksOf(s, q);
  return send(s, settings, aside(settings, asks, contact.name, said, stableId('reply', a.channel, a.messageId), channel, a.messageId), at);
};

/** The scheduler refused what we had taken for good: whoever sent it is told; once, if it is so with many. */
export function refusedLater(
  s: NotifierState,
  settings: NotifierSettings,
  d: DataByType['lifeboat.confirmation.refused'],
  id: string,
  at: Instant,
): Step {
  const ask = s.asks.get(d.confirmation ?? '');
  if (ask === undefined || d.by === undefined || !settings.people.has(d.by)) return stay(s);
  const several = (s.inquiries.get(ask.inquiry)?.confirmations.length ?? 1) > 1;
  const letter = several ? stableId('refused', ask.inquiry, d.by, d.reason) : stableId('refused', id);
  if (s.told.has(letter)) return stay(s);
  const said = polite(wordingFor(settings, d.by), d.reason);
  const next = { ...s, told: s.told.set(letter, at) };
  return send(next, settings, aside(settings, [ask], d.by, said, letter, d.channel === 'e-mail' ? 'e-mail' : 'sms'), at);
}

/** A page is asked for (nothing changes), or one of its buttons was pressed (an answer like any other). */
export function visited(s: NotifierState, settings: NotifierSettings, v: Visit, at: Instant): Step {
  const found = inquiryOf(s, settings, v.link);
  const show = (html: string) => order<Show>({ kind: 'show', operation: `show/${v.request}`, request: v.request, html });
  if (found === null) return decided(s, show(page(wordings.en, words(`${wordings.en.page.unknown} ${wordings['zh-CN'].page.unknown}`))));
  const { q, contact } = found;
  const w = wordingFor(settings, contact);
  const say = (n: NotifierState, said: string): Step => decided(n, show(page(w, words(said))));
  if (v.answer !== undefined) return answer(s, settings, q, contact, v.answer, 'web', at, (n, said) => say(n, said));
  const asks = asksOf(s, q);
  const open = asks.filter((ask) => whyRefused(s, settings, { ask, wrong: 0 }, contact, 'evacuate', at) === null);
  if (open.length > 0) return decided(s, show(page(w, buttons(w, linesOf(open, settings.people.get(contact), w)))));
  const own = asks.map((ask) => ask.answers[contact]).find((x) => x !== undefined);
  if (own !== undefined) return say(s, w.taken({ answer: own, quorum: q.quorum }));
  const [first] = asks;
  if (first === undefined) return say(s, w.refused.unknown);
  const why = whyRefused(s, settings, { ask: first, wrong: 0 }, contact, 'evacuate', at) ?? 'unknown';
  return say(s, first.stage === 'answered' ? w.refused.conflicting : polite(w, why));
}

function inquiryOf(s: NotifierState, settings: NotifierSettings, link: string): { q: Inquiry; contact: string } | null {
  let found: { q: Inquiry; contact: string } | null = null;
  for (const q of s.inquiries.values()) {
    if (q.key === '') continue;
    for (const contact of Object.keys(q.asked))
      if (settings.people.has(contact) && sameCode(linkOf(q, contact), link)) found = { q, contact };
  }
  return found;
}
