import { smtpMailer, smtpOptionsFromUrl } from '@lifeboat/adapters-mail';
import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService } from '@lifeboat/runtime/process';
import { notifier } from './service.ts';
import { notifierSettings } from './settings.ts';
import { notifierWorld } from './world.ts';

await runService({
  name: 'notifier',
  clock: wallClock(),
  open: openBackbone,
  settings: (e) => {
    const url = e.url(
      'LIFEBOAT_SMTP_URL',
      ['smtp:', 'smtps:'],
      'set it to the mail server, e.g. smtp://user:password@mail.example.org:587',
    );
    const from = e.text('LIFEBOAT_MAIL_FROM', 'set it to the sender, e.g. Lifeboat <lifeboat@example.org>');
    const smtp = smtpOptionsFromUrl(url, from, 'LIFEBOAT_SMTP_URL');
    if (!('problem' in smtp)) return smtp;
    if (url !== '') e.complain('LIFEBOAT_SMTP_URL', smtp.problem);
    // Never used: the complaint ends the process.
    return { host: '', port: 0, tls: 'none' as const, from };
  },
  make: ({ more: smtp, topology }) => {
    const mailer = smtpMailer(smtp);
    return { definition: notifier(notifierSettings(topology)), world: notifierWorld({ mailer }), close: () => mailer.close() };
  },
});
