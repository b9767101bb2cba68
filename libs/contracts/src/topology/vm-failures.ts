import Type from 'typebox';
import { Closed, OneOf } from '../model/words.ts';

/** What an operator decides per cluster about single VMs that fail on a host that is well. Whatever is left out has its default. */
export const VmFailurePolicySchema = Closed({
  crashed: Type.Optional(OneOf(['restart', 'alert'] as const, "Default: 'restart'.")),
  hung: Type.Optional(OneOf(['restart', 'alert'] as const, "Default: 'restart'.")),
  ioError: Type.Optional(OneOf(['resume', 'alert'] as const, "Default: 'resume'.")),
  failuresMost: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: 3, description: 'So many failures of a VM in the window are mended in place.' }),
  ),
  windowMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 604_800_000, default: 1_800_000 })),
  afterThat: Type.Optional(
    OneOf(['move', 'alert'] as const, 'With more failures than that: moved to another host (the default), or left.'),
  ),
  againFirstMs: Type.Optional(
    Type.Integer({ minimum: 100, default: 10_000, description: 'Pause before the second try; doubled with each further one.' }),
  ),
  againMostMs: Type.Optional(Type.Integer({ minimum: 100, default: 120_000 })),
  storageHosts: Type.Optional(
    Type.Integer({
      minimum: 2,
      default: 3,
      description: 'VMs paused by I/O errors on so many hosts of the cluster at once are a storage failure, not VM failures.',
    }),
  ),
});
export type VmFailurePolicy = Required<Type.Static<typeof VmFailurePolicySchema>>;

export const defaultVmFailurePolicy: VmFailurePolicy = {
  crashed: 'restart',
  hung: 'restart',
  ioError: 'resume',
  failuresMost: 3,
  windowMs: 1_800_000,
  afterThat: 'move',
  againFirstMs: 10_000,
  againMostMs: 120_000,
  storageHosts: 3,
};

interface WithPolicies {
  readonly clusters: readonly Readonly<{
    cluster: string;
    policy?: Readonly<{ vmFailures?: Type.Static<typeof VmFailurePolicySchema> }>;
  }>[];
}
export const vmFailurePolicyOf = (t: WithPolicies, cluster: string): VmFailurePolicy => ({
  ...defaultVmFailurePolicy,
  ...t.clusters.find((c) => c.cluster === cluster)?.policy?.vmFailures,
});
