import type { Instant, Outcome } from '@lifeboat/kernel';

export interface TextMessage {
  /** Same message, same id: sent again after a crash, it goes out once where the provider can be asked what it has taken. */
  readonly id: string;
  /** E.164: +8613812345678. */
  readonly to: string;
  readonly text: string;
  /** Somebody must answer it: where nobody knows whether it was taken, twice is better than not at all. */
  readonly question?: boolean;
}

/** Unreachable: surely not taken. Uncertain: nobody knows. */
export type TextFailure = 'SMS_UNREACHABLE' | 'SMS_UNCERTAIN' | 'SMS_REFUSED';
/** Taken by the provider, nothing more: whether it reached the phone comes as a receipt. */
export type TextTaken = Readonly<{ providerId: string }>;

/** Text messages out. No failure's detail shows a whole number. */
export interface TextSender {
  send(message: TextMessage): Promise<Outcome<TextTaken, TextFailure>>;
  close(): Promise<void>;
}

export const textStates = ['sent', 'delivered', 'failed'] as const;
/** What became of a text message. May come twice, late, or out of order: 'delivered' and 'failed' are final. */
export interface TextReceipt {
  readonly providerId: string;
  /** The id it was sent with, where the provider gives it back. */
  readonly id?: string;
  readonly state: (typeof textStates)[number];
  /** The provider's own word, for a person: 'undelivered, error 30003'. */
  readonly detail: string;
  readonly at: Instant;
}

export const answerChannels = ['sms', 'e-mail', 'web'] as const;
export type AnswerChannel = (typeof answerChannels)[number];

/** What a person (or a machine) wrote to us. Nothing in it is believed yet: who may answer, and what it says, is decided elsewhere. */
export interface InboundAnswer {
  readonly channel: AnswerChannel;
  /** As it arrived: +8613812345678, or li.wei@example.org in lower case. Never logged, never in an event. */
  readonly from: string;
  readonly receivedAt: Instant;
  /** As it was written: with its quotes and signature. At most MOST_TEXT characters. */
  readonly text: string;
  /** Tells it from every other: the same one handed over again has the same. */
  readonly messageId: string;
  /** Mails: what it replies to, newest first: the ids that our mails were sent with, other Message-IDs as they are. */
  readonly references: readonly string[];
  /**
   * Whether the sender is who it says. Mail: what the operator's own server found (SPF, DKIM, DMARC); 'none' where it says
   * nothing or is not trusted to. Text messages: always 'none', the network vouches for nothing.
   */
  readonly authentication: 'pass' | 'fail' | 'none';
  /** No person wrote it: an absence notice or a bounce. It is recorded, and never answered: two machines would talk for ever. */
  readonly automatic: 'auto-reply' | 'bounce' | null;
}
/** A longer text is cut here: nobody's answer is that long. */
export const MOST_TEXT = 20_000;

export interface InboundHandler {
  /**
   * Resolves true once the answer is kept for good, so that a crash does not lose it; false or late: it was not kept, and
   * is handed over again (at the next connection, or when the provider tries again). So the same one may come twice.
   */
  answer(answer: InboundAnswer): Promise<boolean>;
  receipt(receipt: TextReceipt): Promise<boolean>;
}

/** Where answers come in: a mailbox, a webhook, an SMS centre. */
export interface Inbound {
  /** What an operator calls it: 'mailbox', 'SMS centre (SMPP)'. */
  readonly name?: string;
  /**
   * Hears until `signal` aborts, connecting again by itself for as long as that takes; then ends all it started. Never
   * throws for what the world does.
   */
  listen(handler: InboundHandler, signal: AbortSignal): Promise<void>;
  /** For the health page: null, or why nothing can come in just now. */
  trouble(): string | null;
}
