import { setTimeout as sleep } from 'node:timers/promises';
import { maskAll } from '@lifeboat/answers';
import { failed, instant, type Outcome, ok, stableId } from '@lifeboat/kernel';
import {
  type Inbound,
  type InboundHandler,
  MOST_TEXT,
  type TextFailure,
  type TextMessage,
  type TextSender,
  type TextTaken,
} from '@lifeboat/ports';
import { type Pdu, SmppConnection, SmppTrouble } from './connection.ts';
import { Assembly, receiptIn, senderOf } from './inbound.ts';
import type { SmppOptions } from './options.ts';
import { submissions } from './outbound.ts';

const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 60_000;
const REMEMBERED = 1_000;
/** ESME_RX_T_APPN: the SMS centre tries again. */
const TRY_AGAIN = 0x64;
/** System error, queue full, throttled, and what says that we are not bound: about the moment, not about the message. */
const NOT_NOW: ReadonlySet<number> = new Set([0x04, 0x05, 0x08, 0x0d, 0x0e, 0x0f, 0x14, 0x58, 0x64]);

/** A message under way: the ids of its parts as they were taken, and those whose end is still unknown. */
interface Sending {
  readonly id: string;
  readonly taken: string[];
  readonly open: Set<string>;
}

/** Some of its parts are with the SMS centre already. */
const partly = (s: Sending): TextFailure => (s.taken.length > 0 ? 'SMS_UNCERTAIN' : 'SMS_UNREACHABLE');

/** An SMS centre by SMPP 3.4, one connection for both ways. It is bound while somebody listens. */
export class SmppLink implements TextSender, Inbound {
  readonly name = 'SMS centre (SMPP)';
  readonly #options: SmppOptions;
  readonly #sendings = new Map<string, Sending>();
  readonly #assembly = new Assembly();
  #connection: SmppConnection | null = null;
  #trouble: string | null = 'not connected yet';

  constructor(options: SmppOptions) {
    this.#options = options;
  }

  trouble(): string | null {
    return this.#trouble;
  }

  async listen(handler: InboundHandler, signal: AbortSignal): Promise<void> {
    const firstPause = this.#options.firstPauseMs ?? FIRST_PAUSE_MS;
    let pause = firstPause;
    while (!signal.aborted) {
      const why = await this.#oneConnection(handler, signal);
      if (why.bound) pause = firstPause;
      this.#trouble = `${this.#options.host}:${this.#options.port}: ${why.text}`;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      pause = Math.min(pause * 2, MOST_PAUSE_MS);
    }
    this.#trouble = 'not listening';
  }

  async #oneConnection(handler: InboundHandler, signal: AbortSignal): Promise<{ bound: boolean; text: string }> {
    try {
      const connection = await SmppConnection.open(this.#options, (pdu, from) => {
        // Nothing but a bug can throw here; then the SMS centre gets no answer and tries again.
        void this.#take(pdu, handler).then((kept) => from.answer(pdu, kept ? 0 : TRY_AGAIN));
      });
      const stop = () => connection.destroy('not listening');
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      this.#connection = connection;
      this.#trouble = null;
      const text = await connection.closed;
      signal.removeEventListener('abort', stop);
      return { bound: true, text };
    } catch (e) {
      return { bound: false, text: (e as Error).message };
    } finally {
      this.#connection = null;
    }
  }

  async send(message: TextMessage): Promise<Outcome<TextTaken, TextFailure>> {
    const sending = this.#sendings.get(message.id) ?? { id: message.id, taken: [], open: new Set<string>() };
    this.#sendings.set(message.id, sending);
    for (const oldest of this.#sendings.keys()) if (this.#sendings.size > REMEMBERED) this.#sendings.delete(oldest);
    try {
      // A part that was taken is not sent again.
      for (const part of submissions(message, this.#options.from).slice(sending.taken.length)) {
        const connection = this.#connection;
        if (connection === null) return failed(partly(sending), this.#trouble ?? 'not connected');
        const id = String((await connection.ask('submit_sm', part))['message_id'] ?? '');
        sending.taken.push(id);
        sending.open.add(id);
      }
      return ok({ providerId: sending.taken[0] ?? '' });
    } catch (e) {
      if (!(e instanceof SmppTrouble)) throw e;
      const final = e.status !== undefined && !NOT_NOW.has(e.status);
      return failed(final ? 'SMS_REFUSED' : e.unanswered ? 'SMS_UNCERTAIN' : partly(sending), maskAll(e.message));
    }
  }

  async close(): Promise<void> {
    this.#connection?.destroy('closed');
  }

  async #take(pdu: Pdu, handler: InboundHandler): Promise<boolean> {
    const receipt = receiptIn(pdu);
    if (receipt !== null) return this.#takeReceipt(receipt, handler);
    const whole = this.#assembly.add(pdu);
    if (whole === null) return true;
    const from = senderOf(pdu);
    const kept = await handler.answer({
      channel: 'sms',
      from,
      receivedAt: instant(Date.now()),
      text: whole.text.slice(0, MOST_TEXT),
      // SMPP names no message: the same words from the same sender are the same answer, whenever they come again.
      messageId: stableId('smpp', from, whole.text),
      references: [],
      authentication: 'none',
      automatic: null,
    });
    if (kept) whole.forget();
    return kept;
  }

  /** A message has been delivered once all its parts have, and has failed as soon as one has. */
  async #takeReceipt(receipt: NonNullable<ReturnType<typeof receiptIn>>, handler: InboundHandler): Promise<boolean> {
    const { id, word, state } = receipt;
    if (state === undefined || id === '') return true;
    const sending = [...this.#sendings.values()].find((s) => s.taken.includes(id));
    if (state === 'delivered') sending?.open.delete(id);
    if (state === 'delivered' && (sending?.open.size ?? 0) > 0) return true;
    const of = sending === undefined ? { providerId: id } : { providerId: sending.taken[0] ?? id, id: sending.id };
    return handler.receipt({ ...of, state, detail: word, at: instant(Date.now()) });
  }
}
