import { maskAll } from '@lifeboat/answers';
import { after, type Decision, describeFailure, type IncidentId, type Instant } from '@lifeboat/kernel';
import type { Mail, TextTaken } from '@lifeboat/ports';
import { order, tell } from '@lifeboat/runtime/shell/service';
import type { NotifierSettings } from '../settings.ts';
import type { NotifierState, Tally } from '../state.ts';
import type { NotifierOutput, SendMail, SendResult, SendText } from './effects.ts';
import { e164 } from './people.ts';

export type Step = Decision<NotifierState, NotifierOutput>;

/** What one contact is to be told, on the channels it has. */
export interface Letter {
  readonly id: string;
  readonly contact: string;
  readonly incident: string | null;
  /** Null: not by mail. */
  readonly mail: Pick<Mail, 'subject' | 'text' | 'html' | 'inReplyTo'> | null;
  /** Null: not by text message. */
  readonly text: string | null;
  /** Somebody must answer it. */
  readonly question?: boolean;
  /** For events: never has a code in it. */
  readonly subject: string;
}

/** Counts one more within the window. */
export function tally(t: Tally | undefined, windowMs: number, at: Instant): Tally {
  return t === undefined || at - t.since >= windowMs ? { since: at, count: 1 } : { since: t.since, count: t.count + 1 };
}

/** Orders the messages of a letter. Text messages cost and wake: beyond so many, one says that the rest is in the mails. */
export function send(s: NotifierState, settings: NotifierSettings, letter: Letter, at: Instant): Step {
  const person = settings.people.get(letter.contact);
  let { mails, tallies } = s;
  const outputs: NotifierOutput[] = [];
  const { contact, incident, subject } = letter;
  const common = { contact, incident, subject: subject.slice(0, 200), attempt: 1 };
  if (letter.mail !== null && person?.email !== undefined) {
    const mail = { id: letter.id, to: person.email, ...letter.mail };
    mails = mails.set(letter.id, at);
    outputs.push(order<SendMail>({ kind: 'send-mail', operation: `mail/${letter.id}/1`, mail, ...common }));
  }
  const to = person?.phone === undefined ? null : e164(person.phone);
  if (letter.text !== null && to !== null) {
    // notices, however many, do not use up what questions may
    const name = `${letter.question === true ? 'ask' : 'to'} ${contact}`;
    const count = tally(tallies.get(name), settings.windowMs, at);
    tallies = tallies.set(name, count);
    const id = `${letter.id}-t`;
    // who has no mailbox has no other way to hear of it
    const most = person?.email === undefined ? Number.POSITIVE_INFINITY : settings.textsMost;
    const text = count.count < most ? letter.text : `Lifeboat ${settings.region}: more messages wait in your mailbox.`;
    if (count.count <= most) {
      mails = mails.set(id, at);
      const question = letter.question === true && text === letter.text ? { question: true } : {};
      outputs.push(order<SendText>({ kind: 'send-text', operation: `text/${id}/1`, text: { id, to, text, ...question }, ...common }));
    }
  }
  return { state: { ...s, mails, tallies }, outputs };
}

/** A message was taken, is tried again, or is given up. No event shows an address or a number. */
export function sent(s: NotifierState, settings: NotifierSettings, e: SendMail | SendText, result: SendResult, at: Instant): Step {
  const id = e.kind === 'send-mail' ? e.mail.id : e.text.id;
  const channel = e.kind === 'send-mail' ? ('e-mail' as const) : ('sms' as const);
  const since = s.mails.get(id) ?? at;
  const of = { notice: id, channel, contact: e.contact, subject: e.subject, at } as const;
  const data = e.incident === null ? of : { ...of, incident: e.incident as IncidentId };
  const over: NotifierState = { ...s, mails: s.mails.delete(id) };
  if (result.ok) return { state: followed(over, e, id, result.value, at), outputs: [tell({ type: 'lifeboat.notice.sent', data })] };
  const refused = result.code === 'MAIL_REFUSED' || result.code === 'SMS_REFUSED';
  if (refused || at - since >= settings.giveUpAfterMs) {
    const reason = maskAll(`after ${e.attempt} ${e.attempt === 1 ? 'try' : 'tries'}: ${describeFailure(result)}`).slice(0, 500);
    return { state: over, outputs: [tell({ type: 'lifeboat.notice.failed', data: { ...data, reason } })] };
  }
  const pause = Math.min(settings.retryFirstMs * 2 ** Math.min(e.attempt - 1, 20), settings.retryMostMs);
  const attempt = e.attempt + 1;
  const operation = `${e.kind === 'send-mail' ? 'mail' : 'text'}/${id}/${attempt}`;
  return { state: s, outputs: [order({ ...e, operation, attempt, notBefore: after(at, pause) })] };
}

/** What becomes of a text message is told by its provider, later. */
const followed = (s: NotifierState, e: SendMail | SendText, id: string, taken: TextTaken | undefined, at: Instant): NotifierState => {
  if (e.kind !== 'send-text' || taken === undefined) return s;
  const { contact, incident, subject } = e;
  return { ...s, texts: s.texts.set(id, { contact, incident, subject, providerId: taken.providerId, at }) };
};
