import type { Outcome } from '@lifeboat/kernel';

export interface Mail {
  /** Same mail, same id: it becomes the Message-ID, so that a mail sent twice is shown once. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}
export interface Mailer {
  send(mail: Mail): Promise<Outcome<undefined, 'MAIL_UNREACHABLE' | 'MAIL_REFUSED'>>;
  close(): Promise<void>;
}
