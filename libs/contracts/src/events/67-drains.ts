import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { PlacementSchema, PlanSchema } from '../model/fleet.ts';
import { Closed, ClusterIdSchema, HostIdSchema, IncidentIdSchema, InstantSchema, OneOf, VmIdSchema, VmNameSchema } from '../model/words.ts';

/*
 * Planned evacuation of a host that is well: its VMs leave it alive, or cold where that is allowed. Nothing here isolates,
 * forces down or evacuates; a host that fails meanwhile has an incident like any other.
 */
const ofDrain = { topic: topics.migrations, version: 1, key: (d: { incident: string }) => d.incident } as const;
const byScheduler = { ...ofDrain, producedBy: ['scheduler'] } as const;
const byMigrator = { ...ofDrain, producedBy: ['migrator'], consumedBy: ['scheduler', 'console'] } as const;
const by = Type.String({ minLength: 1, maxLength: 100, description: 'Who orders it, by name.' });
const of = { incident: IncidentIdSchema, host: HostIdSchema, at: InstantSchema };
const ofVm = { incident: IncidentIdSchema, vm: VmIdSchema, from: HostIdSchema, at: InstantSchema };
const reason = Type.String({ maxLength: 500 });
const epoch = Type.Integer({ minimum: 0 });
const vms = Type.Optional(Type.Array(VmIdSchema, { minItems: 1, description: 'Only these; all that are on the host when absent.' }));

export const migrationWays = ['live', 'cold'] as const;
export type MigrationWay = (typeof migrationWays)[number];
const how = OneOf(migrationWays, "'live': it runs on; 'cold': stopped, moved, started there as it was (of one that runs: a restart).");

export const drainOpened = defineEvent({
  ...byScheduler,
  type: 'lifeboat.drain.opened',
  consumedBy: ['migrator', 'console'],
  about: 'Order: keep new VMs away from this host, where that is wanted; its VMs are about to leave it. Told again until it is obeyed.',
  data: Closed({ ...of, cluster: ClusterIdSchema, vms, cold: Type.Boolean(), disable: Type.Boolean(), by, epoch }),
});

export const drainPlanned = defineEvent({
  ...byScheduler,
  type: 'lifeboat.drain.planned',
  consumedBy: ['console'],
  about: 'Where every VM goes and how, and which go nowhere.',
  data: Closed({
    ...of,
    attempt: Type.Integer({ minimum: 1 }),
    plan: PlanSchema,
    cold: Type.Array(VmIdSchema, { description: 'Those that are stopped: moved cold, and stopped again there. No restart.' }),
  }),
});

export const migrationRequested = defineEvent({
  ...byScheduler,
  type: 'lifeboat.migration.requested',
  consumedBy: ['migrator', 'console'],
  about: 'Order: migrate these VMs of a host that is well, in this order.',
  data: Closed({
    ...of,
    attempt: Type.Integer({ minimum: 1 }),
    placements: Type.Array(PlacementSchema),
    stopped: Type.Array(VmIdSchema),
    cold: Type.Boolean({ description: 'A running VM may be moved cold where live is refused or fails.' }),
    epoch,
  }),
});

export const drainRecalled = defineEvent({
  ...byScheduler,
  type: 'lifeboat.drain.recalled',
  consumedBy: ['migrator', 'console'],
  about: 'Order: begin no further migration of this drain.',
  data: Closed({ ...of, reason, epoch }),
});

export const drainWaiting = defineEvent({
  ...byScheduler,
  type: 'lifeboat.drain.waiting',
  consumedBy: ['console'],
  about: 'The drain cannot go on just now, and why.',
  data: Closed({ ...of, reason }),
});

export const drainClosed = defineEvent({
  ...byScheduler,
  type: 'lifeboat.drain.closed',
  consumedBy: ['migrator', 'console'],
  about: 'The end of a drain, with what became of every VM: where it is, how it went there, in what time.',
  data: Closed({
    ...of,
    outcome: OneOf(
      ['emptied', 'partly', 'stopped', 'host-failed', 'not-begun'] as const,
      "'emptied': every VM that was to leave has left; 'host-failed': an incident has the host and what is left on it.",
    ),
    reason: Type.Optional(reason),
    disabled: Type.Boolean({ description: 'It stays disabled in Nova by us, until it is released.' }),
    whole: Type.Boolean({ description: 'All VMs of the host were to leave.' }),
    vms: Type.Array(
      Closed({
        vm: VmIdSchema,
        name: VmNameSchema,
        outcome: OneOf(['moved', 'left', 'gone'] as const, "'gone': by its owner's doing."),
        host: Type.Optional(HostIdSchema),
        how: Type.Optional(how),
        tookMs: Type.Optional(Type.Integer({ minimum: 0 })),
        reason: Type.Optional(reason),
      }),
    ),
    by,
    openedAt: InstantSchema,
  }),
});

export const hostSetAside = defineEvent({
  ...byMigrator,
  type: 'lifeboat.host.set-aside',
  about: 'Nova puts no new VMs on the host that is to be emptied.',
  data: Closed({
    ...of,
    disabled: OneOf(['by-us', 'by-others', 'no'] as const, "'by-others': it was disabled before, for a reason of theirs, and stays so."),
    reason,
  }),
});

export const drainFailed = defineEvent({
  ...byMigrator,
  type: 'lifeboat.drain.failed',
  about: 'The host could not be set aside: nothing is moved.',
  data: Closed({ ...of, code: Type.String({ maxLength: 40 }), reason }),
});

export const migrationStarted = defineEvent({
  ...byMigrator,
  type: 'lifeboat.migration.started',
  about: 'Nova took the migration of a VM (or was found to have taken it before: adopted).',
  data: Closed({ ...ofVm, to: HostIdSchema, how, attempt: Type.Integer({ minimum: 1 }), adopted: Type.Boolean() }),
});

export const vmMigrated = defineEvent({
  ...byMigrator,
  type: 'lifeboat.vm.migrated',
  about: "By Nova's migration record, its host and no task left, the VM has gone over to its new host.",
  data: Closed({
    ...ofVm,
    to: HostIdSchema,
    how: Type.Optional(how),
    status: Type.String({ maxLength: 40 }),
    fault: Type.Optional(Type.String({ maxLength: 500, description: "Nova's words, where it has it in error on its new host." })),
    migration: Type.Optional(Type.String({ maxLength: 64, description: "Nova's migration record; absent: somebody else moved it." })),
    tookMs: Type.Integer({ minimum: 0 }),
  }),
});

export const migrationFailed = defineEvent({
  ...byMigrator,
  type: 'lifeboat.migration.failed',
  about: "The VM did not leave: gone by its owner's doing, to be planned anew, never, or because the drain was ended.",
  data: Closed({
    ...ofVm,
    to: Type.Optional(HostIdSchema),
    attempt: Type.Integer({ minimum: 1 }),
    code: Type.String({ maxLength: 40 }),
    reason,
    then: OneOf(['retry', 'never', 'gone', 'ended'] as const),
  }),
});
