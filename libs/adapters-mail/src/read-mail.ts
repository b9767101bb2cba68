import { automaticMail } from '@lifeboat/answers';
import type { Instant } from '@lifeboat/kernel';
import { type InboundAnswer, MOST_TEXT } from '@lifeboat/ports';
import { htmlToText } from 'html-to-text';
import type { ParsedMail } from 'mailparser';
import { authenticationOf } from './authentication.ts';

export interface ReadOptions {
  /** The sender of our own mails: a reply to one names the id that the mail was sent with. */
  readonly from: string;
  /** The name under which the operator's own server writes Authentication-Results; absent: none are believed. */
  readonly authenticationServer?: string;
}
/** What the mailbox says of a mail. `name`: for a mail without a Message-ID. */
export type Stored = Readonly<{ receivedAt: Instant; name: string }>;

const MOST_HTML = 200_000;
const MOST_REFERENCES = 20;
const MOST_ID = 200;
const DEPTH = 200;

/** A mail of whatever encoding as an answer. What cannot be read is an empty one: nobody's answer, and never a crash. */
export async function readMail(raw: Buffer, stored: Stored, options: ReadOptions): Promise<InboundAnswer> {
  const parsed = await parse(raw);
  const header = firstHeaders(parsed);
  const writers = parsed.from?.value ?? [];
  // More than one writer is nobody in particular.
  const from = writers.length === 1 ? (writers[0]?.address ?? '').toLowerCase() : '';
  const results = parsed.headerLines.filter((h) => h.key === 'authentication-results').map((h) => contentOf(h.line));
  return {
    channel: 'e-mail',
    from,
    receivedAt: stored.receivedAt,
    text: textOf(parsed).slice(0, MOST_TEXT),
    messageId: bare(parsed.messageId ?? '') || stored.name,
    references: referencesOf(parsed, options.from),
    authentication: authenticationOf(results, options.authenticationServer, from),
    automatic: automaticMail((name) => (name === 'subject' ? parsed.subject : header.get(name))),
  };
}

type Readable = Partial<ParsedMail> & Pick<ParsedMail, 'headerLines'>;
const unreadable: Readable = { headerLines: [] };
async function parse(raw: Buffer): Promise<Readable> {
  // Loaded where answers are read: who only sends pays nothing for it.
  const { simpleParser } = await import('mailparser');
  return simpleParser(raw, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
    keepCidLinks: true,
    ignoreEmbedded: true,
    checksumAlgo: false,
    maxChildNodes: 100,
  }).catch(() => unreadable);
}

const contentOf = (line: string) =>
  line
    .slice(line.indexOf(':') + 1)
    .replace(/\r?\n[ \t]+/g, ' ')
    .trim();
function firstHeaders(parsed: Readable): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const { key, line } of parsed.headerLines) if (!first.has(key)) first.set(key, contentOf(line));
  return first;
}

const bare = (id: string) => id.trim().replace(/^<|>$/g, '').slice(0, MOST_ID);

/** In-Reply-To first, then the references from the newest. A mail of ours is named by its id, without our domain. */
function referencesOf(parsed: Readable, ourSender: string): string[] {
  const domain = /@([A-Za-z0-9.-]+)>?\s*$/.exec(ourSender)?.[1]?.toLowerCase();
  const ours = (id: string) => (domain !== undefined && id.toLowerCase().endsWith(`@${domain}`) ? id.slice(0, id.lastIndexOf('@')) : id);
  const older = [parsed.references ?? []].flat().reverse();
  const all = [parsed.inReplyTo ?? '', ...older].flatMap((ids) => ids.split(/\s+/)).map((id) => ours(bare(id)));
  return [...new Set(all)].filter((id) => id !== '').slice(0, MOST_REFERENCES);
}

/** What was written: the plain text, or the HTML of a mail that has nothing else. */
function textOf(parsed: Readable): string {
  const plain = parsed.text ?? '';
  if (plain.trim() !== '' || typeof parsed.html !== 'string') return plain;
  return textOfHtml(parsed.html.slice(0, MOST_HTML));
}

/** Quoted blocks get their '>', what was struck out its '~~', what nobody sees is left out: so that no answer is read into it. */
export function textOfHtml(html: string): string {
  const struck = { format: 'inlineSurround', options: { prefix: '~~', suffix: '~~' } };
  const unseen = ['head', 'style', 'script', 'template', 'img', '[style*="display:none"]', '[style*="display: none"]', '[hidden]'];
  try {
    return htmlToText(html, {
      wordwrap: false,
      limits: { maxInputLength: MOST_HTML, maxDepth: DEPTH, maxChildNodes: 5_000, ellipsis: '…' },
      selectors: [
        { selector: 'a', options: { ignoreHref: true } },
        ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
        ...unseen.map((selector) => ({ selector, format: 'skip' })),
        ...['s', 'strike', 'del', '[style*="line-through"]'].map((selector) => ({ selector, ...struck })),
      ],
    });
  } catch {
    return '';
  }
}
