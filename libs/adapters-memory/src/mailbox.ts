import { done, failed } from '@lifeboat/kernel';
import type { Mail, Mailer } from '@lifeboat/ports';

export interface Mailbox {
  readonly mailer: Mailer;
  /** What lies in it, in order of arrival; a mail sent twice is shown once. */
  mails(): readonly Mail[];
  /** false: as if the mail server were away. */
  reachable(yes: boolean): void;
}

/** A mail server and everyone's mailbox, in memory: for the embedded mode and tests. */
export const memoryMailbox = (refuses: (to: string) => boolean = () => false): Mailbox => {
  const byId = new Map<string, Mail>();
  let away = false;
  return {
    mailer: {
      send: async (mail) => {
        if (away) return failed('MAIL_UNREACHABLE', `${mail.to}: the mailbox is switched off`);
        if (refuses(mail.to)) return failed('MAIL_REFUSED', `${mail.to}: no such recipient`);
        if (!byId.has(mail.id)) byId.set(mail.id, mail);
        return done;
      },
      close: async () => undefined,
    },
    mails: () => [...byId.values()],
    reachable: (yes) => {
      away = !yes;
    },
  };
};
