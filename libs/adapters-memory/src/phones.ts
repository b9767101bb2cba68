import { failed, type Instant, ok, stableId } from '@lifeboat/kernel';
import type { AnswerChannel, Clock, Inbound, InboundAnswer, InboundHandler, TextReceipt, TextSender } from '@lifeboat/ports';

/** What waits until a listener keeps it: an inbox of any channel. */
export class MemoryInbox implements Inbound {
  readonly #waiting: InboundAnswer[] = [];
  readonly #receipts: TextReceipt[] = [];
  readonly #ears = new Set<() => void>();
  #away = false;
  #arrived = 0;
  readonly #channel: AnswerChannel;
  readonly #clock: Clock;

  constructor(channel: AnswerChannel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
  }

  /** A person wrote this. `more`: what a mail says besides. */
  write(from: string, text: string, more: Partial<Pick<InboundAnswer, 'references' | 'authentication' | 'automatic'>> = {}): void {
    this.#arrived += 1;
    const answer = { channel: this.#channel, from, text, receivedAt: this.#clock.now(), messageId: `${this.#channel}-${this.#arrived}` };
    this.#waiting.push({ ...answer, references: [], authentication: 'none', automatic: null, ...more });
    this.#wake();
  }

  tell(receipt: TextReceipt): void {
    this.#receipts.push(receipt);
    this.#wake();
  }

  reachable(yes: boolean): void {
    this.#away = !yes;
    this.#wake();
  }

  trouble(): string | null {
    return this.#away ? 'the inbox is switched off' : null;
  }

  async listen(handler: InboundHandler, signal: AbortSignal): Promise<void> {
    let wake: () => void = () => undefined;
    const call = () => wake();
    this.#ears.add(call);
    signal.addEventListener('abort', call);
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!this.#away) await this.#handOver(handler, signal);
      if (!signal.aborted) await woken;
    }
    signal.removeEventListener('abort', call);
    this.#ears.delete(call);
  }

  async #handOver(handler: InboundHandler, signal: AbortSignal): Promise<void> {
    for (const answer of [...this.#waiting]) {
      if (signal.aborted) return;
      const kept = await handler.answer(answer);
      const at = this.#waiting.indexOf(answer);
      if (kept && at >= 0) this.#waiting.splice(at, 1);
    }
    for (const receipt of [...this.#receipts]) {
      if (signal.aborted) return;
      const kept = await handler.receipt(receipt);
      const at = this.#receipts.indexOf(receipt);
      if (kept && at >= 0) this.#receipts.splice(at, 1);
    }
  }

  #wake(): void {
    for (const call of this.#ears) call();
  }
}

export interface Phones {
  readonly sender: TextSender;
  readonly inbound: MemoryInbox;
  /** What lies on the phones, in order of arrival. */
  texts(): readonly Readonly<{ id: string; to: string; text: string; at: Instant }>[];
  /** Somebody types an answer. */
  reply(from: string, text: string): void;
  /** The network tells what became of a message. */
  settle(providerId: string, state: TextReceipt['state']): void;
  /** false: as if the provider were away. */
  reachable(yes: boolean): void;
}

/** An SMS centre and everyone's phone, in memory: for the embedded mode and tests. */
export const memoryPhones = (clock: Clock, refuses: (to: string) => boolean = () => false): Phones => {
  const sent = new Map<string, { id: string; to: string; text: string; at: Instant }>();
  const inbound = new MemoryInbox('sms', clock);
  let away = false;
  return {
    sender: {
      send: async (message) => {
        if (away) return failed('SMS_UNREACHABLE', 'the phone network is switched off');
        if (refuses(message.to)) return failed('SMS_REFUSED', 'no such number');
        const providerId = stableId('phones', message.id);
        if (!sent.has(providerId)) sent.set(providerId, { ...message, at: clock.now() });
        return ok({ providerId });
      },
      close: async () => undefined,
    },
    inbound,
    texts: () => [...sent.values()],
    reply: (from, text) => inbound.write(from, text),
    settle: (providerId, state) => {
      const id = sent.get(providerId)?.id;
      inbound.tell({ providerId, ...(id === undefined ? {} : { id }), state, detail: state, at: clock.now() });
    },
    reachable: (yes) => {
      away = !yes;
      inbound.reachable(yes);
    },
  };
};
