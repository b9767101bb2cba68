import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { hostId, instant, vmId } from '@lifeboat/kernel';
import { fakeOpenStack, testClock } from '../../test-support/fake-openstack.ts';
import type { OpenStackCloud } from '../cloud.ts';
import { cloudOn } from '../open.ts';
import { migrationOf } from './records.ts';

const vm = vmId('00000000-0000-4000-8000-000000000001');
const row = (more: object = {}) => ({
  id: 7,
  uuid: '5bba1176-960f-4b8d-a1bc-9b6a1390613e',
  instance_uuid: vm,
  migration_type: 'live-migration',
  source_compute: 'compute-3',
  dest_compute: 'compute-4' as string | null,
  status: 'running',
  created_at: '2026-11-22T07:54:21.000000',
  ...more,
});

describe('what Nova says of a migration', () => {
  for (const [status, type, state] of [
    ['accepted', 'live-migration', 'running'],
    ['queued', 'live-migration', 'waiting'],
    ['preparing', 'live-migration', 'waiting'],
    ['running', 'live-migration', 'running'],
    ['post-migrating', 'live-migration', 'running'],
    ['completed', 'live-migration', 'done'],
    ['cancelled', 'live-migration', 'failed'],
    ['error', 'live-migration', 'failed'],
    ['failed', 'live-migration', 'failed'],
    ['a word of a later version', 'live-migration', 'running'],
    ['migrating', 'migration', 'running'],
    ['post-migrating', 'migration', 'running'],
    ['finished', 'migration', 'arrived'],
    ['confirming', 'migration', 'arrived'],
    ['confirmed', 'migration', 'done'],
    ['reverted', 'resize', 'failed'],
    ['error', 'resize', 'failed'],
  ] as const)
    it(`${type} ${status} is ${state}`, () => {
      const seen = migrationOf(row({ status, migration_type: type }), hostId('compute-3'), hostId);
      assert.deepEqual([seen.state, seen.how, seen.id], [state, type === 'live-migration' ? 'live' : 'cold', '7']);
    });
});

describe('migrations through the API', () => {
  let fake: Awaited<ReturnType<typeof fakeOpenStack>>;
  let cloud: OpenStackCloud;
  beforeEach(async () => {
    fake = await fakeOpenStack();
    cloud = cloudOn(fake.config, { clock: testClock() });
  });
  afterEach(async () => {
    await cloud.close();
    await fake.close();
  });
  it('are read without evacuations, and without those of another host that a proxy let through', async () => {
    const migrations = [row(), row({ migration_type: 'evacuation' }), row({ source_compute: 'compute-9' })];
    fake.route('GET /v2.1/os-migrations', () => ({ body: { migrations } }));
    const seen = await cloud.migrationsFrom(hostId('compute-3'), instant(1_795_338_061_000));
    assert.deepEqual(seen.ok ? seen.value.map((m) => [m.id, m.createdAt]) : seen, [['7', Date.parse('2026-11-22T07:54:21Z')]]);
    const asked = fake.asked.find((a) => a.path === '/v2.1/os-migrations');
    assert.deepEqual([asked?.query.get('source_compute'), asked?.query.get('changes-since')], ['compute-3', '2026-11-22T09:01:01.000Z']);
  });
  it('are asked for with the target named, the disks as they are, and nothing forced; once', async () => {
    fake.route(`POST /v2.1/servers/${vm}/action`, () => ({ status: 503 }));
    await cloud.liveMigrate(vm, hostId('compute-4'));
    const sent = fake.asked.filter((a) => a.method === 'POST' && a.path.endsWith('/action'));
    assert.deepEqual(
      sent.map((a) => JSON.parse(a.body)),
      [{ 'os-migrateLive': { host: 'compute-4', block_migration: 'auto' } }],
    );
    fake.route(`DELETE /v2.1/servers/${vm}/migrations/7`, () => ({ status: 202 }));
    assert.ok((await cloud.abortMigration(vm, '7')).ok);
  });
});
