import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { ProofOfDeathSchema } from '../model/evidence.ts';
import { Closed, HostIdSchema, IncidentIdSchema, InstantSchema, VmIdSchema } from '../model/words.ts';

const common = { topic: topics.migrations, version: 1, producedBy: ['migrator'], key: (d: { incident: string }) => d.incident } as const;
const of = { incident: IncidentIdSchema, at: InstantSchema };

export const hostIsolated = defineEvent({
  ...common,
  type: 'lifeboat.host.isolated',
  consumedBy: ['scheduler', 'fault-correlator', 'notifier', 'console'],
  about: 'The host is proven dead: from now on, and not before, its VMs may be started elsewhere.',
  data: Closed({ ...of, host: HostIdSchema, proof: ProofOfDeathSchema }),
});

export const isolationFailed = defineEvent({
  ...common,
  type: 'lifeboat.isolation.failed',
  consumedBy: ['scheduler', 'notifier', 'console'],
  about: 'Every fence method failed; it is tried again, and a person is asked. Nothing is evacuated meanwhile.',
  data: Closed({
    ...of,
    host: HostIdSchema,
    attempt: Type.Integer({ minimum: 1 }),
    methods: Type.Array(
      Closed({ method: Type.String({ maxLength: 100 }), code: Type.String({ maxLength: 40 }), detail: Type.String({ maxLength: 500 }) }),
    ),
    nextAt: InstantSchema,
  }),
});

export const isolationWithdrawn = defineEvent({
  ...common,
  type: 'lifeboat.isolation.withdrawn',
  consumedBy: ['scheduler', 'console'],
  about: 'A recalled isolation was given up before anything was done to the host.',
  data: Closed({ ...of, host: HostIdSchema }),
});

export const hostShutOut = defineEvent({
  ...common,
  type: 'lifeboat.host.shut-out',
  consumedBy: ['scheduler', 'console'],
  about: "Nova's compute service of the isolated host is forced down, then disabled: evacuation is now possible.",
  data: Closed({ ...of, host: HostIdSchema }),
});

export const evacuationStarted = defineEvent({
  ...common,
  type: 'lifeboat.evacuation.started',
  consumedBy: ['scheduler', 'console'],
  about: 'Nova took the evacuation of a VM (or was found to have taken it before: adopted).',
  data: Closed({
    ...of,
    vm: VmIdSchema,
    from: HostIdSchema,
    to: Type.Optional(HostIdSchema),
    attempt: Type.Integer({ minimum: 1 }),
    adopted: Type.Boolean(),
  }),
});

export const vmEvacuated = defineEvent({
  ...common,
  type: 'lifeboat.vm.evacuated',
  consumedBy: ['scheduler', 'console'],
  about: "By Nova's migration record, its host and no task left, the VM is on its new host.",
  data: Closed({
    ...of,
    vm: VmIdSchema,
    from: HostIdSchema,
    to: HostIdSchema,
    status: Type.String({ maxLength: 40 }),
    migration: Type.Optional(Type.String({ maxLength: 64, description: "Nova's migration record." })),
    leftStopped: Type.Optional(
      Type.String({ maxLength: 200, description: 'It ran when its host failed, and is stopped now: why it is left so.' }),
    ),
    tookMs: Type.Integer({ minimum: 0 }),
  }),
});

export const evacuationFailed = defineEvent({
  ...common,
  type: 'lifeboat.evacuation.failed',
  consumedBy: ['scheduler', 'console'],
  about: 'An evacuation of a VM ended without it: gone (by its owner), to be tried elsewhere, or never.',
  data: Closed({
    ...of,
    vm: VmIdSchema,
    from: HostIdSchema,
    to: Type.Optional(HostIdSchema),
    attempt: Type.Integer({ minimum: 1 }),
    code: Type.String({ maxLength: 40 }),
    reason: Type.String({ maxLength: 500 }),
    then: Type.Unsafe<'retry' | 'never' | 'gone'>({ type: 'string', enum: ['retry', 'never', 'gone'] }),
  }),
});

export const releaseDelayed = defineEvent({
  ...common,
  type: 'lifeboat.release.delayed',
  consumedBy: ['notifier', 'console'],
  about: 'A returned host is well, and Nova does not let it take VMs again: why. It is asked again and again, and told once.',
  data: Closed({
    ...of,
    host: HostIdSchema,
    since: InstantSchema,
    code: Type.String({ maxLength: 40 }),
    reason: Type.String({ maxLength: 500 }),
  }),
});

export const hostReleased = defineEvent({
  ...common,
  type: 'lifeboat.host.released',
  consumedBy: ['scheduler', 'fault-correlator', 'notifier', 'console'],
  about: 'A returned host is clean: force-down cleared, service enabled.',
  data: Closed({ ...of, host: HostIdSchema }),
});
