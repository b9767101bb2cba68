export { messageIdOf, type SmtpOptions, smtpMailer, smtpOptionsFromUrl } from './smtp-mailer.ts';
