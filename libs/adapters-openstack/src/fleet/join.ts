import {
  type Fleet,
  type FleetGroup,
  type FleetHost,
  type FleetVm,
  groupPolicies,
  type Resources,
  type Topology,
} from '@lifeboat/contracts';
import type { Complaint, HostId } from '@lifeboat/kernel';
import type { Aggregate, GroupRow, HypervisorRow, ServerRow, ServiceRow } from '../nova/schemas.ts';
import type { ProviderFacts } from '../placement.ts';
import type { Identities } from './identities.ts';
import { LOCAL_DISKS, type ServerRules, serverRules } from './server-rules.ts';
import { fleetVm, sizeOf } from './vm.ts';

/** What the fleet needs of the topology file. */
export type Places = Pick<Topology, 'hosts' | 'clusters'>;

/** Everything that was read of one region, at about the same time. */
export interface Readings {
  readonly services: readonly ServiceRow[];
  readonly hypervisors: readonly HypervisorRow[];
  readonly aggregates: readonly Aggregate[];
  readonly servers: readonly ServerRow[];
  readonly groups: readonly GroupRow[];
  readonly providers: ReadonlyMap<string, ProviderFacts>;
}
export interface Joined {
  readonly fleet: Fleet;
  readonly complaints: readonly Complaint[];
}
const none: Resources = { vcpus: 0, memoryMb: 0, diskGb: 0 };

export const joinFleet = (places: Places, ids: Identities, r: Readings, rules: ServerRules = serverRules(places, r.aggregates)): Joined => {
  const complaints: Complaint[] = [...ids.complaints, ...clusterComplaints(places, ids, r.aggregates)];
  const groups = groupsOf(r.groups, complaints);
  const knownGroups = new Set(groups.map((g) => g.group));
  const memberOf = membership(r.groups);
  const vms: FleetVm[] = [];
  const sizesOn = new Map<string, Resources>();
  for (const server of r.servers) {
    const novaHost = server['OS-EXT-SRV-ATTR:host'];
    // on no host: building, or shelved and off-loaded; nothing of it can fail with a host
    if (novaHost === null) continue;
    sizesOn.set(novaHost, plus(sizesOn.get(novaHost) ?? none, sizeOf(server)));
    const host = ids.hostOf.get(novaHost);
    if (host === undefined) continue;
    const group = memberOf(server);
    const { vm, complaints: own } = fleetVm(server, host, group !== undefined && knownGroups.has(group) ? group : undefined, rules);
    vms.push(vm);
    complaints.push(...own);
  }
  const facts = hostFacts(r, complaints);
  const hosts = places.hosts.map((place) => {
    const nova = ids.novaOf.get(place.host);
    return fleetHost(places, place, ids, nova === undefined ? undefined : facts(nova), (nova && sizesOn.get(nova)) || none, rules);
  });
  return { fleet: { hosts, vms, groups }, complaints };
};

export interface HostFacts {
  readonly service: ServiceRow;
  readonly provider: ProviderFacts | undefined;
}
const hostFacts = (r: Readings, complaints: Complaint[]) => {
  const services = new Map(r.services.map((s) => [s.host, s]));
  const hypervisors = new Map<string, HypervisorRow[]>();
  for (const h of r.hypervisors) hypervisors.set(h.service.host, [...(hypervisors.get(h.service.host) ?? []), h]);
  return (novaHost: string): HostFacts | undefined => {
    const service = services.get(novaHost);
    if (service === undefined) return undefined;
    const mine = hypervisors.get(novaHost) ?? [];
    const only = mine.length === 1 ? mine[0] : undefined;
    const provider = only === undefined ? undefined : r.providers.get(only.id);
    const wrong = (problem: string) => complaints.push({ where: `Nova host ${novaHost}`, field: 'hypervisor', problem });
    if (only === undefined) wrong(`has ${mine.length} hypervisors, not one; it takes no VMs`);
    else if (provider === undefined) wrong(`Placement has no provider ${only.id} (${only.hypervisor_hostname}); it takes no VMs`);
    else if (provider.missing.length > 0) wrong(`Placement has no inventory of ${provider.missing.join(', ')} for it; taken as none`);
    return { service, provider };
  };
};

