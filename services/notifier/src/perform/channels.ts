import { type ImapOptions, imapInbox, imapOptionsFromUrl, type SmtpOptions, smtpMailer, smtpOptionsFromUrl } from '@lifeboat/adapters-mail';
import { SmppLink, type SmppOptions, smppOptionsFromUrl } from '@lifeboat/adapters-smpp';
import { type TwilioOptions, twilioSender, twilioWebhooks } from '@lifeboat/adapters-twilio';
import type { Clock, TextSender } from '@lifeboat/ports';
import type { Environment } from '@lifeboat/runtime/process';
import type { NotifierPorts } from '../world.ts';
import { answerPage } from './answer-page.ts';
import { twoProviders } from './two-providers.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}
export interface Channels {
  readonly smtp: SmtpOptions;
  readonly imap: ImapOptions | null;
  readonly smpp: SmppOptions | null;
  readonly twilio: TwilioOptions | null;
  /** Where there are two: which is asked first. */
  readonly smsFirst?: 'smpp' | 'twilio';
  /** Where links lead from outside, and where the page is served for it. */
  readonly web: Readonly<{ url: string; listen: Address }> | null;
}

/** Mail out always; beside it, where they are set: the mailbox for answers, one provider of text messages or two, the page. */
export function channelsFrom(e: Environment): Channels {
  const from = e.text('LIFEBOAT_MAIL_FROM', 'set it to the sender, e.g. Lifeboat <lifeboat@example.org>');
  const first = e.optional('LIFEBOAT_SMS_FIRST') ?? 'smpp';
  if (first !== 'smpp' && first !== 'twilio') e.complain('LIFEBOAT_SMS_FIRST', 'smpp or twilio: which of two providers is asked first');
  const smsFirst = first === 'twilio' ? ('twilio' as const) : ('smpp' as const);
  return { smtp: smtpFrom(e, from), imap: imapFrom(e, from), smpp: smppFrom(e), twilio: twilioFrom(e), smsFirst, web: webFrom(e) };
}

function smtpFrom(e: Environment, from: string): SmtpOptions {
  const mend = 'set it to the mail server, e.g. smtp://user:password@mail.example.org:587';
  const url = e.url('LIFEBOAT_SMTP_URL', ['smtp:', 'smtps:'], mend);
  const smtp = smtpOptionsFromUrl(url, from, 'LIFEBOAT_SMTP_URL');
  if (!('problem' in smtp)) return smtp;
  if (url !== '') e.complain('LIFEBOAT_SMTP_URL', smtp.problem);
  // Never used: the complaint ends the process.
  return { host: '', port: 0, tls: 'none', from };
}

function imapFrom(e: Environment, from: string): ImapOptions | null {
  const url = e.optional('LIFEBOAT_IMAP_URL');
  if (url === undefined) return null;
  const imap = imapOptionsFromUrl(url, from, e.optional('LIFEBOAT_MAIL_AUTHSERV'), 'LIFEBOAT_IMAP_URL');
  if (!('problem' in imap)) return imap;
  e.complain('LIFEBOAT_IMAP_URL', imap.problem);
  return null;
}

function smppFrom(e: Environment): SmppOptions | null {
  const url = e.optional('LIFEBOAT_SMPP_URL');
  if (url === undefined) return null;
  const mend = 'set it to the number or short code that answers come back to, e.g. +8610123456';
  const from = e.optional('LIFEBOAT_SMPP_FROM') ?? e.text('LIFEBOAT_SMS_FROM', mend);
  const smpp = smppOptionsFromUrl(url, from, e.optional('LIFEBOAT_SMPP_SYSTEM_TYPE'), 'LIFEBOAT_SMPP_URL');
  if (!('problem' in smpp)) return smpp;
  e.complain(smpp.field === 'from' ? 'LIFEBOAT_SMS_FROM' : 'LIFEBOAT_SMPP_URL', smpp.problem);
  return null;
}

function twilioFrom(e: Environment): TwilioOptions | null {
  const accountSid = e.optional('LIFEBOAT_TWILIO_ACCOUNT');
  if (accountSid === undefined) return null;
  return {
    accountSid,
    authToken: e.text('LIFEBOAT_TWILIO_TOKEN', "set it to the account's auth token; it signs the webhooks, too"),
    from:
      e.optional('LIFEBOAT_TWILIO_FROM') ??
      e.text('LIFEBOAT_SMS_FROM', 'set it to a number of the account (+1...) or a messaging service (MG...)'),
    publicUrl: e.text('LIFEBOAT_TWILIO_WEBHOOKS', 'set it to how Twilio reaches us, e.g. https://lifeboat.example.org').replace(/\/+$/, ''),
    listen: e.address('LIFEBOAT_TWILIO_LISTEN', '0.0.0.0:8091'),
  };
}

function webFrom(e: Environment): Channels['web'] {
  const url = e.optional('LIFEBOAT_WEB_URL')?.replace(/\/+$/, '');
  if (url === undefined) return null;
  if (!/^https?:\/\/[^\s/]/.test(url))
    e.complain('LIFEBOAT_WEB_URL', 'not a web address; e.g. https://lifeboat.example.org, or leave it out to send no links');
  return { url, listen: e.address('LIFEBOAT_WEB_LISTEN', '0.0.0.0:8090') };
}

const senderOf = (smpp: TextSender | null, twilio: TextSender | null, first: 'smpp' | 'twilio'): TextSender | null => {
  if (smpp === null || twilio === null) return smpp ?? twilio;
  return first === 'smpp' ? twoProviders(smpp, twilio) : twoProviders(twilio, smpp);
};

/** The adapters for these channels, and how they end. */
export function openChannels(c: Channels, clock: Clock): NotifierPorts & { close(): Promise<void> } {
  const mailer = smtpMailer(c.smtp);
  const smpp = c.smpp === null ? null : new SmppLink(c.smpp);
  const texts = senderOf(smpp, c.twilio === null ? null : twilioSender(c.twilio), c.smsFirst ?? 'smpp');
  const inbound = [
    ...(c.imap === null ? [] : [imapInbox(c.imap)]),
    ...(smpp === null ? [] : [smpp]),
    ...(c.twilio === null ? [] : [twilioWebhooks(c.twilio)]),
  ];
  return {
    clock,
    mailer,
    inbound,
    ...(texts === null ? {} : { texts }),
    ...(c.web === null ? {} : { page: answerPage({ ...c.web.listen, clock }) }),
    close: async () => {
      await Promise.all([mailer.close(), texts?.close()]);
    },
  };
}
