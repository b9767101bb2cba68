import { isIP } from 'node:net';
import { policyOf, type Topology } from '@lifeboat/contracts';
import type { Complaint } from '@lifeboat/kernel';
import { sharedDevices } from './fence-devices.ts';

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
  complaints.push(
    ...addressComplaints(where, t),
    ...sharedDevices(where, t.hosts),
    ...policyComplaints(where, t),
    ...contactComplaints(where, t),
  );
  return complaints;
}

/** A mistyped address is a host that looks dead; one address on both networks makes one look of what must be two. */
function addressComplaints(where: string, t: Topology): Complaint[] {
  const onManagement = new Map(t.hosts.map((h) => [h.managementAddress, h.host]));
  return t.hosts.flatMap((h, i) => {
    const wrong = (['managementAddress', 'productionAddress'] as const)
      .filter((field) => h[field] !== undefined && !isAddress(h[field]))
      .map((field) => {
        const problem = `'${h[field]}' of host ${h.host} is neither an IP address nor a host name; write one of them, nothing else`;
        return { where, field: `hosts.${i}.${field}`, problem };
      });
    const owner = h.productionAddress === undefined ? undefined : onManagement.get(h.productionAddress);
    if (owner === undefined) return wrong;
    const problem = `${h.productionAddress} of host ${h.host} is the management address of ${owner}; give its address on the production network, or leave it out where there is none`;
    return [...wrong, { where, field: `hosts.${i}.productionAddress`, problem }];
  });
}

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const isAddress = (text: string): boolean => {
  if (isIP(text) !== 0) return true;
  const labels = text.split('.');
  // a name whose last label is a number would be a mistyped address
  return labels.every((l) => LABEL.test(l)) && !/^\d+$/.test(labels.at(-1) ?? '');
};

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

/** Who asks must have somebody to ask, by a channel that exists, at hours that mean something. */
function contactComplaints(where: string, t: Topology): Complaint[] {
  const complaints: Complaint[] = [];
  const say = (field: string, problem: string) => complaints.push({ where, field, problem });
  const known = new Map((t.contacts ?? []).map((c) => [c.name, c]));
  t.clusters.forEach((c, i) => {
    const { automation, confirmation } = policyOf(t, c.cluster);
    const steps = c.escalation ?? [{ contacts: c.contacts ?? [], afterMinutes: 0 }];
    const asked = new Set(steps.flatMap((step) => step.contacts));
    c.escalation?.forEach((step, n) => {
      for (const name of step.contacts)
        if (!known.has(name))
          say(
            `clusters.${i}.escalation.${n}.contacts`,
            `cluster ${c.cluster} asks ${name}, who is not under contacts; add them there or correct the name`,
          );
      if (step.afterMinutes * 60_000 >= confirmation.expiresMs)
        say(
          `clusters.${i}.escalation.${n}.afterMinutes`,
          `${step.afterMinutes} minutes is not before the question of cluster ${c.cluster} expires (confirmation.expiresMs ${confirmation.expiresMs}); ask earlier or let it stand longer`,
        );
    });
    if (automation !== 'semi-automatic') return;
    const reachable = [...asked].filter((name) => known.get(name)?.email !== undefined || known.get(name)?.phone !== undefined);
    const quorum = confirmation.quorum ?? 1;
    if (reachable.length < quorum)
      say(
        `clusters.${i}.contacts`,
        `cluster ${c.cluster} is semi-automatic and needs ${quorum} to answer, but ${reachable.length} of its contacts have an e-mail address or a phone; name more, or set its automation to manual`,
      );
  });
  (t.contacts ?? []).forEach((c, i) => {
    if (c.timeZone !== undefined && !isTimeZone(c.timeZone))
      say(`contacts.${i}.timeZone`, `${c.timeZone} is no time zone; write it as in Asia/Shanghai`);
    if (c.quietHours !== undefined && !isTimeZone(c.quietHours.timeZone))
      say(`contacts.${i}.quietHours.timeZone`, `${c.quietHours.timeZone} is no time zone; write it as in Asia/Shanghai`);
  });
  return complaints;
}

const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};
