import { isDeepStrictEqual } from 'node:util';
import type { Fleet, FleetGroup, FleetHost, FleetVm } from '@lifeboat/contracts';
import { type Complaint, failed, type HostId, type Instant, type Outcome, ok, type VmId, vmId } from '@lifeboat/kernel';
import type { CloudFailure, FleetChanges } from '@lifeboat/ports';
import type { Hosts } from '../hosts.ts';
import { type Nova, whole } from '../nova/nova.ts';
import type { GroupRow, HypervisorRow, ServerRow, ServiceRow } from '../nova/schemas.ts';
import type { Placement, ProviderFacts } from '../placement.ts';
import type { Identities } from './identities.ts';
import { fleetHost, groupsOf, joinFleet, membership, type Places } from './join.ts';
import { type ServerRules, serverRules } from './server-rules.ts';
import { fleetVm } from './vm.ts';

type Answer<T> = Promise<Outcome<T, CloudFailure>>;
const nothing = { vcpus: 0, memoryMb: 0, diskGb: 0 };

/** What is kept of the hosts between two readings: changes are told against it. */
interface Kept {
  readonly places: Places;
  readonly rules: ServerRules;
  ids: Identities;
  /** Nova's host → its hypervisors' ids, which are Placement's providers. */
  hypervisors: ReadonlyMap<string, readonly string[]>;
  readonly providers: Map<string, ProviderFacts>;
  readonly hosts: Map<HostId, FleetHost>;
  readonly groups: Map<string, FleetGroup>;
}

export interface FleetParts {
  readonly nova: Nova;
  readonly placement: Placement;
  readonly hosts: Hosts;
  readonly places: () => Places | undefined;
  readonly complaints: (all: readonly Complaint[]) => void;
}

/** The fleet, whole or what changed of it. */
export class FleetReader {
  readonly #p: FleetParts;
  #kept: Kept | undefined;

  constructor(parts: FleetParts) {
    this.#p = parts;
  }

