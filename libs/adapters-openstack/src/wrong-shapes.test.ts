import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { hostId, type Outcome, vmId } from '@lifeboat/kernel';
import { fakeOpenStack, recorded, testClock } from '../test-support/fake-openstack.ts';
import type { OpenStackCloud } from './cloud.ts';
import type { Places } from './fleet/join.ts';
import { cloudOn } from './open.ts';

const vm = vmId('00000000-0000-4000-8000-000000000001');
const { server } = recorded('server-show-2.93').response as { server: Record<string, unknown> };
const { hypervisors } = recorded('os-hypervisors-detail').response as { hypervisors: { id: string; service: { host: string } }[] };
const known = hypervisors[0] as (typeof hypervisors)[number];
const host = hostId(known.service.host);
const places = {
  clusters: [{ cluster: 'c' }],
  hosts: [{ host: known.service.host, cluster: 'c', rack: 'r', managementAddress: '', fence: [] }],
} as unknown as Places;
const books = `GET /placement/resource_providers/${known.id}`;
const mine = { ...server, id: vm, 'OS-EXT-SRV-ATTR:host': host };
const call = {
  services: (c: OpenStackCloud) => c.computeServices(),
  vm: (c: OpenStackCloud) => c.vm(vm),
  vmsOn: (c: OpenStackCloud) => c.vmsOn(host),
  evacuations: (c: OpenStackCloud) => c.evacuationsFrom(host),
  fleet: (c: OpenStackCloud) => c.fleet(),
} satisfies Record<string, (c: OpenStackCloud) => Promise<Outcome<unknown>>>;

/** What is asked, by which call, and what is answered where all is well. */
const answers: readonly [route: string, call: keyof typeof call, body: unknown][] = [
  ['GET /v2.1/os-services', 'services', recorded('os-services-list').response],
  ['GET /v2.1/', 'services', { version: { id: 'v2.1', version: '2.93', min_version: '2.1' } }],
  [`GET /v2.1/servers/${vm}`, 'vm', { server: mine }],
  ['GET /v2.1/servers/detail', 'vmsOn', { servers: [mine] }],
  ['GET /v2.1/os-migrations', 'evacuations', recorded('os-migrations-evacuation').response],
  ['GET /v2.1/os-hypervisors/detail', 'fleet', recorded('os-hypervisors-detail').response],
  ['GET /v2.1/os-aggregates', 'fleet', recorded('aggregates-list').response],
  ['GET /v2.1/os-server-groups', 'fleet', recorded('server-groups-list').response],
  [
    'GET /placement/resource_providers',
    'fleet',
    { resource_providers: hypervisors.map((h) => ({ uuid: h.id, name: h.service.host, generation: 1 })) },
  ],
  [`${books}/inventories`, 'fleet', recorded('placement-inventories-livehost').response],
  [`${books}/traits`, 'fleet', recorded('placement-traits-livehost').response],
  [`${books}/usages`, 'fleet', recorded('placement-usages-livehost').response],
];

type Path = readonly (string | number)[];
/** Every field, of the first item of every list. */
const pathsOf = (value: unknown, path: Path = []): Path[] => {
  if (Array.isArray(value)) return [path, ...(value.length > 0 ? pathsOf(value[0], [...path, 0]) : [])];
  if (typeof value === 'object' && value !== null) return [path, ...Object.entries(value).flatMap(([k, v]) => pathsOf(v, [...path, k]))];
  return [path];
};
const withOther = (value: unknown, [key, ...rest]: Path, other: unknown): unknown => {
  if (key === undefined) return other;
  const inner = withOther((value as never)[key], rest, other);
  return Array.isArray(value) ? value.with(key as number, inner) : { ...(value as object), [key]: inner };
};
const others = [null, 7.5, {}];

let fake: Awaited<ReturnType<typeof fakeOpenStack>>;
beforeEach(async () => {
  fake = await fakeOpenStack();
  for (const [route, , body] of answers) answered(route, body);
});
afterEach(() => fake.close());
/** By a client that has kept nothing. */
async function ask(name: keyof typeof call): Promise<Outcome<unknown>> {
  const cloud = cloudOn(fake.config, { clock: testClock(), topology: () => places });
  try {
    return await call[name](cloud);
  } finally {
    await cloud.close();
  }
}
/** The first page; there is no second, and no server on another host. */
const answered = (route: string, body: unknown) =>
  fake.route(route, (a) => {
    const otherHost = route.endsWith('servers/detail') && ![null, host].includes(a.query.get('host') as never);
    return { body: otherHost ? { servers: [] } : Number(a.query.get('offset')) > 0 ? { server_groups: [] } : body };
  });
/** Of a call that went well, or was refused in words. */
const named = (o: Outcome<unknown>, what: string) => {
  if (!o.ok) assert.ok(/^CLOUD_[A-Z_]+$/.test(o.code) && o.detail.length > 10, `${what}: ${o.code}: ${o.detail}`);
  return o;
};

describe('OpenStack: answers of the wrong shape', () => {
  for (const [route, name, body] of answers)
    it(`${route}: any field may be anything: refused by name or of no consequence, never thrown`, async () => {
      const usual = await ask(name);
      assert.ok(usual.ok, usual.ok ? '' : usual.detail);
      let refused = 0;
      for (const path of pathsOf(body))
        for (const other of others) {
          answered(route, withOther(body, path, other));
          const o = named(await ask(name), `${path.join('.')} = ${JSON.stringify(other)}`);
          if (!o.ok && o.code === 'CLOUD_BAD_ANSWER') refused += 1;
        }
      assert.ok(refused > 0, 'nothing was refused as a bad answer');
    });

  it('what is no JSON at all, or the page of a proxy, is refused with its beginning', async () => {
    for (const text of ['', 'null', '[]', '"x"', '<html><h1>Bad gateway</h1></html>', '{"services": [', '\u0000\u0001']) {
      fake.route('GET /v2.1/os-services', () => ({ text }));
      const o = named(await ask('services'), JSON.stringify(text));
      assert.deepEqual([o.ok, !o.ok && o.code], [false, 'CLOUD_BAD_ANSWER'], JSON.stringify(text));
      assert.match(o.ok ? '' : o.detail, /GET compute\/os-services/);
    }
  });
});
