import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeFailure, hostId, type Outcome, vmId } from '@lifeboat/kernel';
import { fakeOpenStack, recorded, testClock } from '../../test-support/fake-openstack.ts';
import type { OpenStackCloud } from '../cloud.ts';
import { cloudOn } from '../open.ts';

type Fake = Awaited<ReturnType<typeof fakeOpenStack>>;
const server = (recorded('server-show-2.93').response as { server: Record<string, unknown> }).server;
const vm = vmId('00000000-0000-4000-8000-000000000001');
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
let cloud: OpenStackCloud;
beforeEach(async () => {
  fake = await fakeOpenStack();
  cloud = cloudOn(fake.config, { clock: testClock() });
});
afterEach(async () => {
  await cloud.close();
  await fake.close();
});

describe('OpenStack: microversions', () => {
  const speaks = (version: string, min_version = '2.1') =>
    fake.route('GET /v2.1/', () => ({ body: { version: { id: 'v2.1', version, min_version } } }));
  const versionsOf = async (max: string) => {
    speaks(max);
    fake.route(`POST ${action}`, () => ({ status: 200 }));
    fake.route(`GET /v2.1/servers/${vm}`, () => ({ body: { server } }));
    value(await cloud.evacuate(vm));
    value(await cloud.vm(vm));
    return fake.asked.filter((a) => a.path.startsWith('/v2.1/servers')).map((a) => a.version);
  };
  it('evacuates below 2.95, so that VMs come back as they were, whatever newer the server speaks', async () => {
    assert.deepEqual(await versionsOf('2.100'), ['compute 2.93', 'compute 2.98']);
  });
  it('goes down to what the server speaks', async () => {
    assert.deepEqual(await versionsOf('2.72'), ['compute 2.72', 'compute 2.72']);
  });
  it('says clearly when the server is too old, and sends nothing', async () => {
    speaks('2.65');
    const [code, detail] = refusal(await cloud.evacuate(vm));
    assert.equal(code, 'CLOUD_REFUSED');
    assert.match(detail, /needs compute microversion 2\.68, the server speaks at most 2\.65/);
    assert.equal(fake.times('POST', action), 0);
  });
  it('says clearly when the server is too new', async () => {
    speaks('3.5', '2.99');
    assert.match(refusal(await cloud.evacuate(vm))[1], /speaks 2\.99 and newer; upgrade Lifeboat/);
  });
});

describe("OpenStack: Nova's refusals by name", () => {
  for (const [sample, code] of [
    ['evacuate-host-still-up', 'CLOUD_HOST_STILL_UP'],
    ['evacuate-fail-paused', 'CLOUD_CONFLICT'],
    ['evacuate-fail-same-host', 'CLOUD_REFUSED'],
    ['evacuate-fail-unknown-host', 'CLOUD_NOT_FOUND'],
    ['evacuate-fail-unknown-server', 'CLOUD_NOT_FOUND'],
  ] as const)
    it(`${sample} is ${code}`, async () => {
      const { code: status, response } = recorded(sample);
      fake.route(`POST ${action}`, () => ({ status, body: response }));
      const [seen, detail] = refusal(await cloud.evacuate(vm, hostId('compute-4')));
      assert.equal(seen, code);
      const [said] = Object.values(response) as { message: string }[];
      assert.ok(detail.includes(said?.message ?? 'nothing') && detail.includes('[req-fake]'), detail);
    });
  it('says CLOUD_CONFLICT when evacuation records forbid clearing the forced-down mark', async () => {
    const message = 'Unable to force up host compute-3 as `done` evacuation migration records remain associated with the host. Ensure ...';
    fake.route('PUT /v2.1/os-services/f7d94548-dcfa-444f-89be-1c1d3a5419d6', () => ({
      status: 400,
      body: { badRequest: { code: 400, message } },
    }));
    assert.equal(refusal(await cloud.clearForcedDown(hostId('compute-3')))[0], 'CLOUD_CONFLICT');
  });
  it('reads evacuation records as recorded, newest first', async () => {
    const record = (recorded('os-migrations-evacuation').response as { migrations: Record<string, unknown>[] }).migrations;
    const [first] = record;
    const more = ['accepted', 'pre-migrating', 'completed', 'error', 'failed', 'cancelled'].map((status) => ({
      ...first,
      uuid: status,
      status,
      dest_compute: null,
    }));
    fake.route('GET /v2.1/os-migrations', () => ({
      body: { migrations: [...record, ...more, { ...first, source_compute: 'compute-9' }] },
    }));
    const seen = value(await cloud.evacuationsFrom(hostId('compute-3')));
    assert.deepEqual(seen[0], {
      id: '5bba1176-960f-4b8d-a1bc-9b6a1390613e',
      vm: '93151e28-8355-4224-a75b-cefbc967aa74',
      from: 'compute-3',
      to: 'compute-4',
      state: 'done',
      status: 'done',
      createdAt: '2026-11-22T07:54:21.000000Z',
    });
    assert.deepEqual(
      seen.slice(2).map((r) => r.state),
      ['running', 'running', 'done', 'failed', 'failed', 'failed'],
    );
  });
});
