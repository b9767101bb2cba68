import { setTimeout as sleep } from 'node:timers/promises';
import { instant } from '@lifeboat/kernel';
import type { Inbound, InboundHandler } from '@lifeboat/ports';
import type { ImapFlow } from 'imapflow';
import { type ReadOptions, readMail } from './read-mail.ts';

export interface ImapOptions extends ReadOptions {
  readonly host: string;
  readonly port: number;
  /** As for SMTP: 'starttls' insists on it, 'none' only where the wire is trusted. */
  readonly tls: 'starttls' | 'tls' | 'none';
  readonly auth: Readonly<{ user: string; password: string }>;
  /** A mailbox that nobody else reads: what is seen is taken for answered. */
  readonly mailbox: string;
  readonly ca?: string;
  /** A silent connection is asked whether it lives after this, and given up after as long again. */
  readonly silenceMs?: number;
  /** After a failed connection; doubled up to MOST_PAUSE_MS. */
  readonly firstPauseMs?: number;
  /** When a mail that was not kept is handed over again. */
  readonly againMs?: number;
}

const CONNECT_MS = 20_000;
const SILENCE_MS = 60_000;
const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 60_000;
const AGAIN_MS = 5_000;
/** More of a mail is attachments. */
const MOST_BYTES = 512 * 1024;
/** Handed over in one go, so that a full mailbox does not fill the memory. */
const TOGETHER = 20;

/** Answers by mail: IMAP, IDLE kept up; a mail is marked seen only once it was kept, so that none is lost and none is read twice. */
export function imapInbox(options: ImapOptions): Inbound {
  let trouble: string | null = 'not connected yet';
  return {
    name: 'mailbox',
    trouble: () => trouble,
    listen: async (handler, signal) => {
      const firstPause = options.firstPauseMs ?? FIRST_PAUSE_MS;
      let pause = firstPause;
      while (!signal.aborted) {
        const reached = () => {
          trouble = null;
          pause = firstPause;
        };
        trouble = `${options.host}:${options.port}: ${await oneConnection(options, handler, reached, signal)}`;
        await sleep(pause, undefined, { signal }).catch(() => undefined);
        pause = Math.min(pause * 2, MOST_PAUSE_MS);
      }
      trouble = 'not listening';
    },
  };
}

/** Answers why it ended. */
async function oneConnection(options: ImapOptions, handler: InboundHandler, reached: () => void, signal: AbortSignal): Promise<string> {
  const client = await open(options);
  let why = 'the connection was closed';
  client.on('error', (e: Error) => {
    why = e.message;
  });
  const stop = () => client.close();
  signal.addEventListener('abort', stop);
  try {
    await client.connect();
    const mailbox = await client.mailboxOpen(options.mailbox);
    reached();
    await new Reading(client, String(mailbox.uidValidity), options, handler, signal).run();
  } catch (e) {
    const { message, responseText } = e as { message: string; responseText?: string };
    why = responseText ?? message;
  } finally {
    signal.removeEventListener('abort', stop);
    client.close();
  }
  return why;
}

// Loaded where answers are read: who only sends pays nothing for it.
const open = async (o: ImapOptions): Promise<ImapFlow> => {
  const { ImapFlow } = await import('imapflow');
  return new ImapFlow({
    host: o.host,
    port: o.port,
    secure: o.tls === 'tls',
    ...(o.tls === 'tls' ? {} : { doSTARTTLS: o.tls === 'starttls' }),
    ...(o.ca === undefined ? {} : { tls: { ca: o.ca } }),
    auth: { user: o.auth.user, pass: o.auth.password },
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: o.silenceMs ?? SILENCE_MS,
  });
};

/** One mailbox over one connection. UIDs mean the same only as long as UIDVALIDITY does, and that only here. */
class Reading {
  readonly #client: ImapFlow;
  readonly #uidValidity: string;
  readonly #options: ImapOptions;
  readonly #handler: InboundHandler;
  readonly #signal: AbortSignal;
  /** Kept, whatever became of the flag: a mail is not handed over twice because the server would not mark it. */
  readonly #kept = new Set<number>();
  #arrived = false;
  #nudge: () => void = () => undefined;

  constructor(client: ImapFlow, uidValidity: string, options: ImapOptions, handler: InboundHandler, signal: AbortSignal) {
    this.#client = client;
    this.#uidValidity = uidValidity;
    this.#options = options;
    this.#handler = handler;
    this.#signal = signal;
    client.on('exists', () => {
      this.#arrived = true;
      this.#nudge();
    });
    client.on('close', () => this.#nudge());
    // Its UIDs are those of another mailbox now: begin anew.
    client.on('mailboxOpen', (m) => {
      if (String(m.uidValidity) !== uidValidity) client.close();
    });
  }

  async run(): Promise<void> {
    while (this.#client.usable && !this.#signal.aborted) {
      this.#arrived = false;
      const allKept = await this.#handOver();
      if (!this.#arrived) await this.#wait(allKept);
    }
  }

  /** Until there may be something: IDLE ends with every command, so it is begun again each time round. */
  async #wait(allKept: boolean): Promise<void> {
    const nudged = new Promise<void>((resolve) => {
      this.#nudge = resolve;
    });
    const over = new AbortController();
    const limit = { signal: AbortSignal.any([over.signal, this.#signal]) };
    const again = this.#options.againMs ?? AGAIN_MS;
    // A refused IDLE returns at once: without the pause this would spin.
    const idle = this.#client.idle().then(
      () => sleep(Math.min(again, FIRST_PAUSE_MS), undefined, limit).catch(() => undefined),
      () => undefined,
    );
    const late = allKept ? [] : [sleep(again, undefined, limit).catch(() => undefined)];
    await Promise.race([nudged, idle, ...late]);
    over.abort();
  }

  /** True when nothing is left to be handed over. */
  async #handOver(): Promise<boolean> {
    const found = await this.#client.search({ seen: false, deleted: false }, { uid: true });
    if (!found) return false;
    const waiting = found.filter((uid) => !this.#kept.has(uid));
    let allKept = true;
    for (const uid of waiting.slice(0, TOGETHER)) {
      const mail = await this.#client.fetchOne(
        String(uid),
        { uid: true, internalDate: true, source: { maxLength: MOST_BYTES } },
        { uid: true },
      );
      if (mail === false || mail.source === undefined) continue;
      const name = `${this.#options.mailbox}.${this.#uidValidity}.${uid}`;
      const receivedAt = instant(new Date(mail.internalDate ?? Date.now()).getTime());
      const answer = await readMail(mail.source, { receivedAt, name }, this.#options);
      if (this.#signal.aborted) return false;
      if (!(await this.#handler.answer(answer))) allKept = false;
      else {
        this.#kept.add(uid);
        await this.#client.messageFlagsAdd(String(uid), ['\\Seen'], { uid: true });
      }
    }
    if (allKept && waiting.length > TOGETHER) this.#arrived = true;
    return allKept;
  }
}
