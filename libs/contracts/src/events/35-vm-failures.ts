import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { EvidenceSchema, VerdictSchema } from '../model/evidence.ts';
import { Closed, ClusterIdSchema, HostIdSchema, IncidentIdSchema, InstantSchema, OneOf, VmIdSchema, VmNameSchema } from '../model/words.ts';

const common = { topic: topics.faults, version: 1, producedBy: ['fault-correlator'] } as const;
const rule = Type.String({ maxLength: 300, description: 'The row of the diagnosis table that gave the verdict, in words.' });

export const vmFailures = ['crashed', 'hung', 'io-error'] as const;
export type VmFailure = (typeof vmFailures)[number];
export const VmFailureSchema = OneOf(
  vmFailures,
  "'hung': its process lives, its guest does not answer; 'io-error': paused by the hypervisor because its disk failed.",
);

export const vmFailed = defineEvent({
  ...common,
  type: 'lifeboat.vm.failed',
  consumedBy: ['scheduler', 'console'],
  about: 'One VM has failed on a host that is well: opens the incident whose id it carries.',
  key: (d) => d.vm,
  data: Closed({
    incident: IncidentIdSchema,
    vm: VmIdSchema,
    name: Type.Optional(VmNameSchema),
    host: HostIdSchema,
    cluster: ClusterIdSchema,
    failure: VmFailureSchema,
    verdict: VerdictSchema,
    rule,
    evidence: Type.Array(EvidenceSchema),
    since: InstantSchema,
    trial: Type.Optional(
      Type.Boolean({
        description: 'True: the storage is under suspicion; this one VM is tried, again and again, and the others wait for it.',
      }),
    ),
    at: InstantSchema,
  }),
});

export const vmCleared = defineEvent({
  ...common,
  type: 'lifeboat.vm.cleared',
  consumedBy: ['scheduler', 'console'],
  about: 'A VM that had failed is not what it was: it runs again, seen by the agent of its host, or somebody has shut it off or paused it.',
  key: (d) => d.vm,
  data: Closed({
    incident: IncidentIdSchema,
    vm: VmIdSchema,
    host: HostIdSchema,
    was: VmFailureSchema,
    is: OneOf(['running', 'paused', 'shut-off', 'unknown'] as const),
    at: InstantSchema,
  }),
});

export const storageSuspected = defineEvent({
  ...common,
  type: 'lifeboat.storage.suspected',
  consumedBy: ['notifier', 'console'],
  about:
    'VMs of many hosts are paused by I/O errors: the storage has failed, not the VMs. They are left as they are until it answers again.',
  key: (d) => d.cluster,
  data: Closed({
    cluster: ClusterIdSchema,
    hosts: Type.Array(HostIdSchema, { minItems: 1 }),
    vms: Type.Integer({ minimum: 1 }),
    rule,
    evidence: Type.Array(EvidenceSchema),
    at: InstantSchema,
  }),
});

export const storageCleared = defineEvent({
  ...common,
  type: 'lifeboat.storage.cleared',
  consumedBy: ['notifier', 'console'],
  about: 'The storage of a cluster answers again: a VM that was paused by an I/O error runs. The others are resumed now.',
  key: (d) => d.cluster,
  data: Closed({
    cluster: ClusterIdSchema,
    since: InstantSchema,
    vms: Type.Integer({ minimum: 0, description: 'Still paused.' }),
    rule,
    at: InstantSchema,
  }),
});
