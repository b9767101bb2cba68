import { mailerContract } from '@lifeboat/ports/mail.contract';
import { memoryMailbox } from './mailbox.ts';

mailerContract('in memory', async () => {
  const box = memoryMailbox((to) => to === 'nobody@example.org');
  return {
    mailer: box.mailer,
    arrived: async () => box.mails().map(({ id, to, subject, text }) => ({ messageId: id, to, subject, text })),
    refused: 'nobody@example.org',
    reachable: async (yes) => box.reachable(yes),
    close: async () => undefined,
  };
});
