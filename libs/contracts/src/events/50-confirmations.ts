import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { VerdictSchema } from '../model/evidence.ts';
import { Closed, ClusterIdSchema, HostIdSchema, IncidentIdSchema, InstantSchema, OneOf, VmIdSchema } from '../model/words.ts';

const common = { topic: topics.confirmations, version: 1, key: (d: { incident: string }) => d.incident } as const;
const confirmation = Type.String({ minLength: 1, maxLength: 100, description: 'Names one request; used once.' });
export const channels = ['sms', 'e-mail', 'web', 'command line'] as const;

export const confirmationRequested = defineEvent({
  ...common,
  type: 'lifeboat.confirmation.requested',
  producedBy: ['scheduler'],
  consumedBy: ['notifier', 'console'],
  about: 'Step ⑤: a person is asked. Bound to incident and plan; never carries the code.',
  data: Closed({
    incident: IncidentIdSchema,
    confirmation,
    planHash: Type.String({ maxLength: 64 }),
    vms: Type.Integer({ minimum: 0 }),
    summary: Type.String({ maxLength: 1000 }),
    expiresAt: InstantSchema,
    hosts: Type.Optional(Type.Array(HostIdSchema)),
    verdict: Type.Optional(VerdictSchema),
    stopped: Type.Optional(Type.Integer({ minimum: 0, description: 'Of these VMs: stopped by their owners, to stay stopped.' })),
    unplaced: Type.Optional(Type.Integer({ minimum: 0, description: 'VMs beside these that no host has room for now.' })),
    to: Type.Optional(
      Type.Array(Closed({ cluster: ClusterIdSchema, hosts: Type.Integer({ minimum: 1 }), vms: Type.Integer({ minimum: 1 }) }), {
        description: 'The plan in short: how many VMs go to how many hosts of which cluster.',
      }),
    ),
    covers: Type.Optional(
      Type.Array(Closed({ vm: VmIdSchema, from: HostIdSchema, cluster: ClusterIdSchema }), {
        description: 'What a yes allows: these VMs, each to this cluster; whatever differs is asked about anew.',
      }),
    ),
    quorum: Type.Optional(Type.Integer({ minimum: 1, description: 'So many people must give the same answer; 1 when absent.' })),
    at: InstantSchema,
  }),
});

export const confirmationReceived = defineEvent({
  ...common,
  type: 'lifeboat.confirmation.received',
  producedBy: ['notifier', 'console'],
  consumedBy: ['scheduler', 'console'],
  about: 'Step ⑦: an answer whose sender and code have been checked.',
  data: Closed({
    incident: IncidentIdSchema,
    confirmation,
    answer: OneOf(['evacuate', 'do-not'] as const),
    by: Type.String({ maxLength: 100, description: "The contact's name, never the number or address." }),
    channel: OneOf(channels),
    at: InstantSchema,
  }),
});

export const confirmationRefused = defineEvent({
  ...common,
  type: 'lifeboat.confirmation.refused',
  producedBy: ['notifier', 'scheduler', 'console'],
  consumedBy: ['notifier', 'console'],
  about: 'An answer that changed nothing: late, duplicate, conflicting, expired, forged.',
  data: Closed({
    incident: IncidentIdSchema,
    confirmation: Type.Optional(confirmation),
    reason: OneOf(['late', 'duplicate', 'conflicting', 'expired', 'unknown', 'wrong-sender', 'wrong-code', 'superseded'] as const),
    channel: Type.Optional(OneOf(channels)),
    by: Type.Optional(Type.String({ maxLength: 100, description: "The contact's name, where it is one's." })),
    at: InstantSchema,
  }),
});

export const confirmationExpired = defineEvent({
  ...common,
  type: 'lifeboat.confirmation.expired',
  producedBy: ['scheduler'],
  consumedBy: ['notifier', 'migrator', 'console'],
  about: 'Nobody answered in time, or what was asked (or had been allowed) no longer holds: nothing more is begun under it.',
  data: Closed({ incident: IncidentIdSchema, confirmation, reason: Type.String({ maxLength: 300 }), at: InstantSchema }),
});

export const confirmationSettled = defineEvent({
  ...common,
  type: 'lifeboat.confirmation.settled',
  producedBy: ['scheduler'],
  consumedBy: ['notifier', 'console'],
  about: 'The answer that counts: from now on the question is answered, and every other answer changes nothing.',
  data: Closed({
    incident: IncidentIdSchema,
    confirmation,
    answer: OneOf(['evacuate', 'do-not'] as const),
    by: Type.String({ maxLength: 1000, description: 'Those whose answers decided it, by name.' }),
    at: InstantSchema,
  }),
});

const notice = {
  incident: Type.Optional(IncidentIdSchema),
  notice: Type.String({ maxLength: 200, description: 'The same notice has the same id: it is sent once.' }),
  channel: OneOf(['sms', 'e-mail'] as const),
  contact: Type.String({ maxLength: 100 }),
  subject: Type.String({ maxLength: 200 }),
  at: InstantSchema,
};
export const noticeSent = defineEvent({
  ...common,
  type: 'lifeboat.notice.sent',
  producedBy: ['notifier'],
  consumedBy: ['console'],
  about: 'A person was told.',
  key: (d) => d.incident ?? 'region',
  data: Closed(notice),
});
export const noticeFailed = defineEvent({
  ...common,
  type: 'lifeboat.notice.failed',
  producedBy: ['notifier'],
  consumedBy: ['console'],
  about: 'A notice could not be delivered and is given up.',
  key: (d) => d.incident ?? 'region',
  data: Closed({ ...notice, reason: Type.String({ maxLength: 500 }) }),
});
