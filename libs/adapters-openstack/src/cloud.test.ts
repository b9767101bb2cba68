import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeFailure, hostId, type Outcome, vmId } from '@lifeboat/kernel';
import { fakeOpenStack, type Reply, recorded, testClock } from '../test-support/fake-openstack.ts';
import type { OpenStackCloud } from './cloud.ts';
import { cloudOn } from './open.ts';
import type { Limits } from './options.ts';

type Fake = Awaited<ReturnType<typeof fakeOpenStack>>;
const server = (recorded('server-show-2.93').response as { server: Record<string, unknown> }).server;
const id = (n: number) => vmId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
const vm = id(1);
const action = `/v2.1/servers/${vm}/action`;
const refusal = (o: Outcome<unknown>): [string, string] => {
  assert.equal(o.ok, false);
  return o.ok ? ['', ''] : [o.code, o.detail];
};
const value = <T>(o: Outcome<T>): T => {
  assert.ok(o.ok, o.ok ? '' : describeFailure(o));
  return o.value;
};

let fake: Fake;
let clock: ReturnType<typeof testClock>;
let cloud: OpenStackCloud;
const open = (limits: Partial<Limits> = {}) => cloudOn(fake.config, { clock, limits });
beforeEach(async () => {
  fake = await fakeOpenStack();
  clock = testClock();
  cloud = open();
});
afterEach(async () => {
  await cloud.close();
  await fake.close();
});

describe('OpenStack: tokens', () => {
  it('asks Keystone once for many calls at the same time', async () => {
    await Promise.all(Array.from({ length: 10 }, () => cloud.computeServices()));
    assert.equal(fake.times('POST', '/v3/auth/tokens'), 1);
  });
  it('renews before the token lapses, by the monotonic clock', async () => {
    fake.lifetimeMs = 600_000;
    value(await cloud.computeServices());
    clock.at = 539_000;
    value(await cloud.computeServices());
    assert.equal(fake.times('POST', '/v3/auth/tokens'), 1);
    clock.at = 541_000;
    value(await cloud.computeServices());
    assert.equal(fake.times('POST', '/v3/auth/tokens'), 2);
  });
  it('renews once when a token is refused, for all calls that were refused, and does their work', async () => {
    value(await cloud.computeServices());
    fake.revokeAll();
    fake.route(`POST ${action}`, () => ({ status: 200 }));
    const all = await Promise.all([cloud.computeServices(), cloud.computeServices(), cloud.evacuate(vm)]);
    for (const o of all) value<unknown>(o);
    assert.equal(fake.times('POST', '/v3/auth/tokens'), 2);
    const taken = fake.asked.filter((a) => a.path === action && a.token === 'token-2');
    assert.equal(taken.length, 1, 'the evacuation was taken once');
  });
  it('gives up when the new token is refused too', async () => {
    fake.route('GET /v2.1/os-services', () => ({ status: 401, body: { error: { message: 'no' } } }));
    assert.equal(refusal(await cloud.computeServices())[0], 'CLOUD_UNAUTHORIZED');
    assert.equal(fake.times('GET', '/v2.1/os-services'), 2);
  });
  it('says CLOUD_UNAUTHORIZED when Keystone refuses, without asking again and without the password', async () => {
    fake.route('POST /v3/auth/tokens', () => ({ status: 401, body: { error: { code: 401, message: 'wrong password' } } }));
    const [code, detail] = refusal(await cloud.computeServices());
    assert.equal(code, 'CLOUD_UNAUTHORIZED');
    assert.match(detail, /auth\/tokens: 401 wrong password/);
    assert.equal(fake.times('POST', '/v3/auth/tokens'), 1);
  });
  it('says that nothing was sent while Keystone is away, and comes up by itself', async () => {
    fake.route(`POST ${action}`, () => ({ status: 200 }));
    fake.route('POST /v3/auth/tokens', (_, times) => (times % 2 === 1 ? { status: 503 } : 'reset'));
    assert.equal(refusal(await cloud.evacuate(vm))[0], 'CLOUD_UNREACHABLE');
    assert.deepEqual(clock.slept, [250, 1000]);
    fake.unroute('POST /v3/auth/tokens');
    value(await cloud.evacuate(vm));
    assert.equal(fake.times('POST', action), 1);
  });
  it('never says of a VM that it is gone because something else was not found', async () => {
    fake.route('POST /v3/auth/tokens', () => ({ status: 404, body: { error: { code: 404, message: 'no such domain' }, errors: [] } }));
    assert.equal(refusal(await cloud.vm(vm))[0], 'CLOUD_BAD_ANSWER');
    await cloud.close();
    const times = { issued_at: '2026-01-01T00:00:00Z', expires_at: '2026-01-01T01:00:00Z' };
    fake.route('POST /v3/auth/tokens', () => ({
      status: 201,
      headers: { 'X-Subject-Token': 't' },
      body: { token: { ...times, catalog: fake.catalog(['identity']) } },
    }));
    cloud = open();
    const [code, detail] = refusal(await cloud.vm(vm));
    assert.deepEqual([code, /has no service of type 'compute', only identity/.test(detail)], ['CLOUD_BAD_ANSWER', true], detail);
  });
  it("does not take a proxy's 404 for Nova's", async () => {
    fake.route(`GET /v2.1/servers/${vm}`, () => ({ status: 404, text: '<html>not here</html>' }));
    assert.equal(refusal(await cloud.vm(vm))[0], 'CLOUD_BAD_ANSWER');
    fake.route(`GET /v2.1/servers/${vm}`, () => ({ status: 404, body: recorded('evacuate-fail-unknown-server').response }));
    assert.equal(refusal(await cloud.vm(vm))[0], 'CLOUD_NOT_FOUND');
  });
});

