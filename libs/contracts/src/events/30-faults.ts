import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { EvidenceSchema, ProofOfDeathSchema, VerdictSchema } from '../model/evidence.ts';
import { Closed, ClusterIdSchema, HostIdSchema, IncidentIdSchema, InstantSchema, RackIdSchema } from '../model/words.ts';

const common = { topic: topics.faults, version: 1, producedBy: ['fault-correlator'] } as const;
const reasoned = {
  verdict: VerdictSchema,
  rule: Type.String({ maxLength: 300, description: 'The row of the diagnosis table that gave the verdict, in words.' }),
  hosts: Type.Array(HostIdSchema, { minItems: 1 }),
  evidence: Type.Array(EvidenceSchema),
  at: InstantSchema,
};

export const faultDiagnosed = defineEvent({
  ...common,
  type: 'lifeboat.fault.diagnosed',
  consumedBy: ['notifier', 'scheduler', 'console'],
  about: 'A fault that is no cause to evacuate: its verdict, with its evidence.',
  key: (d) => d.hosts[0] as string,
  data: Closed({
    ...reasoned,
    cluster: Type.Optional({
      ...ClusterIdSchema,
      description: 'Where it is the fault of a whole cluster, and no single host is to blame.',
    }),
    action: Type.String({ maxLength: 200, description: 'What happens about it.' }),
  }),
});

export const faultConfirmed = defineEvent({
  ...common,
  type: 'lifeboat.fault.confirmed',
  consumedBy: ['scheduler', 'notifier', 'console'],
  about: 'A host (or all hosts of a rack) has failed: opens the incident whose id it carries.',
  key: (d) => d.incident,
  data: Closed({
    incident: IncidentIdSchema,
    ...reasoned,
    clusters: Type.Array(ClusterIdSchema),
    racks: Type.Array(RackIdSchema),
    suspectedAt: InstantSchema,
    rackRule: Type.Boolean({ description: 'True: the rack rule holds and is the proof of death for every host named.' }),
  }),
});

export const faultHeld = defineEvent({
  ...common,
  type: 'lifeboat.fault.held',
  consumedBy: ['notifier', 'console'],
  about: 'Hosts look dead, but nothing is done: the brake, or an observer that cannot be trusted.',
  key: () => 'region',
  data: Closed({ ...reasoned, reason: Type.String({ maxLength: 500 }) }),
});

export const hostQuarantined = defineEvent({
  ...common,
  type: 'lifeboat.host.quarantined',
  consumedBy: ['scheduler', 'notifier', 'console'],
  about: 'A host that had been taken back has failed again soon: it is held out longer each time, however its cluster releases hosts.',
  key: (d) => d.host,
  data: Closed({
    host: HostIdSchema,
    incident: IncidentIdSchema,
    failures: Type.Integer({ minimum: 2, description: 'How often it has failed within the window, this time counted.' }),
    healthyMs: Type.Integer({ minimum: 0, description: 'How long it must be well before it is released.' }),
    at: InstantSchema,
  }),
});

export const networkCleared = defineEvent({
  ...common,
  type: 'lifeboat.network.cleared',
  consumedBy: ['notifier', 'console'],
  about: 'The production network of a cluster, which had failed for all of its hosts, works again.',
  key: (d) => d.cluster,
  data: Closed({
    cluster: ClusterIdSchema,
    hosts: Type.Array(HostIdSchema),
    since: InstantSchema,
    rule: reasoned.rule,
    at: InstantSchema,
  }),
});

export const faultCleared = defineEvent({
  ...common,
  type: 'lifeboat.fault.cleared',
  consumedBy: ['scheduler', 'migrator', 'notifier', 'console'],
  about: 'Every signal of a host that had a verdict is well again.',
  key: (d) => d.host,
  data: Closed({
    host: HostIdSchema,
    was: VerdictSchema,
    restarted: Type.Boolean({ description: 'It has another boot id than when it failed: nothing that ran on it runs any more.' }),
    incident: Type.Optional(IncidentIdSchema),
    at: InstantSchema,
  }),
});

export const proofContradicted = defineEvent({
  ...common,
  type: 'lifeboat.proof.contradicted',
  consumedBy: ['scheduler', 'migrator', 'notifier', 'console'],
  about:
    'A host that was proven dead was not: its agent is back, and the host has not started anew since. What proved it is believed no more; VMs that were evacuated may run twice.',
  key: (d) => d.host,
  data: Closed({
    host: HostIdSchema,
    incident: IncidentIdSchema,
    proof: ProofOfDeathSchema,
    backAt: { ...InstantSchema, description: 'When its agent registered again.' },
    at: InstantSchema,
  }),
});
