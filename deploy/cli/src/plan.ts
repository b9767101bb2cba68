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

type PlanInput = Type.Static<typeof PlanInputSchema>;
interface Wrong {
  readonly field: string;
  readonly problem: string;
}

/** More than a host can have: memory given in bytes or KB. */
const MOST = 2 ** 30;

/** What a schema cannot say: names that are told twice or nowhere, and numbers that cannot be meant. */
function* wrongIn({ fleet, failedHosts, vms = [], clusters, exclude = [] }: PlanInput): Generator<Wrong> {
  const hosts = new Set<string>();
  const known = new Set<string>(fleet.hosts.map((h) => h.cluster));
  for (const [n, h] of fleet.hosts.entries()) {
    const field = `fleet.hosts.${n}`;
    if (hosts.has(h.host)) yield { field: `${field}.host`, problem: `${h.host} is told twice` };
    hosts.add(h.host);
    for (const part of ['capacity', 'used'] as const)
      for (const [key, value] of Object.entries(h[part]))
        if (value > MOST)
          yield { field: `${field}.${part}.${key}`, problem: `${value} is more than a host has; memory is in MB, disk in GB` };
    for (const [key, value] of Object.entries(h.load ?? {}))
      if (value > 10) yield { field: `${field}.load.${key}`, problem: `${value} is no share; 0.45 means 45 %` };
  }
  const groups = new Set<string>();
  for (const [n, g] of fleet.groups.entries()) {
    if (groups.has(g.group)) yield { field: `fleet.groups.${n}.group`, problem: `${g.group} is told twice` };
    groups.add(g.group);
  }
  const seen = new Set<string>();
  for (const [n, v] of fleet.vms.entries()) {
    const field = `fleet.vms.${n}`;
    if (seen.has(v.vm)) yield { field: `${field}.vm`, problem: `${v.vm} is told twice` };
    seen.add(v.vm);
    if (!hosts.has(v.host)) yield { field: `${field}.host`, problem: `${v.host} is none of fleet.hosts` };
    if (v.group !== undefined && !groups.has(v.group)) yield { field: `${field}.group`, problem: `${v.group} is none of fleet.groups` };
    for (const [key, value] of Object.entries(v.size))
      if (value > MOST) yield { field: `${field}.size.${key}`, problem: `${value} is more than a VM has; memory is in MB, disk in GB` };
  }
  const told = new Set<string>();
  for (const [n, c] of clusters.entries()) {
    if (told.has(c.cluster)) yield { field: `clusters.${n}.cluster`, problem: `${c.cluster} is told twice` };
    told.add(c.cluster);
    for (const [m, name] of c.highPerformanceClusters.entries())
      if (!known.has(name)) yield { field: `clusters.${n}.highPerformanceClusters.${m}`, problem: `no host of fleet.hosts is in ${name}` };
  }
  for (const [key, list, of, where] of [
    ['failedHosts', failedHosts, hosts, 'fleet.hosts'],
    ['exclude', exclude, hosts, 'fleet.hosts'],
    ['vms', vms, seen, 'fleet.vms'],
  ] as const)
    for (const [n, name] of list.entries()) if (!of.has(name)) yield { field: `${key}.${n}`, problem: `${name} is none of ${where}` };
  const failed = new Set<string>(failedHosts);
  for (const [n, h] of fleet.hosts.entries())
    if (failed.has(h.host) && !told.has(h.cluster))
      yield { field: 'clusters', problem: `says nothing of ${h.cluster}, the cluster of the failed host ${h.host} (fleet.hosts.${n})` };
}

export function planFile(file: string, content: string): { ok: true; plan: Plan } | { ok: false; complaint: Complaint } {
  const wrong = (field: string, problem: string) => ({ ok: false as const, complaint: { where: file, field, problem } });
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (e) {
    return wrong('(whole)', `not JSON: ${(e as Error).message}`);
  }
  const checked = checkAgainst(PlanInputSchema, value);
  if (!checked.ok) {
    const [field = '', ...words] = checked.problem.split(' ');
    return wrong(field, `${words.join(' ')}; docs/plan-input.md says what may stand there`);
  }
  const [first] = wrongIn(checked.value);
  if (first !== undefined) return wrong(first.field, first.problem);
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
