import type { Fleet, FleetVm } from '@lifeboat/contracts';
import { type Complaint, done, failed, type HostId, type Outcome, ok, type VmId, vmId } from '@lifeboat/kernel';
import type { Cloud, CloudFailure, CloudVm, ComputeService, EvacuationRecord } from '@lifeboat/ports';
import { joinFleet, membership, type Places } from './fleet/join.ts';
import { fleetVm, type UnevacuableBecause } from './fleet/vm.ts';
import type { Hosts } from './hosts.ts';
import type { Nova, ServerSeen } from './nova/nova.ts';
import type { MigrationRow, ServerRow } from './nova/schemas.ts';
import type { Surroundings } from './options.ts';
import { inParallel } from './parallel.ts';
import type { Placement } from './placement.ts';

type Answer<T> = Promise<Outcome<T, CloudFailure>>;

/** From this many on, `vms()` asks Nova what changed lately before it asks for each. */
const MANY = 8;
const LATELY_MS = 10 * 60_000;
const AT_ONCE = 8;

export interface CloudParts {
  readonly nova: Nova;
  readonly placement: Placement;
  readonly hosts: Hosts;
  readonly places: () => Places | undefined;
  readonly around: Surroundings;
  readonly complaints: (all: readonly Complaint[]) => void;
  readonly unevacuableBecause: UnevacuableBecause | undefined;
  readonly close: () => void;
}

/** The Cloud port on Nova and Placement. No act is repeated by itself; every call ends within its limit. */
export class OpenStackCloud implements Cloud {
  readonly #p: CloudParts;
  constructor(parts: CloudParts) {
    this.#p = parts;
  }

