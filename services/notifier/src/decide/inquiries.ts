import { andThen, decided, type Instant, stableId, stay } from '@lifeboat/kernel';
import { order } from '@lifeboat/runtime/shell/service';
import type { NotifierSettings } from '../settings.ts';
import type { Ask, Inquiry, NotifierState } from '../state.ts';
import type { CodeResult, MakeCode } from './effects.ts';
import { audienceOf, isQuiet, stepsFor } from './people.ts';
import { questionTo } from './question.ts';
import { type Step, send } from './send.ts';

/** An incident opened this long ago that has not asked yet waits for something else: nobody waits for it. */
const COMPANY_MS = 60_000;

export const putAsk = (s: NotifierState, ask: Ask): NotifierState => ({ ...s, asks: s.asks.set(ask.confirmation, ask) });
export const putInquiry = (s: NotifierState, q: Inquiry): NotifierState => ({ ...s, inquiries: s.inquiries.set(q.id, q) });
export const asksOf = (s: NotifierState, q: Inquiry): Ask[] => q.confirmations.flatMap((c) => s.asks.get(c) ?? []);
export const openAsksOf = (s: NotifierState, q: Inquiry): Ask[] => asksOf(s, q).filter((a) => a.stage === 'open');

/** Puts a question to the others for the same people that were not sent yet; else it begins an inquiry of its own. */
export function gather(s: NotifierState, settings: NotifierSettings, ask: Omit<Ask, 'inquiry'>): NotifierState {
  const { quorum } = ask;
  const audience = audienceOf(settings, ask.clusters);
  const waiting = s.inquiries.values().find((q) => q.stage === 'gathering' && q.audience === audience && q.quorum === quorum);
  const q: Inquiry = waiting ?? {
    ...{ id: ask.confirmation, confirmations: [], audience, quorum, at: ask.at, stage: 'gathering', asked: {} },
    ...{ code: '', key: '', codes: 0, wrong: 0, unreached: [], untold: [], untoldSince: null },
  };
  return putAsk(putInquiry(s, { ...q, confirmations: [...q.confirmations, ask.confirmation] }), { ...ask, inquiry: q.id });
}

/** An inquiry is sent once no other question for its people is on the way, or has been for long. First it needs a code, and chance is none of a decision's. */
export function sendWhatIsGathered(s: NotifierState, settings: NotifierSettings, at: Instant): Step {
  return s.inquiries
    .values()
    .filter((q) => q.stage === 'gathering')
    .reduce<Step>((step, q) => {
      if (at - q.at < settings.gatherAsksMs && moreIsComing(s, settings, q, at)) return step;
      return andThen(step, (n) => {
        const listed = asksOf(n, q).filter((a) => a.stage === 'waiting');
        // all of them have ended meanwhile: nobody needs to hear of them
        if (listed.length === 0) return stay({ ...n, inquiries: n.inquiries.delete(q.id) });
        const fixed: Inquiry = { ...q, stage: 'making', confirmations: listed.map((a) => a.confirmation) };
        return decided(putInquiry(n, fixed), makeCode(fixed));
      });
    }, stay(s));
}

function moreIsComing(s: NotifierState, settings: NotifierSettings, q: Inquiry, at: Instant): boolean {
  const asked = new Set<string>(s.asks.values().map((a) => a.incident));
  return s.incidents
    .entries()
    .some(
      ([incident, memo]) =>
        memo.asksSince !== null &&
        !memo.closed &&
        at - memo.asksSince < COMPANY_MS &&
        !asked.has(incident) &&
        audienceOf(settings, memo.clusters) === q.audience,
    );
}

const makeCode = (q: Inquiry) => order<MakeCode>({ kind: 'make-code', operation: `code/${q.id}/${q.codes + 1}`, inquiry: q.id });

export function codeMade(s: NotifierState, settings: NotifierSettings, e: MakeCode, r: CodeResult, at: Instant): Step {
  const q = s.inquiries.get(e.inquiry);
  if (q === undefined || e.operation !== `code/${q.id}/${q.codes + 1}`) return stay(s);
  const ready: Inquiry = { ...q, stage: 'open', code: r.code, key: q.key === '' ? r.key : q.key, codes: q.codes + 1, wrong: 0 };
  const put = asksOf(s, q)
    .filter((a) => a.stage === 'waiting')
    .reduce((n, a) => putAsk(n, { ...a, stage: 'open' }), putInquiry(s, ready));
  // those who were asked before have the old code
  const again = Object.keys(q.asked).reduce<Step>((step, contact) => andThen(step, (n) => ask(n, settings, ready, contact, at)), stay(put));
  return andThen(again, (n) => askWhoIsDue(n, settings, q.id, at));
}

