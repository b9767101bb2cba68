import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { machineUuid, PeerViewSchema, VmReportSchema } from '../model/evidence.ts';
import { Closed, HostIdSchema, InstantSchema, OneOf, VmIdSchema } from '../model/words.ts';

const session = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'One life of the agent in the registry; a new one after every loss.',
});
const common = { topic: topics.agents, version: 1, producedBy: ['agent-watcher'], key: (d: { host: string }) => d.host } as const;

export const agentRegistered = defineEvent({
  ...common,
  type: 'lifeboat.agent.registered',
  consumedBy: ['node-monitor', 'fault-correlator', 'scheduler', 'console'],
  about: "An agent's session began: the host and the VMs it runs.",
  data: Closed({
    host: HostIdSchema,
    session,
    bootId: Type.String({ maxLength: 100 }),
    machineUuid: Type.Optional(machineUuid),
    vms: Type.Array(VmReportSchema),
    before: Type.Optional(
      Type.Array(VmReportSchema, {
        description: 'What it ran by its last report, where this is another boot of the host and nobody was told of a loss between.',
      }),
    ),
    peers: Type.Array(PeerViewSchema),
    at: InstantSchema,
  }),
});

export const agentReported = defineEvent({
  ...common,
  type: 'lifeboat.agent.reported',
  consumedBy: ['fault-correlator', 'scheduler', 'console'],
  about: 'What changed on a host since the last report: VMs, and how its peers answer on the production network.',
  data: Closed({
    host: HostIdSchema,
    session,
    changed: Type.Array(VmReportSchema),
    gone: Type.Array(VmIdSchema),
    peers: Type.Array(PeerViewSchema),
    at: InstantSchema,
  }),
});

export const agentLost = defineEvent({
  ...common,
  type: 'lifeboat.agent.lost',
  consumedBy: ['node-monitor', 'fault-correlator', 'scheduler', 'console'],
  about: "An agent's session lapsed. This says nothing yet about the host.",
  data: Closed({
    host: HostIdSchema,
    session,
    reason: OneOf(['session-lapsed', 'left'] as const, "'left': the agent was stopped on purpose."),
    vms: Type.Array(VmReportSchema, { description: 'What it ran, by its last report.' }),
    at: InstantSchema,
  }),
});
