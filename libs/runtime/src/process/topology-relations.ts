import { policyOf, type Topology } from '@lifeboat/contracts';
import type { Complaint } from '@lifeboat/kernel';

const repeated = <T>(items: readonly T[], key: (item: T) => string | undefined): { index: number; first: number; key: string }[] => {
  const firsts = new Map<string, number>();
  return items.flatMap((item, index) => {
    const k = key(item);
    if (k === undefined) return [];
    const first = firsts.get(k);
    if (first !== undefined) return [{ index, first, key: k }];
    firsts.set(k, index);
    return [];
  });
};

/** What a schema cannot say: who names whom, and what must be there only once. */
export function relationComplaints(where: string, t: Topology): Complaint[] {
  const complaints: Complaint[] = [];
  const say = (field: string, problem: string) => complaints.push({ where, field, problem });
  const clusters = new Set<string>(t.clusters.map((c) => c.cluster));
  const racks = new Set<string>(t.racks.map((r) => r.rack));
  const contacts = new Set((t.contacts ?? []).map((c) => c.name));

  for (const r of repeated(t.clusters, (c) => c.cluster))
    say(`clusters.${r.index}.cluster`, `cluster ${r.key} stands at clusters.${r.first} too; remove one`);
  for (const r of repeated(t.racks, (c) => c.rack))
    say(`racks.${r.index}.rack`, `rack ${r.key} stands at racks.${r.first} too; remove one`);
  for (const r of repeated(t.contacts ?? [], (c) => c.name))
    say(`contacts.${r.index}.name`, `contact ${r.key} stands at contacts.${r.first} too; rename or remove one`);
  for (const r of repeated(t.hosts, (h) => h.host))
    say(`hosts.${r.index}.host`, `host ${r.key} stands at hosts.${r.first} too; remove one`);
  for (const r of repeated(t.hosts, (h) => h.managementAddress))
    say(
      `hosts.${r.index}.managementAddress`,
      `${r.key} is also the management address of ${t.hosts[r.first]?.host}; each host needs its own`,
    );
  for (const r of repeated(t.hosts, (h) => h.productionAddress))
    say(
      `hosts.${r.index}.productionAddress`,
      `${r.key} is also the production address of ${t.hosts[r.first]?.host}; each host needs its own`,
    );

  t.clusters.forEach((c, i) => {
    for (const name of c.contacts ?? [])
      if (!contacts.has(name))
        say(
          `clusters.${i}.contacts`,
          `cluster ${c.cluster} names contact ${name}, which is not under contacts; add it there or correct the name`,
        );
  });
  t.hosts.forEach((h, i) => {
    if (!clusters.has(h.cluster))
      say(`hosts.${i}.cluster`, `host ${h.host} is in cluster ${h.cluster}, which is not under clusters; add it there or correct the name`);
    if (!racks.has(h.rack))
      say(`hosts.${i}.rack`, `host ${h.host} is in rack ${h.rack}, which is not under racks; add it there or correct the name`);
    for (const r of repeated(h.fence, (m) => m.name))
      say(`hosts.${i}.fence.${r.index}.name`, `host ${h.host} has two fence methods named ${r.key}; rename one`);
  });
  complaints.push(...policyComplaints(where, t));
  return complaints;
}

function policyComplaints(where: string, t: Topology): Complaint[] {
  const complaints: Complaint[] = [];
  const say = (field: string, problem: string) => complaints.push({ where, field, problem });
  const highPerformance = t.clusters.some((c) => c.highPerformance === true);
  t.clusters.forEach((c, i) => {
    const policy = policyOf(t, c.cluster);
    if (policy.evacuation !== 'own-cluster' && !highPerformance)
      say(
        `clusters.${i}.policy.evacuation`,
        `cluster ${c.cluster} evacuates by '${policy.evacuation}', but no cluster has highPerformance: true; set it on the dedicated cluster or use own-cluster`,
      );
  });
  t.hosts.forEach((h, i) => {
    const policy = policyOf(t, h.cluster);
    // In a manual cluster a person's signed statement is the proof of death; elsewhere only a fence device gives one.
    if (h.fence.length === 0 && policy.highAvailability && policy.automation !== 'manual')
      say(
        `hosts.${i}.fence`,
        `host ${h.host} has no fence method, and its cluster ${h.cluster} is not manual: without one nothing proves it dead; add a method, or set the cluster to manual`,
      );
  });
  return complaints;
}
