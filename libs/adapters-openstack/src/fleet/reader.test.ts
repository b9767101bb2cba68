import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeFailure, hostId, instant, type Outcome, vmId } from '@lifeboat/kernel';
import { fakeOpenStack, recorded, testClock } from '../../test-support/fake-openstack.ts';
import type { OpenStackCloud } from '../cloud.ts';
import { cloudOn } from '../open.ts';
import type { Places } from './join.ts';

const base = (recorded('server-show-in-group').response as { server: Record<string, unknown> }).server;
const services = (recorded('os-services-list').response as { services: Record<string, unknown>[] }).services;
const hypervisors = (recorded('os-hypervisors-detail').response as { hypervisors: { id: string; service: { host: string } }[] })
  .hypervisors;
const id = (n: number) => vmId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
const server = (n: number, host: string | null, more: Record<string, unknown> = {}) => ({
  ...base,
  id: id(n),
  server_groups: [],
  'OS-EXT-SRV-ATTR:host': host,
  ...more,
});
const value = <T>(o: Outcome<T>): T => {
  assert.ok(o.ok, o.ok ? '' : describeFailure(o));
  return o.value;
};
const places = {
  clusters: [{ cluster: 'c' }],
  hosts: ['compute-2', 'compute-3'].map((host) => ({ host, cluster: 'c', rack: 'r', managementAddress: '', fence: [] })),
} as unknown as Places;
/** In the middle of a second: Nova's own times have none. */
const SINCE = instant(Date.parse('2026-11-22T10:00:00.617Z'));

describe('the fleet, as it changes', () => {
  let fake: Awaited<ReturnType<typeof fakeOpenStack>>;
  let cloud: OpenStackCloud;
  let used: Record<string, number>;
  let changed: unknown[];
  const uuidOf = (host: string) => hypervisors.find((h) => h.service.host === host)?.id ?? '';
  const read = async (hostOf: (vm: string) => string | undefined = () => undefined) =>
    value(await cloud.fleetChanges(SINCE, (vm) => hostOf(vm) as never));
  const asked = (path: string) => fake.asked.filter((a) => a.path === path);

  beforeEach(async () => {
    used = { VCPU: 1, MEMORY_MB: 64, DISK_GB: 0 };
    changed = [];
    fake = await fakeOpenStack({
      'GET /v2.1/os-aggregates': () => ({ body: { aggregates: [] } }),
      'GET /v2.1/os-server-groups': () => ({ body: { server_groups: [] } }),
      'GET /v2.1/servers/detail': (a) => ({ body: { servers: a.query.has('changes-since') ? changed : [server(1, 'compute-2')] } }),
      'GET /placement/resource_providers': () => ({
        body: { resource_providers: hypervisors.map((h) => ({ uuid: h.id, name: h.service.host, generation: 1 })) },
      }),
    });
    for (const h of hypervisors) {
      const of = `GET /placement/resource_providers/${h.id}`;
      fake.route(`${of}/inventories`, () => ({ body: recorded('placement-inventories-livehost').response }));
      fake.route(`${of}/traits`, () => ({ body: { traits: [] } }));
      fake.route(`${of}/usages`, () => ({ body: { usages: used } }));
    }
    cloud = cloudOn(fake.config, { clock: testClock(), topology: () => places });
  });
  afterEach(async () => {
    await cloud.close();
    await fake.close();
  });

  it('is asked for by time, and only after it was read as a whole', async () => {
    const early = await cloud.fleetChanges(SINCE, () => undefined);
    assert.equal(early.ok ? '' : early.code, 'CLOUD_REFUSED');
    value(await cloud.fleet());
    const before = fake.asked.length;
    assert.deepEqual(await read(), { hosts: [], vms: [], gone: [], groups: [] });
    assert.equal(fake.asked.length - before, 2, 'nothing changed: two questions');
    assert.equal(asked('/v2.1/servers/detail').at(-1)?.query.get('changes-since'), '2026-11-22T10:00:00.000Z');
  });

  it('has the books of the hosts concerned read anew, and of no others', async () => {
    value(await cloud.fleet());
    used = { VCPU: 5, MEMORY_MB: 320, DISK_GB: 7 };
    changed = [server(2, 'compute-3'), server(1, 'compute-2', { status: 'DELETED' }), server(3, null), server(4, 'elsewhere')];
    const usages = (host: string) => asked(`/placement/resource_providers/${uuidOf(host)}/usages`).length;
    const before = [usages('compute-2'), usages('compute-3')];
    const changes = await read((vm) => (vm === id(1) ? 'compute-2' : undefined));
    assert.deepEqual(
      changes.vms.map((v) => [v.vm, v.host]),
      [[id(2), 'compute-3']],
    );
    assert.deepEqual([...changes.gone].sort(), [id(1), id(3), id(4)]);
    assert.deepEqual(
      changes.hosts.map((h) => [h.host, h.used]),
      ['compute-2', 'compute-3'].map((h) => [h, { vcpus: 5, memoryMb: 320, diskGb: 7 }]),
    );
    assert.deepEqual(
      [usages('compute-2'), usages('compute-3')],
      before.map((n) => n + 1),
    );
    changed = [server(2, 'compute-3')];
    await read();
    assert.deepEqual([usages('compute-2'), usages('compute-3')], [(before[0] ?? 0) + 1, (before[1] ?? 0) + 2]);
  });

  it('follows the state of every host', async () => {
    value(await cloud.fleet());
    const say = (change: object) =>
      fake.route('GET /v2.1/os-services', () => ({
        body: { services: services.map((s) => (s['host'] === 'compute-3' ? { ...s, ...change } : s)) },
      }));
    say({ state: 'down' });
    assert.deepEqual(
      (await read()).hosts.map((h) => [h.host, h.usable, h.unusableBecause]),
      [['compute-3', false, 'its compute service is down']],
    );
    assert.deepEqual((await read()).hosts, [], 'told once');
    used = { VCPU: 0, MEMORY_MB: 0, DISK_GB: 0 };
    say({});
    const [back] = (await read()).hosts;
    assert.deepEqual([back?.host, back?.usable, back?.used.vcpus], [hostId('compute-3'), true, 0], 'its books are read when it returns');
  });

  it('gives no answer rather than half of one, where a cell is silent', async () => {
    value(await cloud.fleet());
    fake.route('GET /v2.1/os-services', () => ({ body: { services: [{ binary: 'nova-compute', host: 'compute-2', status: 'UNKNOWN' }] } }));
    const silent = await cloud.fleetChanges(SINCE, () => undefined);
    assert.equal(silent.ok ? '' : silent.code, 'CLOUD_FAILED');
    assert.match(silent.ok ? '' : silent.detail, /cell of compute-2/);
  });
});
