import type { Fleet, FleetVm } from '@lifeboat/contracts';
import { done, failed, type HostId, type Instant, instant, type Outcome, ok, type VmId, vmId } from '@lifeboat/kernel';
import type { Cloud, CloudFailure, CloudVm, ComputeService, EvacuationRecord, FleetChanges, MigrationRecord, VmAct } from '@lifeboat/ports';
import { membership } from './fleet/join.ts';
import { type FleetParts, FleetReader } from './fleet/reader.ts';
import { serverRules } from './fleet/server-rules.ts';
import { fleetVm, wantsHighAvailability } from './fleet/vm.ts';
import { faultOf, isStorageLocked } from './nova/fault.ts';
import { changesSince, type ServerSeen, whole } from './nova/nova.ts';
import { migrationOf, recordOf, utc } from './nova/records.ts';
import type { ServerRow } from './nova/schemas.ts';
import type { Surroundings } from './options.ts';
import { inParallel } from './parallel.ts';
import { Troubles } from './troubles.ts';

type Answer<T> = Promise<Outcome<T, CloudFailure>>;

/** From this many on, `vms()` asks Nova what changed lately before it asks for each. */
const MANY = 8;
const LATELY_MS = 10 * 60_000;
const AT_ONCE = 8;

export interface CloudParts extends FleetParts {
  readonly around: Surroundings;
  readonly close: () => void;
}

/** The Cloud port on Nova and Placement. No act is repeated by itself; every call ends within its limit. */
export class OpenStackCloud implements Cloud {
  readonly #p: CloudParts;
  #fleet: FleetReader;
  #troubles: Troubles;
  constructor(parts: CloudParts) {
    this.#p = parts;
    this.#fleet = new FleetReader(parts);
    this.#troubles = new Troubles(parts.around.clock);
  }

