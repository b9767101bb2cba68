import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { ProofOfDeathSchema, VerdictSchema } from '../model/evidence.ts';
import { PlacementSchema, PlanSchema } from '../model/fleet.ts';
import { Closed, ClusterIdSchema, HostIdSchema, IncidentIdSchema, InstantSchema, OneOf, VmIdSchema, VmNameSchema } from '../model/words.ts';
import { automationLevels } from '../topology/policy.ts';

const common = { topic: topics.incidents, version: 1, producedBy: ['scheduler'], key: (d: { incident: string }) => d.incident } as const;

export const incidentOpened = defineEvent({
  ...common,
  type: 'lifeboat.incident.opened',
  consumedBy: ['fault-correlator', 'notifier', 'console'],
  about: 'Step ①: a confirmed fault became an incident.',
  data: Closed({
    incident: IncidentIdSchema,
    verdict: VerdictSchema,
    rule: Type.String({ maxLength: 300 }),
    hosts: Type.Array(HostIdSchema, { minItems: 1 }),
    clusters: Type.Array(ClusterIdSchema),
    highAvailability: Type.Boolean({ description: 'Step ②: is HA on for the cluster?' }),
    automation: OneOf(automationLevels, 'Step ③.'),
    at: InstantSchema,
  }),
});

export const isolationRequested = defineEvent({
  ...common,
  type: 'lifeboat.isolation.requested',
  consumedBy: ['migrator', 'console'],
  about: 'Order: make sure that this host runs nothing any more, then shut it out of Nova.',
  data: Closed({
    incident: IncidentIdSchema,
    host: HostIdSchema,
    proof: Type.Optional(ProofOfDeathSchema),
    epoch: Type.Integer({ minimum: 0 }),
    at: InstantSchema,
  }),
});

export const isolationRecalled = defineEvent({
  ...common,
  type: 'lifeboat.isolation.recalled',
  consumedBy: ['migrator', 'console'],
  about: 'Order: the host came back by itself before it was isolated; leave it alone if it has not been isolated yet.',
  data: Closed({ incident: IncidentIdSchema, host: HostIdSchema, epoch: Type.Integer({ minimum: 0 }), at: InstantSchema }),
});

export const planMade = defineEvent({
  ...common,
  type: 'lifeboat.plan.made',
  consumedBy: ['notifier', 'console'],
  about: 'Steps ⑥ and ⑧: where every VM of the incident goes, and which go nowhere.',
  data: Closed({ incident: IncidentIdSchema, attempt: Type.Integer({ minimum: 1 }), plan: PlanSchema, at: InstantSchema }),
});

export const evacuationRequested = defineEvent({
  ...common,
  type: 'lifeboat.evacuation.requested',
  consumedBy: ['migrator', 'console'],
  about: 'Order: evacuate these VMs of an isolated host, in this order. Names the proof and the confirmation it rests on.',
  data: Closed({
    incident: IncidentIdSchema,
    host: HostIdSchema,
    attempt: Type.Integer({ minimum: 1 }),
    proof: ProofOfDeathSchema,
    confirmation: Type.Optional(Type.String({ maxLength: 100, description: 'The confirmation that allows it; absent in automatic mode.' })),
    placements: Type.Array(PlacementSchema),
    stopped: Type.Array(VmIdSchema, { description: 'Those of them that their owner had stopped; all others are to run afterwards.' }),
    epoch: Type.Integer({ minimum: 0 }),
    at: InstantSchema,
  }),
});

/** Of an item that comes from a planned evacuation. */
export const drained = Type.Optional(
  Type.Literal(true, {
    description: 'It was to leave a host that is well (a planned evacuation): it may well run, there or where it went.',
  }),
);
export const unevacuableActions = ['retry', 'other-host', 'start-on-return', 'dismiss'] as const;
export const vmUnevacuable = defineEvent({
  ...common,
  type: 'lifeboat.vm.unevacuable',
  consumedBy: ['notifier', 'console'],
  about: 'Steps ④ and ⑨: a VM that must not or cannot be moved; it is handled by itself.',
  data: Closed({
    incident: IncidentIdSchema,
    vm: VmIdSchema,
    name: Type.Optional(VmNameSchema),
    host: HostIdSchema,
    reason: Type.String({ maxLength: 500 }),
    drained,
    actions: Type.Array(OneOf(unevacuableActions)),
    at: InstantSchema,
  }),
});

export const vmVerified = defineEvent({
  ...common,
  type: 'lifeboat.vm.verified',
  consumedBy: ['notifier', 'console'],
  about: "A VM runs on its new host, seen by that host's agent and not only by Nova.",
  data: Closed({ incident: IncidentIdSchema, vm: VmIdSchema, host: HostIdSchema, at: InstantSchema }),
});

export const vmHandedOver = defineEvent({
  ...common,
  type: 'lifeboat.vm.handed-over',
  consumedBy: ['console'],
  about: "The VM's new host failed in its turn: this incident lets go of the VM, the other one has it from now on.",
  data: Closed({ incident: IncidentIdSchema, vm: VmIdSchema, to: IncidentIdSchema, at: InstantSchema }),
});

export const incidentWaiting = defineEvent({
  ...common,
  type: 'lifeboat.incident.waiting',
  consumedBy: ['notifier', 'console'],
  about: 'The incident cannot go on by itself: for whom or what it waits, and since when.',
  data: Closed({
    incident: IncidentIdSchema,
    for: OneOf(['isolation', 'confirmation', 'person', 'capacity', 'cloud'] as const),
    reason: Type.String({ maxLength: 500 }),
    at: InstantSchema,
  }),
});

export const vmOutcomes = ['running', 'stopped', 'unevacuable', 'gone', 'handed-over'] as const;
export const incidentClosed = defineEvent({
  ...common,
  type: 'lifeboat.incident.closed',
  consumedBy: ['notifier', 'migrator', 'fault-correlator', 'console'],
  about: 'Step ⑩: the end, with what became of every VM.',
  data: Closed({
    incident: IncidentIdSchema,
    hosts: Type.Array(HostIdSchema),
    outcome: OneOf(
      ['evacuated', 'partly-evacuated', 'not-evacuated', 'declined', 'withdrawn'] as const,
      "'withdrawn': the host came back before it was isolated.",
    ),
    vms: Type.Array(
      Closed({
        vm: VmIdSchema,
        name: Type.Optional(VmNameSchema),
        outcome: OneOf(
          vmOutcomes,
          "'stopped': was stopped before, now owned by its new host, or does not run on its old one, which came back before it was isolated; 'handed-over': its new host failed too, another incident has it.",
        ),
        host: Type.Optional(HostIdSchema),
        reason: Type.Optional(Type.String({ maxLength: 500 })),
      }),
    ),
    openedAt: InstantSchema,
    at: InstantSchema,
  }),
});

export const releaseRequested = defineEvent({
  ...common,
  type: 'lifeboat.release.requested',
  consumedBy: ['migrator', 'console'],
  about: 'Order: a returned host is clean and healthy; let it take VMs again.',
  data: Closed({ incident: IncidentIdSchema, host: HostIdSchema, epoch: Type.Integer({ minimum: 0 }), at: InstantSchema }),
});