/** What is still open of it is put to one contact. */
function ask(s: NotifierState, settings: NotifierSettings, q: Inquiry, contact: string, at: Instant): Step {
  const open = openAsksOf(s, q);
  return open.length === 0 ? stay(s) : send(s, settings, questionTo(settings, q, open, contact), at);
}

/** Too many wrong codes: somebody may be guessing. The inquiry gets another code, a few times; then only links and the command line count. */
export function renewCode(s: NotifierState, settings: NotifierSettings, q: Inquiry): Step {
  if (q.codes >= settings.codesMost || openAsksOf(s, q).length === 0) return stay(s);
  return decided(s, makeCode(q));
}

/** Asks every contact whose step has come. In its quiet hours only where the cluster wakes people, or where nobody else is left. */
function askWhoIsDue(s: NotifierState, settings: NotifierSettings, inquiry: string, at: Instant): Step {
  const q = s.inquiries.get(inquiry);
  if (q === undefined || q.stage !== 'open') return stay(s);
  const clusters = openAsksOf(s, q).flatMap((a) => a.clusters);
  if (clusters.length === 0) return stay(s);
  const steps = stepsFor(settings, clusters);
  const nobodyReached = Object.keys(q.asked).length > 0 && Object.keys(q.asked).every((c) => isOutOfReach(settings, q, c));
  // a question that has reached nobody does not wait for the next step's time
  const next = nobodyReached
    ? Math.min(...steps.filter((step) => step.contacts.some((c) => q.asked[c] === undefined)).map((s) => s.afterMs))
    : 0;
  const due = steps.filter((step) => at - q.at >= step.afterMs || step.afterMs <= next).flatMap((step) => step.contacts);
  const fresh = [...new Set(due)].filter((c) => q.asked[c] === undefined && settings.people.has(c));
  const wakes = clusters.some((c) => settings.wakes.has(c));
  const awake = wakes ? fresh : fresh.filter((c) => !isQuiet(settings.people.get(c), at));
  const last = steps.every((step) => at - q.at >= step.afterMs);
  const nobody = awake.length === 0 && last && Object.keys(q.asked).length === 0;
  const now = nobody ? fresh : awake;
  if (now.length === 0) return stay(s);
  const asked = { ...q, asked: { ...q.asked, ...Object.fromEntries(now.map((c) => [c, at])) } };
  return now.reduce<Step>((step, contact) => andThen(step, (n) => ask(n, settings, asked, contact, at)), stay(putInquiry(s, asked)));
}

const isOutOfReach = (settings: NotifierSettings, q: Inquiry, contact: string): boolean => {
  const person = settings.people.get(contact);
  const ways = [...(person?.email === undefined ? [] : ['e-mail']), ...(person?.phone === undefined ? [] : ['sms'])];
  return ways.every((way) => q.unreached.includes(`${contact} ${way}`));
};

/** A message could not be delivered; if it was a question, its inquiry knows. */
export function notReached(s: NotifierState, message: string, contact: string, channel: 'sms' | 'e-mail'): NotifierState {
  const letter = message.replace(/-t$/, '');
  const q = s.inquiries.values().find((x) => lettersOf(x, contact).includes(letter));
  const way = `${contact} ${channel}`;
  return q === undefined || q.unreached.includes(way) ? s : putInquiry(s, { ...q, unreached: [...q.unreached, way] });
}

/** The messages that one contact was sent of it: one for each of its codes. */
export const lettersOf = (q: Inquiry, contact: string): string[] =>
  Array.from({ length: q.codes }, (_, i) => stableId('ask', q.id, contact, i + 1));

export const askAllWhoAreDue = (s: NotifierState, settings: NotifierSettings, at: Instant): Step =>
  s.inquiries
    .values()
    .reduce<Step>((step, q) => andThen(step, (n) => askWhoIsDue(n, settings, q.id, at)), sendWhatIsGathered(s, settings, at));
