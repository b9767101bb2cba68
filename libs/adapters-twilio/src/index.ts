export type { TwilioOptions } from './options.ts';
export { twilioSender } from './twilio-sender.ts';
export { twilioWebhooks, webhookServer } from './twilio-webhooks.ts';