  async computeServices(): Answer<readonly ComputeService[]> {
    const signal = this.#limit();
    const rows = await this.#p.nova.services(signal);
    if (!rows.ok) return rows;
    const nameOf = await this.#p.hosts.namer(
      signal,
      rows.value.map((r) => r.host),
    );
    if (!nameOf.ok) return nameOf;
    return ok(
      rows.value.flatMap((r): ComputeService[] => {
        // of a service whose cell does not answer nothing is known: it is left out, which is not 'down'
        if (r.id === undefined || r.state === undefined) {
          this.#p.around.log('cell-silent', { host: r.host });
          return [];
        }
        const reason = r.disabled_reason ?? null;
        return [
          {
            id: r.id,
            host: nameOf.value(r.host),
            up: r.state === 'up',
            enabled: r.status === 'enabled',
            forcedDown: r.forced_down === true,
            disabledReason: reason,
          },
        ];
      }),
    );
  }

  forceDown(host: HostId): Answer<undefined> {
    return this.#changeService('force-down', host, { forced_down: true });
  }
  clearForcedDown(host: HostId): Answer<undefined> {
    return this.#changeService('clear-forced-down', host, { forced_down: false });
  }
  disable(host: HostId, reason: string): Answer<undefined> {
    return this.#changeService('disable', host, { status: 'disabled', disabled_reason: reason.slice(0, 255) });
  }
  enable(host: HostId): Answer<undefined> {
    return this.#changeService('enable', host, { status: 'enabled' });
  }
  #changeService(act: string, host: HostId, change: Readonly<Record<string, unknown>>): Answer<undefined> {
    return this.#told(act, { host }, async (signal) => {
      const service = await this.#p.hosts.serviceOf(signal, host);
      return service.ok ? this.#p.nova.putService(signal, service.value.id, change) : service;
    });
  }

  async fleet(): Answer<Fleet> {
    const places = this.#p.places();
    if (places === undefined) return failed('CLOUD_REFUSED', 'no topology was given: the fleet needs cluster and rack of each host');
    const signal = this.#limit(this.#p.around.limits.fleetMs);
    const { nova } = this.#p;
    const services = await nova.services(signal);
    if (!services.ok) return services;
    const silent = services.value.filter((s) => s.id === undefined).map((s) => s.host);
    if (silent.length > 0)
      return failed(
        'CLOUD_FAILED',
        `the Nova cell of ${silent.slice(0, 5).join(', ')} (${silent.length} hosts) does not answer: the fleet would not be whole`,
      );
    const hypervisors = await nova.hypervisors(signal);
    if (!hypervisors.ok) return hypervisors;
    const [aggregates, groups, servers] = await Promise.all([nova.aggregates(signal), nova.groups(signal), this.#servers(signal, {})]);
    if (!aggregates.ok) return aggregates;
    if (!groups.ok) return groups;
    if (!servers.ok) return servers;
    const ids = this.#p.hosts.learn(services.value, hypervisors.value);
    const wanted = hypervisors.value.filter((h) => ids.hostOf.has(h.service.host)).map((h) => h.id);
    // after the servers: what was booted between the two is counted rather than missed
    const providers = await this.#p.placement.facts(signal, wanted);
    if (!providers.ok) return providers;
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
      this.#p.unevacuableBecause,
    );
    this.#p.complaints(joined.complaints);
    return ok(joined.fleet);
  }

  async vmsOn(host: HostId): Answer<readonly FleetVm[]> {
    const signal = this.#limit();
    // the service first: a host that Nova does not know, or whose cell is silent, must not pass for an empty one
    const service = await this.#p.hosts.serviceOf(signal, host);
    if (!service.ok) return service;
    const novaHost = service.value.host;
    const servers = await this.#servers(signal, { host: novaHost });
    if (!servers.ok) return servers;
    if (servers.value.some((s) => s['OS-EXT-SRV-ATTR:host'] !== novaHost))
      return failed(
        'CLOUD_FORBIDDEN',
        `servers of ${novaHost}: Nova did not heed the host filter; the credentials need the admin role (policy os_compute_api:servers:allow_all_filters)`,
      );
    const groups = servers.value.some((s) => s.server_groups === undefined) ? await this.#p.nova.groups(signal) : ok([]);
    if (!groups.ok) return groups;
    const groupOf = membership(groups.value);
    return ok(servers.value.map((s) => fleetVm(s, host, groupOf(s), this.#p.unevacuableBecause).vm));
  }

  async vm(vm: VmId): Answer<CloudVm> {
    const signal = this.#limit();
    const seen = await this.#p.nova.server(signal, vm);
    if (!seen.ok) return seen;
    const rows = whole([seen.value]);
    if (!rows.ok) return rows;
    const vms = await this.#named(signal, rows.value);
    if (!vms.ok) return vms;
    const [only] = vms.value;
    return only === undefined ? failed('CLOUD_NOT_FOUND', `server ${vm} is deleted`) : ok(only);
  }

  /** VMs that are being evacuated all changed lately: one list tells of most of them, the rest is asked for one by one. */
  async vms(vms: readonly VmId[]): Answer<readonly CloudVm[]> {
    const signal = this.#limit();
    const rest = new Set<string>(vms);
    const rows: ServerRow[] = [];
    if (rest.size >= MANY) {
      const since = new Date(this.#p.around.clock.now() - LATELY_MS).toISOString();
      const changed = await this.#p.nova.servers(signal, { 'changes-since': since });
      if (!changed.ok) return changed;
      for (const s of changed.value) if ('full' in s && rest.delete(s.full.id)) rows.push(s.full);
    }
    const others = await inParallel(AT_ONCE, [...rest], async (id): Answer<ServerSeen | undefined> => {
      const one = await this.#p.nova.server(signal, id);
      return !one.ok && one.code === 'CLOUD_NOT_FOUND' ? ok(undefined) : one;
    });
    if (!others.ok) return others;
    const full = whole(others.value.filter((s) => s !== undefined));
    return full.ok ? this.#named(signal, [...rows, ...full.value]) : full;
  }

  evacuate(vm: VmId, to?: HostId): Answer<undefined> {
    return this.#told('evacuate', { vm, ...(to === undefined ? {} : { to }) }, async (signal) => {
      const target = to === undefined ? ok(undefined) : await this.#p.hosts.novaName(signal, to);
      return target.ok ? this.#p.nova.evacuate(signal, vm, target.value) : target;
    });
  }

  async evacuationsFrom(from: HostId): Answer<readonly EvacuationRecord[]> {
    const signal = this.#limit();
    const source = await this.#p.hosts.novaName(signal, from);
    if (!source.ok) return source;
    const rows = await this.#p.nova.evacuations(signal, source.value);
    if (!rows.ok) return rows;
    const targets = rows.value.flatMap((r) => r.dest_compute ?? []);
    const nameOf = await this.#p.hosts.namer(signal, targets);
    return nameOf.ok ? ok(rows.value.map((r) => recordOf(r, from, nameOf.value))) : nameOf;
  }

  resetToError(vm: VmId): Answer<undefined> {
    return this.#told('reset-to-error', { vm }, (signal) => this.#p.nova.resetToError(signal, vm));
  }
  start(vm: VmId): Answer<undefined> {
    return this.#told('start', { vm }, (signal) => this.#p.nova.start(signal, vm));
  }
  stop(vm: VmId): Answer<undefined> {
    return this.#told('stop', { vm }, (signal) => this.#p.nova.stop(signal, vm));
  }

  /** Ends what is under way and drops the connections. */
  close(): Promise<void> {
    this.#p.close();
    return Promise.resolve();
  }

  #limit(ms = this.#p.around.limits.callMs): AbortSignal {
    return AbortSignal.timeout(ms);
  }

  /** Every act is logged with its end. */
  async #told(act: string, on: Readonly<Record<string, string>>, work: (signal: AbortSignal) => Answer<undefined>): Answer<undefined> {
    const { clock, log } = this.#p.around;
    const began = clock.monotonic();
    const outcome = await work(this.#limit());
    const end = outcome.ok ? { result: 'taken' } : { result: outcome.code, detail: outcome.detail };
    log('act', { act, ...on, ...end, ms: Math.round(clock.monotonic() - began) });
    return outcome.ok ? done : outcome;
  }

  async #servers(signal: AbortSignal, query: Readonly<Record<string, string>>): Answer<readonly ServerRow[]> {
    const seen = await this.#p.nova.servers(signal, query);
    return seen.ok ? whole(seen.value) : seen;
  }

  async #named(signal: AbortSignal, rows: readonly ServerRow[]): Answer<readonly CloudVm[]> {
    const there = rows.filter((r) => r['OS-EXT-STS:vm_state'] !== 'deleted');
    const nameOf = await this.#p.hosts.namer(
      signal,
      there.flatMap((r) => r['OS-EXT-SRV-ATTR:host'] ?? []),
    );
    return nameOf.ok ? ok(there.map((r) => cloudVm(r, nameOf.value))) : nameOf;
  }
}

