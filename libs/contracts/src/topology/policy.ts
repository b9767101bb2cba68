import Type from 'typebox';
import { evacuationPolicies } from '../model/fleet.ts';
import { Closed, OneOf } from '../model/words.ts';

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
  releaseAfterHealthyMs: Type.Integer({ minimum: 0, description: 'How long a returned host must be well before it is released.' }),
  storageLeaseMs: Type.Integer({
    minimum: 0,
    description: "How long the shared storage keeps a dead host's locks: evacuation waits for it.",
  }),
  confirmation: Closed({
    expiresMs: Type.Integer({ minimum: 1000 }),
    onNoAnswer: OneOf(['hold', 'evacuate', 'abort'] as const),
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
  releaseAfterHealthyMs: 60_000,
  storageLeaseMs: 0,
  confirmation: { expiresMs: 30 * 60_000, onNoAnswer: 'hold' },
};