describe('OpenStack: what may be repeated', () => {
  it('reads again after a 5xx, a few times, with growing waits', async () => {
    fake.route('GET /v2.1/os-services', (_, times) => (times < 3 ? { status: 503 } : { body: { services: [] } }));
    value(await cloud.computeServices());
    assert.deepEqual(clock.slept, [250, 1000]);
    fake.route('GET /v2.1/os-services', () => ({ status: 500, body: { computeFault: { message: 'the database is away' } } }));
    const [code, detail] = refusal(await cloud.computeServices());
    assert.deepEqual([code, detail], ['CLOUD_FAILED', 'GET compute/os-services?binary=nova-compute: 500 the database is away [req-fake]']);
    assert.equal(fake.times('GET', '/v2.1/os-services'), 3 + 3);
  });
  it('puts a service again after a reset', async () => {
    const path = '/v2.1/os-services/f7d94548-dcfa-444f-89be-1c1d3a5419d6';
    fake.route(`PUT ${path}`, (_, times) => (times === 1 ? 'reset' : { body: {} }));
    value(await cloud.forceDown(hostId('compute-3')));
    assert.deepEqual(
      fake.asked.filter((a) => a.path === path).map((a) => a.body),
      ['{"forced_down":true}', '{"forced_down":true}'],
    );
  });
  for (const [name, reply, code] of [
    ['a reset', 'reset', 'CLOUD_TIMEOUT'],
    ['half an answer', 'half', 'CLOUD_TIMEOUT'],
    ['no answer', 'hang', 'CLOUD_TIMEOUT'],
    ['a 500', { status: 500 }, 'CLOUD_FAILED'],
    ['a 504', { status: 504 }, 'CLOUD_TIMEOUT'],
  ] as const)
    it(`sends an evacuation once, whatever comes back: ${name}`, async () => {
      await cloud.close();
      cloud = open({ actMs: 150 });
      fake.route(`POST ${action}`, () => reply);
      assert.equal(refusal(await cloud.evacuate(vm))[0], code);
      assert.equal(refusal(await cloud.start(vm))[0], code);
      assert.equal(fake.times('POST', action), 2);
    });
  it('sends an act over a connection of its own, reads over a kept one', async () => {
    fake.route(`POST ${action}`, () => ({ status: 202 }));
    value(await cloud.computeServices());
    value(await cloud.start(vm));
    value(await cloud.stop(vm));
    value(await cloud.computeServices());
    const ports = (path: string) => fake.asked.filter((a) => a.path === path).map((a) => a.port);
    assert.equal(new Set(ports('/v2.1/os-services')).size, 1);
    assert.equal(new Set([...ports(action), ...ports('/v2.1/os-services')]).size, 3);
  });
});

