import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What this Nova asks of the hosts. */
export interface Hypervisors {
  /** Does its compute service report, over the management network? */
  reports(host: string): boolean;
  /** Starts the guest there; false: the host has no power. */
  start(vm: string, host: string): boolean;
}
export interface NovaVm {
  readonly id: string;
  host: string;
  status: 'ACTIVE' | 'SHUTOFF' | 'REBUILD';
  task: string | null;
}
interface Compute {
  readonly host: string;
  readonly id: string;
  forced_down: boolean;
  status: 'enabled' | 'disabled';
  disabled_reason: string | null;
}
interface Migration {
  readonly uuid: string;
  readonly instance_uuid: string;
  readonly migration_type: 'evacuation';
  readonly source_compute: string;
  dest_compute: string;
  status: string;
  readonly created_at: string;
}
type Answer = readonly [status: number, body?: unknown];
const refused = (code: number, message: string): Answer => [code, { badRequest: { code, message } }];
const inventory = (total: number) => ({ total, reserved: 0, max_unit: total, allocation_ratio: 1 });
const REBUILD_MS = 300;
const CLEAN_UP_MS = 2_000;

/**
 * Keystone, Nova and Placement, as far as Lifeboat asks: a stand-in that keeps Nova's rules about evacuation (a host in use
 * refuses; records bar the way back until the returned compute has cleaned up). Its guests are processes on the hosts.
 */
export class LabNova {
  readonly vms: readonly NovaVm[];
  readonly computes: readonly Compute[];
  migrations: Migration[] = [];
  /** Acts on a VM that Nova was still rebuilding: the trap in which a second evacuation breaks it. */
  readonly doubleEvacuations: string[] = [];
  readonly #hypervisors: Hypervisors;
  #server: Server | null = null;
  url = '';

  constructor(hosts: readonly string[], vms: readonly { id: string; host: string }[], hypervisors: Hypervisors) {
    this.#hypervisors = hypervisors;
    this.computes = hosts.map((host) => ({ host, id: randomUUID(), forced_down: false, status: 'enabled', disabled_reason: null }));
    this.vms = vms.map((v) => ({ ...v, status: 'ACTIVE', task: null }));
  }

