import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { Closed, HostIdSchema, IncidentIdSchema, InstantSchema, OneOf, VmIdSchema, VmNameSchema } from '../model/words.ts';
import { drained, unevacuableActions } from './40-incidents.ts';

/*
 * What people order by themselves, in the console or at the command line, and what becomes of it. Each says who and when.
 */
const common = { topic: topics.confirmations, version: 1 } as const;
const byPerson = { ...common, producedBy: ['console'], consumedBy: ['scheduler'] } as const;
const byScheduler = { ...common, producedBy: ['scheduler'], consumedBy: ['notifier', 'console'] } as const;
const by = Type.String({ minLength: 1, maxLength: 100, description: 'Who orders it, by name.' });

export const evacuationChosen = defineEvent({
  ...byPerson,
  type: 'lifeboat.evacuation.chosen',
  about: 'Step ③, manual: a person starts the evacuation of these VMs, each to the cluster of the host that was shown; or declines it.',
  key: (d) => d.incident,
  data: Closed({
    incident: IncidentIdSchema,
    answer: OneOf(['evacuate', 'do-not'] as const),
    placements: Type.Array(Closed({ vm: VmIdSchema, from: HostIdSchema, to: HostIdSchema })),
    by,
    at: InstantSchema,
  }),
});

export const statementMade = defineEvent({
  ...byPerson,
  type: 'lifeboat.statement.made',
  about: 'A person states that this host is down and has seen it: proof of death where fencing failed.',
  key: (d) => d.host,
  data: Closed({ host: HostIdSchema, by, words: Type.String({ maxLength: 300 }), at: InstantSchema }),
});

export const releaseApproved = defineEvent({
  ...byPerson,
  type: 'lifeboat.release.approved',
  about: 'A person lets a returned host take VMs again, where the cluster wants that done by a person.',
  key: (d) => d.host,
  data: Closed({ host: HostIdSchema, by, at: InstantSchema }),
});

export const itemDecided = defineEvent({
  ...byPerson,
  type: 'lifeboat.item.decided',
  about: 'A person decides what is done about a VM that was not evacuated.',
  key: (d) => d.vm,
  data: Closed({ vm: VmIdSchema, action: OneOf(unevacuableActions), by, at: InstantSchema }),
});

export const drainChosen = defineEvent({
  ...byPerson,
  type: 'lifeboat.drain.chosen',
  about: 'A person wants a host that is well emptied: its VMs are to leave it.',
  key: (d) => d.host,
  data: Closed({
    host: HostIdSchema,
    vms: Type.Optional(Type.Array(VmIdSchema, { minItems: 1, description: 'Only these; all that are on the host when absent.' })),
    cold: Type.Optional(
      Type.Boolean({ description: 'May a running VM be moved cold (restarted) where live is not possible? Absent: as its cluster says.' }),
    ),
    disable: Type.Boolean({ description: 'New VMs are to stay away from it, from now on and afterwards, until it is released.' }),
    by,
    at: InstantSchema,
  }),
});

export const drainHalted = defineEvent({
  ...byPerson,
  type: 'lifeboat.drain.halted',
  about: 'A person ends a drain: no VM begins to move any more; those on their way arrive.',
  key: (d) => d.host,
  data: Closed({ host: HostIdSchema, by, at: InstantSchema }),
});

export const itemClosed = defineEvent({
  ...byScheduler,
  type: 'lifeboat.item.closed',
  about: 'A VM that was not evacuated needs nobody any more: it runs again, or a person has dismissed it.',
  key: (d) => d.incident,
  data: Closed({
    incident: IncidentIdSchema,
    vm: VmIdSchema,
    how: OneOf(['dismissed', 'runs', 'retried'] as const, "'retried': it is in the hands of an incident again."),
    host: Type.Optional(HostIdSchema),
    by: Type.Optional(by),
    at: InstantSchema,
  }),
});

export const itemsWaiting = defineEvent({
  ...byScheduler,
  type: 'lifeboat.items.waiting',
  about: 'Reminder: VMs that were not evacuated still wait for somebody.',
  key: (d) => d.incident,
  data: Closed({
    incident: IncidentIdSchema,
    items: Type.Array(
      Closed({
        vm: VmIdSchema,
        name: Type.Optional(VmNameSchema),
        host: HostIdSchema,
        reason: Type.String({ maxLength: 500 }),
        drained,
        since: InstantSchema,
      }),
      { minItems: 1 },
    ),
    reminder: Type.Integer({ minimum: 1 }),
    at: InstantSchema,
  }),
});

export const orderRefused = defineEvent({
  ...byScheduler,
  type: 'lifeboat.order.refused',
  about: "A person's order that cannot be carried out, and why.",
  key: (d) => d.about,
  data: Closed({
    order: Type.String({ maxLength: 100, description: 'The type of the order.' }),
    about: Type.String({ maxLength: 260, description: 'The incident, host or VM that it names.' }),
    reason: Type.String({ maxLength: 500 }),
    by,
    at: InstantSchema,
  }),
});