describe('OpenStack: time limits and lost servers', () => {
  it('ends a read that is never answered, within the limit of the call', async () => {
    await cloud.close();
    cloud = open({ readMs: 100, callMs: 250 });
    fake.route('GET /v2.1/os-services', () => 'hang');
    const began = performance.now();
    assert.equal(refusal(await cloud.computeServices())[0], 'CLOUD_TIMEOUT');
    assert.ok(performance.now() - began < 2000);
  });
  it('says CLOUD_UNREACHABLE when surely nothing was sent: nobody listens', async () => {
    fake.route(`POST ${action}`, () => ({ status: 200 }));
    value(await cloud.evacuate(vm));
    await fake.close();
    const [code, detail] = refusal(await cloud.evacuate(vm));
    assert.deepEqual([code, /ECONNREFUSED/.test(detail)], ['CLOUD_UNREACHABLE', true], detail);
  });
  it('never goes through a proxy of the environment', async () => {
    let visits = 0;
    const proxy = createServer((s) => {
      visits++;
      s.destroy();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as { port: number };
    const kept = { http_proxy: process.env.http_proxy, NODE_USE_ENV_PROXY: process.env.NODE_USE_ENV_PROXY };
    Object.assign(process.env, { http_proxy: `http://127.0.0.1:${port}`, NODE_USE_ENV_PROXY: '1' });
    try {
      value(await cloud.computeServices());
      assert.equal(visits, 0);
    } finally {
      for (const [k, v] of Object.entries(kept)) v === undefined ? delete process.env[k] : Object.assign(process.env, { [k]: v });
      proxy.close();
    }
  });
  it('ends what is under way when it is closed', async () => {
    fake.route('GET /v2.1/os-services', () => 'hang');
    const asked = cloud.computeServices();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await cloud.close();
    assert.equal(refusal(await asked)[0] !== '', true);
  });
});

describe('OpenStack: what was asked about a VM', () => {
  const act = (action: string, user_id: string | null, start_time: string) => ({ action, user_id, start_time });
  const asked = [act('pause', 'u1', '2026-01-01T00:00:02'), act('stop', null, '2026-01-01T00:00:01'), act('start', 'u2', '2026-01-01')];
  const whose = async () => value(await cloud.acts(vm)).map((a) => [a.act, a.by, a.ours]);
  beforeEach(() => void fake.route(`GET /v2.1/servers/${vm}/os-instance-actions`, () => ({ body: { instanceActions: asked } })));

  it('is told newest first, with who asked: we, somebody else, Nova itself', async () => {
    fake.userId = 'u1';
    assert.deepEqual(await whose(), [
      ['pause', 'u1', true],
      ['stop', null, false],
      ['start', 'u2', false],
    ]);
  });
  it('is nobody of ours while Keystone does not say who we are', async () => {
    assert.deepEqual(
      (await whose()).map(([, , ours]) => ours),
      [false, false, false],
    );
  });
});

describe('OpenStack: host names', () => {
  const topology = {
    clusters: [],
    hosts: ['compute-1.example.com', 'compute-2'].map((h) => ({
      host: hostId(h),
      cluster: 'c',
      rack: 'r',
      managementAddress: '',
      fence: [],
    })),
  };
  it("answers and acts by the topology's names, and resolves them once, hosts of others included", async () => {
    await cloud.close();
    cloud = cloudOn(fake.config, { clock, topology: () => topology as never });
    const names = async () =>
      value(await cloud.computeServices())
        .map((s) => s.host as string)
        .sort();
    assert.deepEqual((await names()).slice(0, 2), ['compute-1.example.com', 'compute-2']);
    await names();
    assert.equal(fake.times('GET', '/v2.1/os-hypervisors/detail'), 1);
    fake.route('GET /v2.1/os-aggregates', () => ({ body: { aggregates: [] } }));
    fake.route('GET /v2.1/servers/detail', (a) => ({
      body: { servers: [{ ...server, id: vm, 'OS-EXT-SRV-ATTR:host': a.query.get('host') }] },
    }));
    assert.deepEqual(
      value(await cloud.vmsOn(hostId('compute-1.example.com'))).map((v) => v.host),
      ['compute-1.example.com'],
    );
    fake.route(`POST ${action}`, () => ({ status: 200 }));
    value(await cloud.evacuate(vm, hostId('compute-1.example.com')));
    assert.equal(fake.asked.at(-1)?.body, '{"evacuate":{"host":"compute-1"}}');
  });
});

describe('OpenStack: wrong answers', () => {
  const cases: readonly (readonly [string, Reply, RegExp])[] = [
    ['no JSON', { text: '<html>login</html>' }, /not JSON: <html>login/],
    ['no list', { body: { service: [] } }, /\(whole\): .*services/],
    [
      'a field of the wrong kind',
      { body: { services: [{ host: 7, binary: 'nova-compute', status: 'enabled' }] } },
      /services\.0\.host: must be string/,
    ],
    ['a redirect', { status: 302, headers: { Location: 'https://elsewhere' } }, /302/],
  ];
  for (const [name, reply, says] of cases)
    it(`names the field: ${name}`, async () => {
      fake.route('GET /v2.1/os-services', () => reply);
      const [code, detail] = refusal(await cloud.computeServices());
      assert.equal(code, 'CLOUD_BAD_ANSWER');
      assert.match(detail, says);
    });
  it('says what credentials without the admin role cannot see', async () => {
    const { 'OS-EXT-SRV-ATTR:host': _, ...poor } = server;
    fake.route(`GET /v2.1/servers/${vm}`, () => ({ body: { server: poor } }));
    const [code, detail] = refusal(await cloud.vm(vm));
    assert.deepEqual([code, /admin role/.test(detail)], ['CLOUD_FORBIDDEN', true]);
  });
  it('does not believe a list of servers that did not heed the host', async () => {
    fake.route('GET /v2.1/servers/detail', () => ({ body: { servers: [{ ...server, id: vm, 'OS-EXT-SRV-ATTR:host': 'compute-5' }] } }));
    assert.equal(refusal(await cloud.vmsOn(hostId('compute-1')))[0], 'CLOUD_FORBIDDEN');
  });
  it('says nothing rather than half when a cell of Nova is silent', async () => {
    fake.route('GET /v2.1/servers/detail', () => ({ body: { servers: [{ id: vm, status: 'UNKNOWN', tenant_id: 't' }] } }));
    assert.equal(refusal(await cloud.vmsOn(hostId('compute-1')))[0], 'CLOUD_FAILED');
    fake.route('GET /v2.1/os-services', () => ({ body: { services: [{ binary: 'nova-compute', host: 'compute-1', status: 'UNKNOWN' }] } }));
    assert.equal(refusal(await cloud.vmsOn(hostId('compute-1')))[0], 'CLOUD_FAILED');
    assert.deepEqual(value(await cloud.computeServices()), [], 'not listed is unknown, not down');
  });
});

describe('OpenStack: pages', () => {
  it('reads all pages by the marker alone, whatever host the link names', async () => {
    fake.route('GET /v2.1/servers/detail', (a) => {
      const from = Number(a.query.get('marker')?.slice(-3) ?? 0);
      const servers = [1, 2].map((i) => ({ ...server, id: id(from + i), 'OS-EXT-SRV-ATTR:host': 'compute-1' }));
      const next = { rel: 'next', href: `https://internal.example/v2.1/servers/detail?limit=2&marker=${id(from + 2)}` };
      return { body: { servers, ...(from < 4 ? { servers_links: [next] } : {}) } };
    });
    const vms = value(await cloud.vmsOn(hostId('compute-1')));
    assert.deepEqual(
      vms.map((v) => v.vm),
      [1, 2, 3, 4, 5, 6].map(id),
    );
    const asked = fake.asked.filter((a) => a.path === '/v2.1/servers/detail');
    assert.deepEqual(
      asked.map((a) => [a.query.get('all_tenants'), a.query.get('host')]),
      [
        ['1', 'compute-1'],
        ['1', 'compute-1'],
        ['1', 'compute-1'],
      ],
    );
  });
  it('starts again when the marker was deleted meanwhile', async () => {
    fake.route('GET /v2.1/servers/detail', (a, times) => {
      if (times === 2) return { status: 400, body: { badRequest: { code: 400, message: `marker [${id(1)}] not found` } } };
      const [first, second] = [1, 2].map((n) => ({ ...server, id: id(n), 'OS-EXT-SRV-ATTR:host': 'compute-1' }));
      return a.query.has('marker') || times > 2
        ? { body: { servers: [second] } }
        : { body: { servers: [first], servers_links: [{ rel: 'next', href: `http://x/?marker=${id(1)}` }] } };
    });
    assert.deepEqual(
      value(await cloud.vmsOn(hostId('compute-1'))).map((v) => v.vm),
      [id(2)],
    );
  });
  it('does not go round for ever', async () => {
    fake.route('GET /v2.1/os-migrations', () => ({
      body: { migrations: [], migrations_links: [{ rel: 'next', href: 'http://x/?marker=a' }] },
    }));
    assert.equal(refusal(await cloud.evacuationsFrom(hostId('compute-3')))[0], 'CLOUD_BAD_ANSWER');
  });
  it('asks for many VMs by what changed lately, and one by one only for the rest', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => id(i + 1));
    const row = (n: number) => ({ ...server, id: id(n) });
    fake.route('GET /v2.1/servers/detail', () => ({
      body: { servers: [...Array.from({ length: 10 }, (_, i) => row(i + 1)), row(99), { id: id(11), status: 'DELETED' }] },
    }));
    fake.route(`GET /v2.1/servers/${id(12)}`, () => ({ body: { server: row(12) } }));
    fake.route(`GET /v2.1/servers/${id(11)}`, () => ({ status: 404, body: { itemNotFound: { message: 'gone' } } }));
    const seen = value(await cloud.vms(ids));
    assert.deepEqual(
      seen.map((v) => v.vm).sort(),
      ids.filter((i) => i !== id(11)),
    );
    const asked = fake.asked.filter((a) => a.path.startsWith('/v2.1/servers/'));
    assert.equal(asked.length, 3);
    assert.equal(asked[0]?.query.get('changes-since'), '2025-12-31T23:50:00.000Z');
  });
});