  async listen(address: string): Promise<void> {
    const server = createServer((req, res) => {
      void this.#take(req).then(([status, body]) => {
        res.writeHead(status, { 'Content-Type': 'application/json', 'X-Subject-Token': 'token' });
        res.end(body === undefined ? '' : JSON.stringify(body));
      });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, address, resolve));
    this.url = `http://${address}:${(server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  /** nova-compute has started anew on a host: it deletes what was evacuated from it, and says so in the records. */
  booted(host: string): void {
    setTimeout(() => {
      if (!this.#hypervisors.reports(host)) return;
      for (const m of this.migrations) if (m.source_compute === host && m.status === 'done') m.status = 'completed';
    }, CLEAN_UP_MS).unref();
  }

  /** As an operator does between two exercises. */
  restore(): void {
    this.migrations = [];
    for (const c of this.computes) Object.assign(c, { forced_down: false, status: 'enabled', disabled_reason: null });
  }

  async #take(req: IncomingMessage): Promise<Answer> {
    let text = '';
    for await (const part of req) text += String(part);
    const url = new URL(req.url ?? '/', 'http://nova');
    const body = (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
    const path = url.pathname.replace(/^\/placement\/resource_providers\/[^/]+\//, 'provider/');
    const [, kind, id, action] = /^\/v2\.1\/(os-services|servers)\/([0-9a-f-]{36})(\/action)?$/.exec(path) ?? [];
    if (req.method === 'PUT' && kind === 'os-services') return this.#change(id ?? '', body);
    if (req.method === 'POST' && action !== undefined) return this.#act(id ?? '', body);
    if (kind === 'servers') {
      const vm = this.vms.find((v) => v.id === id);
      return vm === undefined
        ? [404, { itemNotFound: { code: 404, message: 'Instance could not be found.' } }]
        : [200, { server: row(vm) }];
    }
    if (path === '/v3/auth/tokens') return [201, this.#token()];
    return this.#read(path, url.searchParams);
  }

  #read(path: string, q: URLSearchParams): Answer {
    const of = <T extends { host: string }>(rows: readonly T[]) => rows.filter((r) => !q.has('host') || r.host === q.get('host'));
    const paged = q.has('marker') || Number(q.get('offset') ?? 0) > 0;
    const answers: Readonly<Record<string, () => unknown>> = {
      '/v2.1/': () => ({ version: { id: 'v2.1', version: '2.93', min_version: '2.1' } }),
      '/placement/': () => ({ versions: [{ id: 'v1.0', max_version: '1.39', min_version: '1.0' }] }),
      '/v2.1/os-services': () => ({ services: of(this.computes).map((c) => this.#service(c)) }),
      '/v2.1/os-hypervisors/detail': () => ({
        hypervisors: paged
          ? []
          : this.computes.map((c) => ({ id: c.id, hypervisor_hostname: c.host, hypervisor_type: 'QEMU', service: { host: c.host } })),
      }),
      '/v2.1/os-aggregates': () => ({ aggregates: [] }),
      '/v2.1/os-server-groups': () => ({ server_groups: [] }),
      '/v2.1/os-migrations': () => ({
        migrations: paged ? [] : this.migrations.filter((m) => m.source_compute === q.get('source_compute')).toReversed(),
      }),
      '/v2.1/servers/detail': () => ({ servers: paged ? [] : of(this.vms).map(row) }),
      '/placement/resource_providers': () => ({
        resource_providers: this.computes.map((c) => ({ uuid: c.id, name: c.host, generation: 1 })),
      }),
      'provider/inventories': () => ({
        resource_provider_generation: 1,
        inventories: { VCPU: inventory(64), MEMORY_MB: inventory(65_536), DISK_GB: inventory(1_000) },
      }),
      'provider/traits': () => ({ traits: [], resource_provider_generation: 1 }),
      'provider/usages': () => ({ usages: { VCPU: 2, MEMORY_MB: 2_048, DISK_GB: 20 }, resource_provider_generation: 1 }),
    };
    const answer = answers[path];
    return answer === undefined ? [404, { itemNotFound: { code: 404, message: `no route ${path}` } }] : [200, answer()];
  }

  #service = (c: Compute) => ({
    ...c,
    binary: 'nova-compute',
    zone: 'nova',
    state: !c.forced_down && this.#hypervisors.reports(c.host) ? 'up' : 'down',
  });

  #change(id: string, body: Readonly<Record<string, unknown>>): Answer {
    const c = this.computes.find((x) => x.id === id);
    if (c === undefined) return [404, { itemNotFound: { code: 404, message: `Service ${id} could not be found.` } }];
    if (body['forced_down'] === false && this.migrations.some((m) => m.source_compute === c.host && m.status === 'done'))
      return refused(400, `Unable to force up host ${c.host} as \`done\` evacuation migration records remain associated with the host.`);
    if (typeof body['forced_down'] === 'boolean') c.forced_down = body['forced_down'];
    if (body['status'] === 'enabled') Object.assign(c, { status: 'enabled', disabled_reason: null });
    if (body['status'] === 'disabled') Object.assign(c, { status: 'disabled', disabled_reason: body['disabled_reason'] ?? null });
    return [200, { service: this.#service(c) }];
  }

  #act(id: string, body: Readonly<Record<string, unknown>>): Answer {
    const vm = this.vms.find((v) => v.id === id);
    if (vm === undefined) return [404, { itemNotFound: { code: 404, message: 'Instance could not be found.' } }];
    if ('os-start' in body) {
      if (this.#hypervisors.start(vm.id, vm.host)) vm.status = 'ACTIVE';
      return [202];
    }
    if (!('evacuate' in body)) return [202];
    const from = this.computes.find((c) => c.host === vm.host);
    if (from !== undefined && this.#service(from).state === 'up') return refused(400, `Compute service of ${vm.host} is still in use.`);
    if (vm.task !== null) this.doubleEvacuations.push(`${id} again while ${vm.task}`);
    const to = String((body['evacuate'] as { host?: string }).host ?? this.computes.find((c) => this.#service(c).state === 'up')?.host);
    this.#evacuate(vm, to);
    return [200, { adminPass: null }];
  }

  #evacuate(vm: NovaVm, to: string): void {
    const m: Migration = {
      uuid: randomUUID(),
      instance_uuid: vm.id,
      migration_type: 'evacuation',
      source_compute: vm.host,
      dest_compute: to,
      status: 'accepted',
      created_at: new Date().toISOString().slice(0, -1),
    };
    this.migrations.push(m);
    Object.assign(vm, { task: 'rebuilding', status: 'REBUILD' });
    setTimeout(() => {
      if (!this.#hypervisors.start(vm.id, to)) return;
      m.status = 'done';
      Object.assign(vm, { host: to, status: 'ACTIVE', task: null });
    }, REBUILD_MS).unref();
  }

  #token() {
    const endpoint = (type: string, path: string) => ({
      type,
      endpoints: [{ interface: 'public', region_id: 'RegionOne', url: `${this.url}${path}` }],
    });
    const at = Date.now();
    return {
      token: {
        issued_at: new Date(at).toISOString(),
        expires_at: new Date(at + 3_600_000).toISOString(),
        project: { id: 'p1' },
        catalog: [endpoint('compute', '/v2.1'), endpoint('placement', '/placement')],
      },
    };
  }
}

const row = (v: NovaVm) => ({
  id: v.id,
  name: `vm-${v.id.slice(-4)}`,
  status: v.status,
  metadata: { 'lifeboat:business_type': 'web' },
  tags: [],
  flavor: { vcpus: 1, ram: 1_024, disk: 10, ephemeral: 0, swap: 0, extra_specs: {} },
  image: '',
  'OS-EXT-SRV-ATTR:host': v.host,
  'OS-EXT-STS:vm_state': v.status === 'SHUTOFF' ? 'stopped' : 'active',
  'OS-EXT-STS:task_state': v.task,
  'OS-EXT-AZ:availability_zone': 'nova',
  server_groups: [],
});
