import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StubHost {
  readonly host: string;
  readonly id: string;
  readonly vms: readonly string[];
}
type Answer = (query: URLSearchParams) => unknown;

const PAGE = 1_000;
const inventory = (total: number) => ({ total, reserved: 0, max_unit: total, allocation_ratio: 1 });

/** Keystone, Nova and Placement of a region in which nothing happens; as much of them as Lifeboat asks for. */
export async function stubOpenStack(hosts: readonly StubHost[]): Promise<{ readonly url: string; readonly server: Server }> {
  let base = '';
  const endpoint = (type: string, path: string) => ({
    type,
    endpoints: [{ interface: 'public', region_id: 'RegionOne', url: `${base}${path}` }],
  });
  const token = () => ({
    token: {
      issued_at: new Date().toISOString(),
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      project: { id: 'p1' },
      catalog: [endpoint('compute', '/v2.1'), endpoint('placement', '/placement')],
    },
  });
  const answers = answersAbout(hosts);
  const server = createServer((req, res) => {
    req.resume();
    const url = new URL(req.url ?? '/', 'http://stub');
    const send = (status: number, body: unknown) => {
      res.writeHead(status, { 'Content-Type': 'application/json', 'X-Subject-Token': 'token' });
      res.end(JSON.stringify(body));
    };
    if (url.pathname === '/v3/auth/tokens') return send(201, token());
    const path = url.pathname.replace(/^\/placement\/resource_providers\/[^/]+\//, 'provider/');
    const answer = answers[path];
    return answer === undefined ? send(404, { error: `no route ${path}` }) : send(200, answer(url.searchParams));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `${base}/v3`, server };
}

function answersAbout(hosts: readonly StubHost[]): Readonly<Record<string, Answer>> {
  const services = hosts.map((h) => ({
    binary: 'nova-compute',
    host: h.host,
    id: h.id,
    zone: 'nova',
    status: 'enabled',
    state: 'up',
    disabled_reason: null,
    forced_down: false,
  }));
  const hypervisors = hosts.map((h) => ({
    id: h.id,
    hypervisor_hostname: h.host,
    hypervisor_type: 'QEMU',
    service: { id: h.id, host: h.host, disabled_reason: null },
  }));
  const servers = hosts.flatMap((h) => h.vms.map((vm) => serverRow(vm, h.host)));
  const only = <T extends { host: string }>(rows: readonly T[], host: string | null) =>
    host === null ? rows : rows.filter((r) => r.host === host);
  return {
    '/v2.1/': () => ({ version: { id: 'v2.1', version: '2.93', min_version: '2.1' } }),
    '/placement/': () => ({ versions: [{ id: 'v1.0', max_version: '1.39', min_version: '1.0' }] }),
    '/v2.1/os-services': (q) => ({ services: only(services, q.get('host')) }),
    '/v2.1/os-hypervisors/detail': (q) => ({ hypervisors: q.has('marker') ? [] : hypervisors }),
    '/v2.1/os-aggregates': () => ({ aggregates: [] }),
    '/v2.1/os-server-groups': () => ({ server_groups: [] }),
    '/v2.1/os-migrations': () => ({ migrations: [] }),
    '/v2.1/servers/detail': (q) => {
      if (q.has('changes-since')) return { servers: [] };
      const start = q.has('marker') ? servers.findIndex((s) => s.id === q.get('marker')) + 1 : 0;
      const page = servers.slice(start, start + PAGE);
      const more = start + PAGE < servers.length;
      return {
        servers: page,
        ...(more ? { servers_links: [{ rel: 'next', href: `http://stub/servers/detail?marker=${page.at(-1)?.id}` }] } : {}),
      };
    },
    '/placement/resource_providers': () => ({ resource_providers: hosts.map((h) => ({ uuid: h.id, name: h.host, generation: 1 })) }),
    'provider/inventories': () => ({
      resource_provider_generation: 1,
      inventories: { VCPU: inventory(128), MEMORY_MB: inventory(262_144), DISK_GB: inventory(4_000) },
    }),
    'provider/traits': () => ({ traits: ['HW_CPU_X86_AVX2'], resource_provider_generation: 1 }),
    'provider/usages': () => ({ usages: { VCPU: 20, MEMORY_MB: 40_960, DISK_GB: 400 }, resource_provider_generation: 1 }),
  };
}

const serverRow = (id: string, host: string) => ({
  id,
  name: `vm-${id.slice(-6)}`,
  status: 'ACTIVE',
  metadata: { 'lifeboat:business_type': 'web' },
  tags: [],
  flavor: { vcpus: 2, ram: 4_096, disk: 40, ephemeral: 0, swap: 0, extra_specs: {} },
  image: '',
  'OS-EXT-SRV-ATTR:host': host,
  'OS-EXT-STS:vm_state': 'active',
  'OS-EXT-STS:task_state': null,
  'OS-EXT-AZ:availability_zone': 'nova',
  server_groups: [],
});
