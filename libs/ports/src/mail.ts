import type { Outcome } from '@lifeboat/kernel';

export interface Mail {
  /** Same mail, same id: it becomes the Message-ID, so that a mail sent twice is shown once. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same in HTML, shown instead of the text where a mail program can. */
  readonly html?: string;
  /** The Message-ID of the mail that this one answers (InboundAnswer's messageId), so that mail programs show them together. */
  readonly inReplyTo?: string;
}
export interface Mailer {
  send(mail: Mail): Promise<Outcome<undefined, 'MAIL_UNREACHABLE' | 'MAIL_REFUSED'>>;
  close(): Promise<void>;
}