  onlyWhile(still: () => boolean): OpenStackCloud {
    const held = new OpenStackCloud({ ...this.#p, nova: this.#p.nova.onlyWhile(still) });
    held.#fleet = this.#fleet;
    held.#troubles = this.#troubles;
    return held;
  }

  /** What cannot be read at present, and why: for a health page. */
  troubles(): readonly string[] {
    return this.#troubles.now();
  }

  computeServices(): Answer<readonly ComputeService[]> {
    return this.#looked('compute services', async (signal) => {
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
    });
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

  fleet(): Answer<Fleet> {
    return this.#looked('fleet', (signal) => this.#fleet.whole(signal), this.#p.around.limits.fleetMs);
  }
  fleetChanges(since: Instant, hostOf: (vm: VmId) => HostId | undefined): Answer<FleetChanges> {
    return this.#looked('changes of the fleet', (signal) => this.#fleet.changes(signal, since, hostOf));
  }

  vmsOn(host: HostId): Answer<readonly FleetVm[]> {
    return this.#looked('servers of a host', async (signal) => {
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
      const places = this.#p.places();
      const aggregates = places === undefined ? ok([]) : await this.#p.nova.aggregates(signal);
      if (!aggregates.ok) return aggregates;
      const [groupOf, rules] = [membership(groups.value), serverRules(places, aggregates.value)];
      return ok(servers.value.map((s) => fleetVm(s, host, groupOf(s), rules).vm));
    });
  }

  vm(vm: VmId): Answer<CloudVm> {
    return this.#looked('server', async (signal) => {
      const seen = await this.#p.nova.server(signal, vm);
      if (!seen.ok) return seen;
      const rows = whole([seen.value]);
      if (!rows.ok) return rows;
      const vms = await this.#named(signal, rows.value);
      if (!vms.ok) return vms;
      const [only] = vms.value;
      return only === undefined ? failed('CLOUD_NOT_FOUND', `server ${vm} is deleted`) : ok(only);
    });
  }

  /** VMs that are being evacuated all changed lately: one list tells of most of them, the rest is asked for one by one. */
  vms(vms: readonly VmId[]): Answer<readonly CloudVm[]> {
    return this.#looked('servers', async (signal) => {
      const rest = new Set<string>(vms);
      const rows: ServerRow[] = [];
      if (rest.size >= MANY) {
        const since = changesSince(this.#p.around.clock.now() - LATELY_MS);
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
    });
  }

  evacuate(vm: VmId, to?: HostId): Answer<undefined> {
    return this.#told('evacuate', { vm, ...(to === undefined ? {} : { to }) }, async (signal) => {
      const target = to === undefined ? ok(undefined) : await this.#p.hosts.novaName(signal, to);
      return target.ok ? this.#p.nova.evacuate(signal, vm, target.value) : target;
    });
  }

  evacuationsFrom(from: HostId): Answer<readonly EvacuationRecord[]> {
    return this.#looked('evacuations', async (signal) => {
      const source = await this.#p.hosts.novaName(signal, from);
      if (!source.ok) return source;
      const rows = await this.#p.nova.evacuations(signal, source.value);
      if (!rows.ok) return rows;
      const targets = rows.value.flatMap((r) => r.dest_compute ?? []);
      const nameOf = await this.#p.hosts.namer(signal, targets);
      return nameOf.ok ? ok(rows.value.map((r) => recordOf(r, from, nameOf.value))) : nameOf;
    });
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
  reboot(vm: VmId): Answer<undefined> {
    return this.#told('reboot', { vm }, (signal) => this.#p.nova.reboot(signal, vm));
  }
  pause(vm: VmId): Answer<undefined> {
    return this.#told('pause', { vm }, (signal) => this.#p.nova.pause(signal, vm));
  }
  unpause(vm: VmId): Answer<undefined> {
    return this.#told('unpause', { vm }, (signal) => this.#p.nova.unpause(signal, vm));
  }
  move(vm: VmId, to: HostId): Answer<undefined> {
    return this.#told('move', { vm, to }, async (signal) => {
      const target = await this.#p.hosts.novaName(signal, to);
      return target.ok ? this.#p.nova.migrate(signal, vm, target.value) : target;
    });
  }
  confirmMove(vm: VmId): Answer<undefined> {
    return this.#told('confirm-move', { vm }, (signal) => this.#p.nova.confirmResize(signal, vm));
  }

  liveMigrate(vm: VmId, to: HostId): Answer<undefined> {
    return this.#told('live-migrate', { vm, to }, async (signal) => {
      const target = await this.#p.hosts.novaName(signal, to);
      return target.ok ? this.#p.nova.liveMigrate(signal, vm, target.value) : target;
    });
  }
  abortMigration(vm: VmId, record: string): Answer<undefined> {
    return this.#told('abort-migration', { vm, record }, (signal) => this.#p.nova.abortMigration(signal, vm, record));
  }
  migrationsFrom(from: HostId, since: Instant): Answer<readonly MigrationRecord[]> {
    return this.#looked('migrations', async (signal) => {
      const source = await this.#p.hosts.novaName(signal, from);
      if (!source.ok) return source;
      const rows = await this.#p.nova.migrations(signal, source.value, since);
      if (!rows.ok) return rows;
      const targets = rows.value.flatMap((r) => r.dest_compute ?? []);
      const nameOf = await this.#p.hosts.namer(signal, targets);
      return nameOf.ok ? ok(rows.value.map((r) => migrationOf(r, from, nameOf.value))) : nameOf;
    });
  }

  acts(vm: VmId): Answer<readonly VmAct[]> {
    return this.#looked('acts on a server', async (signal) => {
      const rows = await this.#p.nova.acts(signal, vm);
      if (!rows.ok) return rows;
      const me = await this.#p.nova.userId(signal);
      if (!me.ok) return me;
      const acts = rows.value.map((r): VmAct => {
        const by = r.user_id ?? null;
        return { act: r.action, at: instant(Date.parse(utc(r.start_time))), by, ours: by !== null && by === me.value };
      });
      return ok(acts.sort((a, b) => b.at - a.at));
    });
  }

  /** Ends what is under way and drops the connections. */
  close(): Promise<void> {
    this.#p.close();
    return Promise.resolve();
  }

  #limit(ms = this.#p.around.limits.callMs): AbortSignal {
    return AbortSignal.timeout(ms);
  }

  /** What cannot be read is told for as long as it cannot be. */
  async #looked<T>(call: string, work: (signal: AbortSignal) => Answer<T>, ms?: number): Answer<T> {
    const outcome = await work(this.#limit(ms));
    this.#troubles.saw(call, outcome);
    return outcome;
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

const cloudVm = (s: ServerRow, nameOf: (novaHost: string) => HostId): CloudVm => {
  const novaHost = s['OS-EXT-SRV-ATTR:host'];
  return {
    vm: vmId(s.id),
    name: s.name ?? '',
    host: novaHost === null ? null : nameOf(novaHost),
    status: s.status,
    vmState: s['OS-EXT-STS:vm_state'],
    task: s['OS-EXT-STS:task_state'],
    fault: faultOf(s.fault),
    storageLocked: isStorageLocked(s.fault),
    locked: s.locked === true,
    highAvailability: wantsHighAvailability(s),
  };
};