/** A server that Nova knows by id only, because its cell is silent, is not gone: nothing is said rather than half of it. */
const whole = (seen: readonly ServerSeen[]): Outcome<readonly ServerRow[], CloudFailure> => {
  const unknown = seen.flatMap((s) => ('unknown' in s ? [s.unknown] : []));
  if (unknown.length > 0) return failed('CLOUD_FAILED', `the Nova cell of ${unknown.length} servers (${unknown[0]}, ...) does not answer`);
  return ok(seen.flatMap((s) => ('full' in s ? [s.full] : [])));
};

const cloudVm = (s: ServerRow, nameOf: (novaHost: string) => HostId): CloudVm => {
  const novaHost = s['OS-EXT-SRV-ATTR:host'];
  return {
    vm: vmId(s.id),
    name: s.name ?? '',
    host: novaHost === null ? null : nameOf(novaHost),
    status: s.status,
    vmState: s['OS-EXT-STS:vm_state'],
    task: s['OS-EXT-STS:task_state'],
    fault: s.fault?.message ?? null,
  };
};

const ended: Readonly<Record<string, EvacuationRecord['state']>> = {
  done: 'done',
  completed: 'done',
  error: 'failed',
  failed: 'failed',
  cancelled: 'failed',
};
const recordOf = (r: MigrationRow, from: HostId, nameOf: (novaHost: string) => HostId): EvacuationRecord => ({
  id: r.uuid,
  vm: vmId(r.instance_uuid),
  from,
  to: r.dest_compute === null ? null : nameOf(r.dest_compute),
  state: ended[r.status] ?? 'running',
  status: r.status,
  // Nova's times are UTC without saying so
  createdAt: /(Z|[+-]\d\d:?\d\d)$/.test(r.created_at) ? r.created_at : `${r.created_at}Z`,
});
