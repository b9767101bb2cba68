import Type from 'typebox';
import { evacuationPolicies } from '../model/fleet.ts';
import { Closed, OneOf } from '../model/words.ts';
import { VmFailurePolicySchema } from './vm-failures.ts';

export const automationLevels = ['automatic', 'semi-automatic', 'manual'] as const;
export type AutomationLevel = (typeof automationLevels)[number];

/** What an operator decides per cluster. */
export const ClusterPolicySchema = Closed({
  highAvailability: Type.Boolean({ default: true }),
  automation: OneOf(automationLevels),
  evacuation: OneOf(evacuationPolicies),
  onAgentFailure: OneOf(['alert', 'treat-as-host-failure'] as const),
  onProductionNetworkFailure: OneOf(['alert', 'isolate-and-evacuate'] as const),
  release: OneOf(['automatic', 'by-person'] as const),
  selfIsolationMs: Type.Integer({
    minimum: 0,
    default: 0,
    description:
      'An agent that has reached neither the registry nor any peer for this long ends the VMs of its host. 0: never. It is no proof of death: it makes harmless what a lying fence device would do.',
  }),
  releaseAfterHealthyMs: Type.Integer({ minimum: 0, description: 'How long a returned host must be well before it is released.' }),
  kdump: Type.Optional(
    Closed(
      {
        waitSeconds: Type.Integer({
          minimum: 0,
          maximum: 600,
          description: 'A host that failed with its power on is not powered off earlier: so long its crash kernel takes until it speaks.',
        }),
        dumpSeconds: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 7_200, default: 600, description: 'A dump that takes longer is cut off.' }),
        ),
      },
      {
        description:
          'The hosts write crash dumps, and their crash kernels say so by fence_kdump_send to LIFEBOAT_KDUMP_LISTEN of every node-monitor. Absent: a failed host is powered off at once.',
      },
    ),
  ),
  vmFailures: Type.Optional(VmFailurePolicySchema),
  instanceDisks: Type.Optional(
    OneOf(
      ['shared', 'local'] as const,
      "Where the hosts keep the disks of VMs that do not boot from a volume. 'local': on themselves; such a VM is never evacuated, for Nova would build it anew from its image, without its data. Default: 'shared' (NFS, Ceph, ...).",
    ),
  ),
  drain: Type.Optional(
    Closed({
      cold: OneOf(
        ['never', 'where-live-fails'] as const,
        "Planned evacuation: may a running VM be moved cold, which restarts it, where live migration is refused or fails? Default: 'never'. Whoever orders it may say otherwise.",
      ),
    }),
  ),
  storageLeaseMs: Type.Integer({
    minimum: 0,
    description: "How long the shared storage keeps a dead host's locks: evacuation waits for it.",
  }),
  confirmation: Closed({
    expiresMs: Type.Integer({ minimum: 1000 }),
    onNoAnswer: OneOf(['hold', 'evacuate', 'abort'] as const),
    quorum: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 20, default: 1, description: 'So many different contacts must give the same answer.' }),
    ),
    wakes: Type.Optional(
      Type.Boolean({ default: true, description: 'A question is sent in the quiet hours of a contact, too; false: other contacts first.' }),
    ),
  }),
});
export type ClusterPolicy = Type.Static<typeof ClusterPolicySchema>;

export const defaultClusterPolicy: ClusterPolicy = {
  highAvailability: true,
  automation: 'automatic',
  evacuation: 'own-cluster',
  onAgentFailure: 'alert',
  onProductionNetworkFailure: 'alert',
  release: 'automatic',
  selfIsolationMs: 0,
  releaseAfterHealthyMs: 60_000,
  storageLeaseMs: 0,
  confirmation: { expiresMs: 30 * 60_000, onNoAnswer: 'hold' },
};
