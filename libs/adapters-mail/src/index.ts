export { type ImapOptions, imapInbox } from './imap-inbox.ts';
export { imapOptionsFromUrl } from './imap-settings.ts';
export { type ReadOptions, readMail } from './read-mail.ts';
export { messageIdOf, type SmtpOptions, smtpMailer, smtpOptionsFromUrl } from './smtp-mailer.ts';
