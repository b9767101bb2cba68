import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { SignalsSchema } from '../model/evidence.ts';
import { Closed, HostIdSchema, InstantSchema, OneOf, RackIdSchema } from '../model/words.ts';

const common = { topic: topics.nodes, version: 1, producedBy: ['node-monitor'] } as const;

export const nodeObserved = defineEvent({
  ...common,
  type: 'lifeboat.node.observed',
  consumedBy: ['fault-correlator', 'console'],
  about:
    'What the node-monitor sees of a host over the management network: published when it changes, and each round while the host is under suspicion.',
  key: (d) => d.host,
  data: Closed({
    host: HostIdSchema,
    round: Type.Integer({ minimum: 0 }),
    signals: SignalsSchema,
    at: InstantSchema,
  }),
});

export const roundCompleted = defineEvent({
  ...common,
  type: 'lifeboat.round.completed',
  consumedBy: ['fault-correlator', 'console'],
  about: "The node-monitor has looked at every host once, and at itself: 'cut-off' says that its own view cannot be trusted.",
  key: () => 'round',
  data: Closed({
    round: Type.Integer({ minimum: 0 }),
    observer: OneOf(['sound', 'cut-off'] as const),
    reason: Type.Optional(Type.String({ maxLength: 300 })),
    racks: Type.Array(Closed({ rack: RackIdSchema, alive: Type.Integer({ minimum: 0 }), dead: Type.Integer({ minimum: 0 }) })),
    startedAt: InstantSchema,
    at: InstantSchema,
  }),
});

export const agentRestarted = defineEvent({
  ...common,
  type: 'lifeboat.agent.restarted',
  consumedBy: ['fault-correlator', 'notifier', 'console'],
  about: 'A silent agent was restarted over SSH, or could not be.',
  key: (d) => d.host,
  data: Closed({
    host: HostIdSchema,
    succeeded: Type.Boolean(),
    attempt: Type.Integer({ minimum: 1 }),
    detail: Type.String({ maxLength: 500 }),
    at: InstantSchema,
  }),
});

export const fenceChecked = defineEvent({
  ...common,
  type: 'lifeboat.fence.checked',
  consumedBy: ['migrator', 'notifier', 'console'],
  about:
    "Whose machine a host's BMC switches was compared with what the hosts' agents say: told when it is not its own, cannot be told, or is its own again. A device of another host is never used.",
  key: (d) => d.host,
  data: Closed({
    host: HostIdSchema,
    method: Type.String({ maxLength: 100, description: 'The fence method.' }),
    device: Type.String({ maxLength: 253, description: 'Its address.' }),
    is: OneOf(['own', 'of-another', 'unknown'] as const),
    other: Type.Optional(HostIdSchema),
    detail: Type.String({ maxLength: 500 }),
    at: InstantSchema,
  }),
});