/** `novaSizes`: what the VMs that Nova has there take together, for a host that does not live. */
export const fleetHost = (
  places: Places,
  place: Places['hosts'][number],
  ids: Identities,
  facts: HostFacts | undefined,
  novaSizes: Resources,
  rules: ServerRules,
): FleetHost => {
  const because = unusableBecause(place, ids, facts);
  const alive = facts?.service.state === 'up' && facts.service.forced_down !== true;
  const provider = facts?.provider;
  return {
    host: place.host,
    cluster: place.cluster,
    rack: place.rack,
    highPerformance: place.highPerformance ?? places.clusters.find((c) => c.cluster === place.cluster)?.highPerformance ?? false,
    usable: because === undefined,
    ...(because === undefined ? {} : { unusableBecause: because.slice(0, 200) }),
    capacity: provider?.capacity ?? none,
    // A living host: Placement's own number, so that no plan asks for what Placement will refuse (it also counts moves
    // under way). A dead one: the VMs that Nova has there now, because Placement keeps the allocations of those already
    // evacuated until the host's compute service comes back.
    used: alive && provider !== undefined ? provider.used : novaSizes,
    ...(provider === undefined ? {} : { maxUnit: provider.maxUnit, traits: [...provider.traits, ...ownTraits(place, facts, rules)] }),
    ...(place.cell === undefined ? {} : { cell: place.cell }),
    ...(facts?.service.zone ? { availabilityZone: facts.service.zone } : {}),
  };
};

const ownTraits = (place: Places['hosts'][number], facts: HostFacts | undefined, rules: ServerRules): string[] => [
  ...(facts === undefined ? [] : rules.masks.traitsOf(facts.service.host)),
  ...(rules.localDisks.has(place.host) ? [LOCAL_DISKS] : []),
];

const unusableBecause = (place: Places['hosts'][number], ids: Identities, facts: HostFacts | undefined): string | undefined => {
  const several = ids.ambiguous.get(place.host);
  if (several !== undefined) return `ambiguous name: could be ${several}`;
  if (facts === undefined) return 'Nova has no compute service of this name';
  const { service, provider } = facts;
  if (service.forced_down === true) return 'forced down in Nova';
  if (service.state !== 'up') return 'its compute service is down';
  if (service.status !== 'enabled') return `disabled in Nova: ${service.disabled_reason ?? 'no reason given'}`;
  if (place.maintenance === true) return 'in maintenance';
  if (provider === undefined) return 'Placement does not know it';
  // Enabled while its compute service was down: Nova tells Placement only when that is started again, and until then places nothing there.
  if (provider.traits.includes('COMPUTE_STATUS_DISABLED')) return 'enabled in Nova, disabled in Placement: restart its compute service';
  return undefined;
};

const plus = (a: Resources, b: Resources): Resources => ({
  vcpus: a.vcpus + b.vcpus,
  memoryMb: a.memoryMb + b.memoryMb,
  diskGb: a.diskGb + b.diskGb,
});

/** The server's own word (2.71 and newer), else the groups' lists of members. */
export const membership = (groups: readonly GroupRow[]) => {
  const byMember = new Map(groups.flatMap((g) => g.members.map((m) => [m, g.id] as const)));
  return (server: ServerRow): string | undefined =>
    server.server_groups === undefined ? byMember.get(server.id) : server.server_groups[0];
};

export const groupsOf = (rows: readonly GroupRow[], complaints: Complaint[]): FleetGroup[] =>
  rows.flatMap((g) => {
    const policy = groupPolicies.find((p) => p === g.policy);
    if (policy !== undefined) return [{ group: g.id, policy, maxServersPerHost: Math.max(1, g.rules?.max_server_per_host ?? 1) }];
    complaints.push({ where: `server group ${g.id}`, field: 'policy', problem: `'${g.policy}' is unknown; left to Nova's scheduler` });
    return [];
  });

/** A cluster is a host aggregate: where Nova has one of that name, it should hold the same hosts. */
const clusterComplaints = (places: Places, ids: Identities, aggregates: readonly Aggregate[]): Complaint[] => {
  const byName = new Map(aggregates.map((a) => [a.name, new Set(a.hosts)]));
  return places.hosts.flatMap((place) => {
    const nova = ids.novaOf.get(place.host as HostId);
    const members = byName.get(place.cluster);
    return nova === undefined || members === undefined || members.has(nova)
      ? []
      : [{ where: 'topology', field: `hosts.${place.host}.cluster`, problem: `Nova's aggregate '${place.cluster}' does not hold ${nova}` }];
  });
};
