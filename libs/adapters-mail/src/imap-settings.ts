import type { Complaint } from '@lifeboat/kernel';
import type { ImapOptions } from './imap-inbox.ts';

/** imaps://user:password@host/INBOX · imap://... (STARTTLS) · imap://user:password@127.0.0.1:143/INBOX?tls=none */
export const imapOptionsFromUrl = (
  url: string,
  from: string,
  authenticationServer?: string,
  where = 'mail url',
): ImapOptions | Complaint => {
  const problem = (text: string): Complaint => ({ where, field: 'url', problem: text });
  const u = URL.parse(url);
  if (u === null || (u.protocol !== 'imap:' && u.protocol !== 'imaps:'))
    return problem('is no IMAP address; write imaps://user:password@host/INBOX');
  if (u.hostname === '') return problem('names no host; write imaps://user:password@host/INBOX');
  const user = decoded(u.username);
  const password = decoded(u.password);
  const mailbox = decoded(u.pathname.slice(1));
  if (user === null || password === null || mailbox === null) return problem('has a % that begins no escape; write it as %25');
  if (user === '' || password === '') return problem('has no user or no password; write imaps://user:password@host/INBOX, @ as %40');
  const wish = u.searchParams.get('tls') ?? 'starttls';
  if (wish !== 'starttls' && wish !== 'none') return problem(`tls=${wish} is unknown; write tls=none, or nothing for STARTTLS`);
  const tls = u.protocol === 'imaps:' ? 'tls' : wish;
  if (tls === 'none' && !/^(127\.|localhost$|\[::1\]$)/.test(u.hostname))
    return problem('has tls=none, so that everyone on the way could read the password; use imaps:// or leave tls out');
  return {
    host: u.hostname.replace(/^\[|\]$/g, ''),
    port: u.port === '' ? (tls === 'tls' ? 993 : 143) : Number(u.port),
    tls,
    auth: { user, password },
    mailbox: mailbox === '' ? 'INBOX' : mailbox,
    from,
    ...(authenticationServer === undefined ? {} : { authenticationServer }),
  };
};

const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
};