describe('OpenStack: what a health page can tell', () => {
  it('what cannot be read, with call and field, until it can be read again', async () => {
    fake.route('GET /v2.1/os-services', () => ({ body: { services: [{ binary: 'nova-compute', status: 'enabled' }] } }));
    await cloud.computeServices();
    const [trouble, ...more] = cloud.troubles();
    assert.match(trouble ?? '', /^OpenStack, compute services: CLOUD_BAD_ANSWER: .*GET compute\/os-services.*services\.0.*host/);
    assert.deepEqual(more, []);
    fake.unroute('GET /v2.1/os-services');
    value(await cloud.computeServices());
    assert.deepEqual(cloud.troubles(), []);
  });
  it('not that a server is gone; and not for ever what nobody asks for any more', async () => {
    fake.route(`GET /v2.1/servers/${vm}`, () => ({ status: 404, body: { itemNotFound: { message: 'gone' } } }));
    await cloud.vm(vm);
    assert.deepEqual(cloud.troubles(), []);
    fake.route('GET /v2.1/os-migrations', () => ({ status: 500, body: { computeFault: { message: 'no' } } }));
    await cloud.evacuationsFrom(hostId('compute-3'));
    assert.match(cloud.troubles()[0] ?? '', /evacuations: CLOUD_FAILED/);
    clock.at += 11 * 60_000;
    assert.deepEqual(cloud.troubles(), []);
  });
});
