import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { Closed, HostIdSchema, IncidentIdSchema, InstantSchema, OneOf, VmIdSchema, VmNameSchema } from '../model/words.ts';
import { VmFailureSchema } from './35-vm-failures.ts';
import { unevacuableActions } from './40-incidents.ts';

const common = { topic: topics.migrations, version: 1, key: (d: { incident: string }) => d.incident } as const;
const byScheduler = { ...common, producedBy: ['scheduler'] } as const;
const byMigrator = { ...common, producedBy: ['migrator'] } as const;
const of = { incident: IncidentIdSchema, vm: VmIdSchema, host: HostIdSchema, at: InstantSchema };

export const restartWays = ['reboot', 'resume', 'move'] as const;
export type RestartWay = (typeof restartWays)[number];
const how = OneOf(
  restartWays,
  "'reboot': hard, by Nova, whatever state it is in; 'resume': go on where it was paused; 'move': cold, to another host.",
);
const name = Type.Optional(VmNameSchema);
const attempt = Type.Integer({ minimum: 1 });
const reason = Type.String({ maxLength: 500 });

export const restartRequested = defineEvent({
  ...byScheduler,
  type: 'lifeboat.restart.requested',
  consumedBy: ['migrator', 'console'],
  about: 'Order: bring this failed VM back, on its host or, after too many failures, on another one.',
  data: Closed({
    ...of,
    how,
    to: Type.Optional(Type.Array(HostIdSchema, { description: 'Where to move it: the best host first.' })),
    attempt,
    /** What somebody else has done to the VM after this time settles it: then it is left to them. */
    since: InstantSchema,
    triedUntil: Type.Optional({
      ...InstantSchema,
      description: 'Until then it was tried by us: what our own user has asked for before that settles nothing.',
    }),
    epoch: Type.Integer({ minimum: 0 }),
  }),
});

export const restartRecalled = defineEvent({
  ...byScheduler,
  type: 'lifeboat.restart.recalled',
  consumedBy: ['migrator', 'console'],
  about: 'Order: the VM needs no restart any more; leave it alone if nothing has been done yet.',
  data: Closed({ ...of, reason, epoch: Type.Integer({ minimum: 0 }) }),
});

export const vmRestarted = defineEvent({
  ...byMigrator,
  type: 'lifeboat.vm.restarted',
  consumedBy: ['scheduler', 'console'],
  about: 'By Nova the VM runs again (or somebody else had restarted it before: adopted).',
  data: Closed({ ...of, how, attempt, adopted: Type.Boolean(), tookMs: Type.Integer({ minimum: 0 }) }),
});

export const restartFailed = defineEvent({
  ...byMigrator,
  type: 'lifeboat.restart.failed',
  consumedBy: ['scheduler', 'console'],
  about: "The VM was not restarted: to be tried again, to be left alone (somebody wants it so), or gone by its owner's doing.",
  data: Closed({ ...of, how, attempt, code: Type.String({ maxLength: 40 }), reason, then: OneOf(['retry', 'leave', 'gone'] as const) }),
});

export const vmRecovered = defineEvent({
  ...byScheduler,
  type: 'lifeboat.vm.recovered',
  consumedBy: ['console'],
  about: "The failed VM runs again, seen by its host's agent: the end of its incident.",
  data: Closed({
    ...of,
    name,
    failure: VmFailureSchema,
    attempts: Type.Integer({ minimum: 0 }),
    moved: Type.Boolean(),
    tookMs: Type.Integer({ minimum: 0 }),
  }),
});

export const vmLeftAlone = defineEvent({
  ...byScheduler,
  type: 'lifeboat.vm.left-alone',
  consumedBy: ['fault-correlator', 'notifier', 'console'],
  about: 'A failed VM is not restarted because its owner or its cluster does not want that: the end of its incident, with the reason.',
  data: Closed({ ...of, name, failure: VmFailureSchema, reason }),
});

export const vmGivenUp = defineEvent({
  ...byScheduler,
  type: 'lifeboat.vm.given-up',
  consumedBy: ['fault-correlator', 'notifier', 'console'],
  about: 'A failed VM could not be brought back: a person must look. The end of its incident.',
  data: Closed({
    ...of,
    name,
    failure: VmFailureSchema,
    attempts: Type.Integer({ minimum: 0 }),
    reason,
    actions: Type.Array(OneOf(unevacuableActions)),
  }),
});