  async whole(signal: AbortSignal): Answer<Fleet> {
    const places = this.#p.places();
    if (places === undefined) return noTopology();
    const { nova } = this.#p;
    const services = await this.#services(signal);
    if (!services.ok) return services;
    const hypervisors = await nova.hypervisors(signal);
    if (!hypervisors.ok) return hypervisors;
    const [aggregates, groups, seen] = await Promise.all([nova.aggregates(signal), nova.groups(signal), nova.servers(signal, {})]);
    if (!aggregates.ok) return aggregates;
    if (!groups.ok) return groups;
    const servers = seen.ok ? whole(seen.value) : seen;
    if (!servers.ok) return servers;
    const ids = this.#p.hosts.learn(services.value, hypervisors.value);
    const wanted = hypervisors.value.filter((h) => ids.hostOf.has(h.service.host)).map((h) => h.id);
    // after the servers: what was booted between the two is counted rather than missed
    const providers = await this.#p.placement.facts(signal, wanted);
    if (!providers.ok) return providers;
    const rules = serverRules(places, aggregates.value);
    const joined = joinFleet(
      places,
      ids,
      {
        services: services.value,
        hypervisors: hypervisors.value,
        aggregates: aggregates.value,
        groups: groups.value,
        servers: servers.value,
        providers: providers.value,
      },
      rules,
    );
    this.#kept = {
      places,
      rules,
      ids,
      hypervisors: byHost(hypervisors.value),
      providers: new Map(providers.value),
      hosts: new Map(joined.fleet.hosts.map((h) => [h.host, h])),
      groups: new Map(joined.fleet.groups.map((g) => [g.group, g])),
    };
    this.#p.complaints(joined.complaints);
    return ok(joined.fleet);
  }

  async changes(signal: AbortSignal, since: Instant, hostOf: (vm: VmId) => HostId | undefined): Answer<FleetChanges> {
    const kept = this.#kept;
    if (this.#p.places() === undefined) return noTopology();
    if (kept === undefined || kept.places !== this.#p.places())
      return failed('CLOUD_REFUSED', 'changes of the fleet: the whole fleet has not been read under this topology');
    const [services, changed] = await Promise.all([this.#services(signal), this.#p.nova.changedServers(signal, since)]);
    if (!services.ok) return services;
    if (!changed.ok) return changed;
    const rows = whole(changed.value.seen);
    if (!rows.ok) return rows;
    const learnt = await this.#learnNewHosts(signal, kept, services.value);
    if (!learnt.ok) return learnt;
    const told = await this.#vms(signal, kept, rows.value);
    if (!told.ok) return told;
    const { vms, groups } = told.value;
    const gone = [...changed.value.gone, ...rows.value.filter((r) => hostIn(kept, r) === undefined).map((r) => r.id)].map(vmId);
    const touched = new Set([...vms.map((v) => v.host), ...[...vms.map((v) => v.vm), ...gone].flatMap((vm) => hostOf(vm) ?? [])]);
    const hosts = await this.#hosts(signal, kept, services.value, touched);
    return hosts.ok ? ok({ hosts: hosts.value, vms, gone, groups }) : hosts;
  }

  /** All compute services. A cell that does not answer leaves holes: then there is no answer rather than half of one. */
  async #services(signal: AbortSignal): Answer<readonly ServiceRow[]> {
    const services = await this.#p.nova.services(signal);
    if (!services.ok) return services;
    const silent = services.value.filter((s) => s.id === undefined).map((s) => s.host);
    if (silent.length === 0) return services;
    return failed(
      'CLOUD_FAILED',
      `the Nova cell of ${silent.slice(0, 5).join(', ')} (${silent.length} hosts) does not answer: the fleet would not be whole`,
    );
  }

  /** A compute that is new to Nova, or whose hypervisor has come since. */
  async #learnNewHosts(signal: AbortSignal, kept: Kept, services: readonly ServiceRow[]): Answer<undefined> {
    const isNew = (s: ServiceRow) =>
      !kept.ids.seen.has(s.host) || (s.state === 'up' && kept.ids.hostOf.has(s.host) && !kept.hypervisors.has(s.host));
    if (!services.some(isNew)) return ok(undefined);
    const hypervisors = await this.#p.nova.hypervisors(signal);
    if (!hypervisors.ok) return hypervisors;
    kept.ids = this.#p.hosts.learn(services, hypervisors.value);
    kept.hypervisors = byHost(hypervisors.value);
    return ok(undefined);
  }

  async #vms(signal: AbortSignal, kept: Kept, rows: readonly ServerRow[]): Answer<{ vms: FleetVm[]; groups: FleetGroup[] }> {
    const named = rows.some((r) => r.server_groups === undefined || r.server_groups.some((g) => !kept.groups.has(g)));
    const read = named ? await this.#p.nova.groups(signal) : ok<readonly GroupRow[]>([]);
    if (!read.ok) return read;
    const groups = groupsOf(read.value, []).filter((g) => !isDeepStrictEqual(kept.groups.get(g.group), g));
    for (const g of groups) kept.groups.set(g.group, g);
    const memberOf = membership(read.value);
    const vms = rows.flatMap((row) => {
      const host = hostIn(kept, row);
      const group = memberOf(row);
      const known = group !== undefined && kept.groups.has(group) ? group : undefined;
      return host === undefined ? [] : [fleetVm(row, host, known, kept.rules).vm];
    });
    return ok({ vms, groups });
  }

  /** Hosts that are other than they were: in Nova, or in Placement's books where VMs came and went. */
  async #hosts(signal: AbortSignal, kept: Kept, services: readonly ServiceRow[], touched: ReadonlySet<HostId>): Answer<FleetHost[]> {
    const serviceOf = new Map(services.map((s) => [s.host, s]));
    const alive = (novaHost: string) => serviceOf.get(novaHost)?.state === 'up' && serviceOf.get(novaHost)?.forced_down !== true;
    const only = (novaHost: string) => {
      const mine = kept.hypervisors.get(novaHost) ?? [];
      return mine.length === 1 ? mine[0] : undefined;
    };
    const wanted = kept.places.hosts.flatMap(({ host }) => {
      const nova = kept.ids.novaOf.get(host);
      if (nova === undefined || !alive(nova)) return [];
      const returned = kept.hosts.get(host)?.usable !== true;
      return touched.has(host) || returned ? (only(nova) ?? []) : [];
    });
    const books = await this.#p.placement.books(signal, wanted);
    if (!books.ok) return books;
    for (const [uuid, facts] of books.value) kept.providers.set(uuid, facts);
    return ok(
      kept.places.hosts.flatMap((place) => {
        const nova = kept.ids.novaOf.get(place.host);
        const service = nova === undefined ? undefined : serviceOf.get(nova);
        const uuid = nova === undefined ? undefined : only(nova);
        const facts = service === undefined ? undefined : { service, provider: uuid === undefined ? undefined : kept.providers.get(uuid) };
        const before = kept.hosts.get(place.host);
        // a host that does not live takes no VMs: what it holds is counted by the next whole reading
        const now = fleetHost(kept.places, place, kept.ids, facts, before?.used ?? nothing, kept.rules);
        if (isDeepStrictEqual(before, now)) return [];
        kept.hosts.set(place.host, now);
        return [now];
      }),
    );
  }
}

const noTopology = () => failed('CLOUD_REFUSED', 'no topology was given: the fleet needs cluster and rack of each host');
const hostIn = (kept: Kept, row: ServerRow): HostId | undefined => {
  const novaHost = row['OS-EXT-SRV-ATTR:host'];
  return novaHost === null ? undefined : kept.ids.hostOf.get(novaHost);
};
const byHost = (rows: readonly HypervisorRow[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const h of rows) found.set(h.service.host, [...(found.get(h.service.host) ?? []), h.id]);
  return found;
};
