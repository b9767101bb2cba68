import {
  Closed,
  ClusterIdSchema,
  checkAgainst,
  evacuationPolicies,
  FleetSchema,
  HostIdSchema,
  OneOf,
  type Plan,
  VmIdSchema,
} from '@lifeboat/contracts';
import type { Complaint } from '@lifeboat/kernel';
import { plan } from '@lifeboat/planner';
import Type from 'typebox';

/** What `lifeboat plan --input` reads; documented in docs/plan-input.md. */
export const PlanInputSchema = Closed({
  fleet: FleetSchema,
  failedHosts: Type.Array(HostIdSchema, { minItems: 1 }),
  vms: Type.Optional(Type.Array(VmIdSchema)),
  clusters: Type.Array(
    Closed({
      cluster: ClusterIdSchema,
      policy: OneOf(evacuationPolicies),
      highPerformanceClusters: Type.Array(ClusterIdSchema),
    }),
    { minItems: 1 },
  ),
  exclude: Type.Optional(Type.Array(HostIdSchema)),
  alternates: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
});

export function planFile(file: string, content: string): { ok: true; plan: Plan } | { ok: false; complaint: Complaint } {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (e) {
    return { ok: false, complaint: { where: file, field: '(whole)', problem: `not JSON: ${(e as Error).message}` } };
  }
  const checked = checkAgainst(PlanInputSchema, value);
  if (!checked.ok) {
    const [field = '', ...problem] = checked.problem.split(' ');
    return { ok: false, complaint: { where: file, field, problem: `${problem.join(' ')}; docs/plan-input.md says what may stand there` } };
  }
  const { fleet, failedHosts, vms, clusters, exclude, alternates } = checked.value;
  const made = plan({
    fleet,
    failedHosts,
    clusters: new Map(clusters.map((c) => [c.cluster, { policy: c.policy, highPerformanceClusters: c.highPerformanceClusters }])),
    ...(vms === undefined ? {} : { vms }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(alternates === undefined ? {} : { alternates }),
  });
  return { ok: true, plan: made };
}
