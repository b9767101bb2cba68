import { type Complaint, done, type Failure, failed, type Outcome, stableId } from '@lifeboat/kernel';
import type { Mail, Mailer } from '@lifeboat/ports';
import { createTransport } from 'nodemailer';

export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  /** 'starttls': begin plain and insist on TLS; 'tls': TLS from the first byte; 'none': only where the wire is trusted. */
  readonly tls: 'starttls' | 'tls' | 'none';
  readonly auth?: Readonly<{ user: string; password: string }>;
  /** 'Lifeboat <lifeboat@example.org>' or the bare address. */
  readonly from: string;
  /** PEM of the authority that signed the server's certificate, where the system does not know it. */
  readonly ca?: string;
  /** For one mail, from connecting to 'accepted'. */
  readonly timeLimitMs?: number;
}

const DEFAULT_LIMIT_MS = 20_000;
/** So that no absence notice answers us (RFC 3834). */
const OF_A_MACHINE = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'OOF, AutoReply' };

/** Mail by SMTP, plain and in HTML; nothing in a mail makes the mailer read a file or fetch a URL. */
export const smtpMailer = (options: SmtpOptions): Mailer => {
  const limitMs = options.timeLimitMs ?? DEFAULT_LIMIT_MS;
  const transport = createTransport({
    pool: true,
    maxConnections: 4,
    host: options.host,
    port: options.port,
    secure: options.tls === 'tls',
    requireTLS: options.tls === 'starttls',
    ignoreTLS: options.tls === 'none',
    connectionTimeout: limitMs,
    greetingTimeout: limitMs,
    socketTimeout: limitMs,
    dnsTimeout: limitMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(options.auth === undefined ? {} : { auth: { user: options.auth.user, pass: options.auth.password } }),
    ...(options.ca === undefined ? {} : { tls: { ca: options.ca } }),
  });
  return {
    send: async (mail) => {
      const messageId = messageIdOf(mail.id, options.from);
      const answers = mail.inReplyTo === undefined ? {} : { inReplyTo: `<${mail.inReplyTo}>`, references: `<${mail.inReplyTo}>` };
      const html = mail.html === undefined ? {} : { html: mail.html };
      const { to, subject, text } = mail;
      const sending = transport.sendMail({ from: options.from, to, subject, text, ...html, messageId, ...answers, headers: OF_A_MACHINE });
      const sent = await within(limitMs, sending).then(
        (info): Outcome<undefined, 'MAIL_REFUSED'> =>
          info.rejected.length === 0 ? done : failed('MAIL_REFUSED', `${mail.to}: refused for ${info.rejected.map(String).join(', ')}`),
        (e: unknown) => failureOf(e, mail),
      );
      return sent;
    },
    close: async () => transport.close(),
  };
};

/** The same id always gives the same Message-ID: sent twice, a mail program shows it once, and a reply names it. */
export const messageIdOf = (id: string, from: string): string => {
  const local = /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/.test(id) ? id : stableId(id);
  const domain = /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1] ?? 'lifeboat.invalid';
  return `<${local}@${domain}>`;
};

/**
 * A 5xx answer about sender, recipient or text will not change; everything else may, a wrong password too: it is
 * mended without the mail being written anew.
 */
const failureOf = (e: unknown, mail: Mail): Failure<'MAIL_UNREACHABLE' | 'MAIL_REFUSED'> => {
  const { code, responseCode, message } = e as { code?: string; responseCode?: number; message: string };
  const aboutThisMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  const final = responseCode === undefined ? aboutThisMail : responseCode >= 500;
  return failed(
    aboutThisMail && final ? 'MAIL_REFUSED' : 'MAIL_UNREACHABLE',
    `${mail.to}: ${code === undefined ? '' : `${code}: `}${message}`,
  );
};

const within = async <T>(limitMs: number, sending: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not accepted within ${limitMs} ms; it may still be`)), limitMs);
  });
  try {
    return await Promise.race([sending, late]);
  } finally {
    clearTimeout(timer);
    // After the limit its end is of no interest any more, but it must not be unhandled.
    sending.catch(() => undefined);
  }
};

/** smtp://user:password@host:587 (STARTTLS) · smtps://... (TLS from the first byte) · smtp://127.0.0.1:25?tls=none */
export const smtpOptionsFromUrl = (url: string, from: string, where = 'mail url'): SmtpOptions | Complaint => {
  const problem = (text: string): Complaint => ({ where, field: 'url', problem: text });
  const u = URL.parse(url);
  if (u === null || (u.protocol !== 'smtp:' && u.protocol !== 'smtps:'))
    return problem('is no SMTP address; write smtp://host:587 or smtps://host:465');
  if (u.hostname === '') return problem('names no host; write smtp://host:587');
  const wish = u.searchParams.get('tls') ?? 'starttls';
  if (wish !== 'starttls' && wish !== 'none') return problem(`tls=${wish} is unknown; write tls=none, or nothing for STARTTLS`);
  const tls = u.protocol === 'smtps:' ? 'tls' : wish;
  if (tls === 'none' && u.username !== '' && !/^(127\.|localhost$|\[::1\]$)/.test(u.hostname))
    return problem('has a password and tls=none, so that everyone on the way could read it; use smtps:// or leave tls out');
  const auth = u.username === '' ? {} : { auth: { user: decodeURIComponent(u.username), password: decodeURIComponent(u.password) } };
  const usual = tls === 'tls' ? 465 : tls === 'starttls' ? 587 : 25;
  return { host: u.hostname.replace(/^\[|\]$/g, ''), port: u.port === '' ? usual : Number(u.port), tls, from, ...auth };
};
