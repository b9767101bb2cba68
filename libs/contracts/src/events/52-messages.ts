import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { Closed, IncidentIdSchema, InstantSchema, OneOf } from '../model/words.ts';

/*
 * What came of messages to people, and what came in that was no answer. Numbers and addresses are masked.
 */
const common = { topic: topics.confirmations, version: 1, producedBy: ['notifier'] } as const;
export const ignoredReasons = [
  'auto-reply',
  'bounce',
  'rate-limited',
  'unknown-sender',
  'forged',
  'not-understood',
  'no-question',
] as const;

export const answerIgnored = defineEvent({
  ...common,
  type: 'lifeboat.answer.ignored',
  consumedBy: ['console'],
  about: 'Somebody, or a machine, wrote something that is no answer to a question: it changed nothing.',
  key: () => 'region',
  data: Closed({
    channel: OneOf(['sms', 'e-mail'] as const),
    reason: OneOf(ignoredReasons),
    from: Type.String({ maxLength: 200, description: 'The sender, masked: +86138****1234, l***@example.org.' }),
    by: Type.Optional(Type.String({ maxLength: 100, description: "The contact's name, where it is one's." })),
    times: Type.Integer({
      minimum: 1,
      description: 'Messages of this sender of late. Beyond what is looked at, only the first and each doubling is told.',
    }),
    at: InstantSchema,
  }),
});

export const noticeReceipt = defineEvent({
  ...common,
  type: 'lifeboat.notice.receipt',
  consumedBy: ['console'],
  about: 'The provider says what became of a text message: it is on the phone, or will never be.',
  key: (d) => d.incident ?? 'region',
  data: Closed({
    incident: Type.Optional(IncidentIdSchema),
    notice: Type.String({ maxLength: 200, description: 'As in notice.sent.' }),
    contact: Type.String({ maxLength: 100 }),
    subject: Type.String({ maxLength: 200 }),
    state: OneOf(['delivered', 'failed'] as const),
    detail: Type.String({ maxLength: 300, description: "The provider's own word." }),
    at: InstantSchema,
  }),
});

const channel = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'Where answers come in: mailbox, SMS centre (SMPP), Twilio webhooks, web page.',
});
export const channelTroubled = defineEvent({
  ...common,
  type: 'lifeboat.channel.troubled',
  consumedBy: ['notifier', 'console'],
  about: 'No answers can come in this way, and have not for a while.',
  key: () => 'region',
  data: Closed({ channel, trouble: Type.String({ maxLength: 300 }), since: InstantSchema, at: InstantSchema }),
});

export const channelRestored = defineEvent({
  ...common,
  type: 'lifeboat.channel.restored',
  consumedBy: ['notifier', 'console'],
  about: 'Answers can come in this way again.',
  key: () => 'region',
  data: Closed({ channel, since: InstantSchema, at: InstantSchema }),
});
