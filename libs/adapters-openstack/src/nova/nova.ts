import { done, failed, type Outcome, ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import { checkAs } from '../http/answer.ts';
import type { Pin } from '../microversion.ts';
import type { Query, Service } from '../service.ts';
import { allByOffset, allPages } from './pages.ts';
import * as schemas from './schemas.ts';

type Answer<T> = Promise<Outcome<T, CloudFailure>>;

/** The oldest Nova that we work with: Stein (2.68 = no `force` in evacuate: the scheduler always checks the target). */
const LEAST = [2, 68] as const;
const pins = {
  services: { best: [2, 69], least: LEAST },
  hypervisors: { best: [2, 88], least: LEAST },
  aggregates: { best: [2, 87], least: LEAST },
  groups: { best: [2, 75], least: LEAST },
  /** 2.69 tells of servers in a cell that does not answer, 2.71 groups, 2.96 the pinned zone, 2.98 what the image asked for. */
  servers: { best: [2, 98], least: LEAST },
  /** Below 2.95 on purpose: from there on Nova leaves evacuated VMs stopped. */
  evacuate: { best: [2, 93], least: LEAST },
  migrations: { best: [2, 80], least: LEAST },
  act: { best: [2, 68], least: LEAST },
} as const satisfies Record<string, Pin>;

/** A server in full, or what Nova tells of one whose cell does not answer. */
export type ServerSeen = { readonly full: schemas.ServerRow } | { readonly unknown: string };

/** A time for `changes-since`, which Nova holds against `updated_at`: that is kept in whole seconds, so any fraction here hides a change of the same second. */
export const changesSince = (since: number) => new Date(Math.floor(since / 1000) * 1000).toISOString();

/** Nova's API, call by call, in Nova's own words. */
export class Nova {
  readonly #api: Service;
  constructor(api: Service) {
    this.#api = api;
  }
  onlyWhile(still: () => boolean): Nova {
    return new Nova(this.#api.onlyWhile(still));
  }

  async services(signal: AbortSignal, host?: string): Answer<readonly schemas.ServiceRow[]> {
    const read = await this.#api.read(schemas.ServicesAnswer, {
      path: '/os-services',
      query: { binary: 'nova-compute', host },
      version: pins.services,
      signal,
    });
    return read.ok ? ok(read.value.services.filter((s) => s.binary === 'nova-compute')) : read;
  }

  /** The row itself answers: what Nova made of the change. */
  async putService(signal: AbortSignal, id: string, change: Readonly<Record<string, unknown>>): Answer<undefined> {
    const put = await this.#api.send({ method: 'PUT', path: `/os-services/${id}`, body: change, version: pins.services, signal });
    if (put.ok) return done;
    // Nova itself means a conflict here (its own source says so): records of evacuations await the returned compute
    return put.code === 'CLOUD_REFUSED' && /evacuation migration records remain/i.test(put.detail)
      ? failed('CLOUD_CONFLICT', put.detail)
      : put;
  }

  hypervisors(signal: AbortSignal): Answer<readonly schemas.HypervisorRow[]> {
    const q = { path: '/os-hypervisors/detail', query: {}, version: pins.hypervisors, signal };
    return allPages(this.#api, q, schemas.HypervisorsAnswer, (p) => ({ rows: p.hypervisors, links: p.hypervisors_links }));
  }

  async aggregates(signal: AbortSignal): Answer<readonly schemas.Aggregate[]> {
    const read = await this.#api.read(schemas.AggregatesAnswer, { path: '/os-aggregates', version: pins.aggregates, signal });
    return read.ok ? ok(read.value.aggregates) : read;
  }

  groups(signal: AbortSignal): Answer<readonly schemas.GroupRow[]> {
    const q = { path: '/os-server-groups', query: { all_projects: 'true' }, version: pins.groups, signal };
    return allByOffset(this.#api, q, schemas.GroupsAnswer, (p) => p.server_groups);
  }

  /** Of all projects, all pages. `query`: host, changes-since. */
  async servers(signal: AbortSignal, query: Query): Answer<readonly ServerSeen[]> {
    const all = await this.#serversAndGone(signal, query);
    return all.ok ? ok(all.value.seen) : all;
  }

  /** What was changed since, and what was deleted. `since`: milliseconds since 1970. */
  changedServers(signal: AbortSignal, since: number): Answer<{ readonly seen: readonly ServerSeen[]; readonly gone: readonly string[] }> {
    return this.#serversAndGone(signal, { 'changes-since': changesSince(since) });
  }

  async #serversAndGone(signal: AbortSignal, query: Query): Answer<{ seen: ServerSeen[]; gone: string[] }> {
    const path = '/servers/detail';
    const q = { path, query: { all_tenants: 1, ...query }, version: pins.servers, signal };
    const rows = await allPages(this.#api, q, schemas.ServersPage, (p) => ({ rows: p.servers, links: p.servers_links }));
    if (!rows.ok) return rows;
    const seen: ServerSeen[] = [];
    const gone: string[] = [];
    // a server that moved between two pages may be there twice: the later look counts
    for (const row of new Map(rows.value.map((r) => [r.id, r])).values()) {
      // changes-since tells of deleted ones too
      if (row.status === 'DELETED') {
        gone.push(row.id);
        continue;
      }
      const one = serverSeen(`GET compute${path} (server ${row.id})`, row);
      if (!one.ok) return one;
      seen.push(one.value);
    }
    return ok({ seen, gone });
  }

  async server(signal: AbortSignal, id: string): Answer<ServerSeen> {
    const path = `/servers/${encodeURIComponent(id)}`;
    const read = await this.#api.read(schemas.ServerAnswer, { path, version: pins.servers, signal });
    return read.ok ? serverSeen(`GET compute${path}`, read.value.server) : read;
  }

  /** Newest first, as Nova orders them. */
  async evacuations(signal: AbortSignal, sourceHost: string): Answer<readonly schemas.MigrationRow[]> {
    const query = { migration_type: 'evacuation', source_compute: sourceHost };
    const q = { path: '/os-migrations', query, version: pins.migrations, signal };
    const rows = await allPages(this.#api, q, schemas.MigrationsAnswer, (p) => ({ rows: p.migrations, links: p.migrations_links }));
    // a filter that a server or a proxy dropped must not pass for an answer
    return rows.ok ? ok(rows.value.filter((m) => m.migration_type === 'evacuation' && m.source_compute === sourceHost)) : rows;
  }

  /** Live and cold ones of which something changed since, newest first. `since`: ISO 8601. */
  async migrations(signal: AbortSignal, sourceHost: string, since: number): Answer<readonly schemas.MigrationRow[]> {
    const query = { source_compute: sourceHost, 'changes-since': changesSince(since) };
    const q = { path: '/os-migrations', query, version: pins.migrations, signal };
    const rows = await allPages(this.#api, q, schemas.MigrationsAnswer, (p) => ({ rows: p.migrations, links: p.migrations_links }));
    return rows.ok ? ok(rows.value.filter((m) => m.migration_type !== 'evacuation' && m.source_compute === sourceHost)) : rows;
  }

  async evacuate(signal: AbortSignal, id: string, host: string | undefined): Answer<undefined> {
    const sent = await this.#action(signal, id, pins.evacuate, { evacuate: host === undefined ? {} : { host } });
    return !sent.ok && sent.code === 'CLOUD_REFUSED' && /Compute service of .* is still in use/.test(sent.detail)
      ? failed('CLOUD_HOST_STILL_UP', sent.detail)
      : sent;
  }
  resetToError(signal: AbortSignal, id: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { 'os-resetState': { state: 'error' } });
  }
  start(signal: AbortSignal, id: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { 'os-start': null });
  }
  stop(signal: AbortSignal, id: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { 'os-stop': null });
  }
  reboot(signal: AbortSignal, id: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { reboot: { type: 'HARD' } });
  }
  pause(signal: AbortSignal, id: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { pause: null });
  }
  unpause(signal: AbortSignal, id: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { unpause: null });
  }
  migrate(signal: AbortSignal, id: string, host: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { migrate: { host } });
  }
  /** Shared or local disks: Nova finds out (auto). From 2.34 on it answers before it has looked whether it can. */
  liveMigrate(signal: AbortSignal, id: string, host: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { 'os-migrateLive': { host, block_migration: 'auto' } });
  }
  async abortMigration(signal: AbortSignal, id: string, migration: string): Answer<undefined> {
    const path = `/servers/${encodeURIComponent(id)}/migrations/${encodeURIComponent(migration)}`;
    const sent = await this.#api.send({ method: 'DELETE', path, version: pins.act, signal });
    return sent.ok ? done : sent;
  }
  confirmResize(signal: AbortSignal, id: string): Answer<undefined> {
    return this.#action(signal, id, pins.act, { confirmResize: null });
  }

  userId(signal: AbortSignal): Answer<string | undefined> {
    return this.#api.userId(signal);
  }
  /** One page: the newest acts are on the first. */
  async acts(signal: AbortSignal, id: string): Answer<readonly schemas.ActRow[]> {
    const path = `/servers/${encodeURIComponent(id)}/os-instance-actions`;
    const read = await this.#api.read(schemas.ActsAnswer, { path, version: pins.act, signal });
    return read.ok ? ok(read.value.instanceActions) : read;
  }

  async #action(signal: AbortSignal, id: string, version: Pin, body: unknown): Answer<undefined> {
    const sent = await this.#api.send({ method: 'POST', path: `/servers/${encodeURIComponent(id)}/action`, body, version, signal });
    return sent.ok ? done : sent;
  }
}

/** A server that Nova knows by id only, because its cell is silent, is not gone: nothing is said rather than half of it. */
export const whole = (seen: readonly ServerSeen[]): Outcome<readonly schemas.ServerRow[], CloudFailure> => {
  const unknown = seen.flatMap((s) => ('unknown' in s ? [s.unknown] : []));
  if (unknown.length > 0) return failed('CLOUD_FAILED', `the Nova cell of ${unknown.length} servers (${unknown[0]}, ...) does not answer`);
  return ok(seen.flatMap((s) => ('full' in s ? [s.full] : [])));
};

const serverSeen = (what: string, row: { readonly id: string; readonly status: string }): Outcome<ServerSeen, CloudFailure> => {
  if (row.status === 'UNKNOWN' && !('OS-EXT-STS:vm_state' in row)) return ok({ unknown: row.id });
  if (!('OS-EXT-SRV-ATTR:host' in row))
    return failed(
      'CLOUD_FORBIDDEN',
      `${what}: Nova does not show OS-EXT-SRV-ATTR:host; the credentials need the admin role (policy os_compute_api:os-extended-server-attributes)`,
    );
  const read = checkAs(what, schemas.ServerRow, row);
  return read.ok ? ok({ full: read.value }) : read;
};
