import type { Failure, Instant } from '@lifeboat/kernel';
import type { Mail } from '@lifeboat/ports';
import type { Input, Output } from '@lifeboat/runtime';

export type NotifierEffect = Readonly<{
  kind: 'send-mail';
  operation: string;
  notBefore?: Instant;
  mail: Mail;
  contact: string;
  incident: string | null;
  attempt: number;
}>;
export type NotifierResult = Readonly<{ ok: true; value: undefined }> | Failure<'MAIL_UNREACHABLE' | 'MAIL_REFUSED'>;
export type NotifierInput = Input<NotifierEffect, NotifierResult, never>;
export type NotifierOutput = Output<NotifierEffect>;
