import type { ignoredReasons } from '@lifeboat/contracts';
import type { Failure, Instant } from '@lifeboat/kernel';
import type { InboundAnswer, Mail, TextMessage, TextReceipt, TextTaken } from '@lifeboat/ports';
import type { Input, Output } from '@lifeboat/runtime';

interface Sending {
  readonly operation: string;
  readonly notBefore?: Instant;
  readonly contact: string;
  readonly incident: string | null;
  readonly subject: string;
  readonly attempt: number;
}
export type SendMail = Sending & Readonly<{ kind: 'send-mail'; mail: Mail }>;
export type SendText = Sending & Readonly<{ kind: 'send-text'; text: TextMessage }>;
/** Chance comes in as the result of an act: a code of six digits, and a key that signs links. */
export type MakeCode = Readonly<{ kind: 'make-code'; operation: string; inquiry: string }>;
/** What came in is kept for good: its mailbox or provider may forget it. `as`: what it was taken for, to be counted. */
export type Keep = Readonly<{ kind: 'keep'; operation: string; messageId: string; as: Taken }>;
export type Taken =
  | 'answer'
  | 'refused'
  | 'again'
  | (typeof ignoredReasons)[number]
  | 'receipt: delivered'
  | 'receipt: failed'
  | 'receipt: other';
/** Shows this page to whoever is waiting for it. */
export type Show = Readonly<{ kind: 'show'; operation: string; request: string; html: string }>;
export type NotifierEffect = SendMail | SendText | MakeCode | Keep | Show;

export type SendResult =
  | Readonly<{ ok: true; value: TextTaken | undefined }>
  | Failure<'MAIL_UNREACHABLE' | 'MAIL_REFUSED' | 'SMS_UNREACHABLE' | 'SMS_UNCERTAIN' | 'SMS_REFUSED'>;
export type CodeResult = Readonly<{ kind: 'code'; code: string; key: string }>;
export type NotifierResult = SendResult | CodeResult | Readonly<{ kind: 'done' }>;

/** `answer` absent: the page is only looked at, which changes nothing. */
export type Visit = Readonly<{ kind: 'visit'; request: string; link: string; answer?: 'evacuate' | 'do-not' }>;
export type NotifierObservation =
  | Readonly<{ kind: 'answer'; answer: InboundAnswer }>
  /** `name`: what tells this receipt from others. */
  | Readonly<{ kind: 'receipt'; name: string; receipt: TextReceipt }>
  /** Null: answers come in that way. */
  | Readonly<{ kind: 'trouble'; channel: string; trouble: string | null }>
  | Visit;
export type NotifierInput = Input<NotifierEffect, NotifierResult, NotifierObservation>;
export type NotifierOutput = Output<NotifierEffect>;
