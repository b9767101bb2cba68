import assert from 'node:assert/strict';
import { it } from 'node:test';
import { instant, type VmId } from '@lifeboat/kernel';
import { type Context, nobody, nowhere } from './cloud.contract-tools.ts';
import type { MigrationRecord } from './cloud.ts';
import { refusedAs, taken } from './contract-tools.ts';

const isOver = (state: MigrationRecord['state']): boolean => state !== 'running' && state !== 'waiting';

/** VMs that leave a host that is well: alive where they can, cold where not. The record tells how it ended, not the VM. */
export const migrating = (c: Context) => {
  it('moves one cold to the host that was named, and waits for the confirmation there', async () => {
    const [, from, to] = c.hosts();
    const [vm] = (await c.h.bootVms(1, from)) as [VmId];
    taken(await c.h.cloud.move(vm, to));
    const moved = await c.ask.settled(vm, (v) => v.vmState === 'resized');
    assert.deepEqual([moved.host, moved.status], [to, 'VERIFY_RESIZE']);
    taken(await c.h.cloud.confirmMove(vm));
    assert.equal((await c.ask.settled(vm, (v) => v.vmState === 'active')).host, to);
    await c.h.deleteVms();
  });
  it('migrates one alive: taken at once, and its record tells when it is there', async () => {
    const [, from, to] = c.hosts();
    const [vm] = (await c.h.bootVms(1, from)) as [VmId];
    const since = instant(c.h.now() - 60_000);
    taken(await c.h.cloud.liveMigrate(vm, to));
    const record = await c.ask.migrated(from, vm, (r) => isOver(r.state));
    assert.deepEqual([record.how, record.state, record.from, record.to], ['live', 'done', from, to], record.status);
    const there = await c.ask.settled(vm, (v) => v.host === to);
    assert.deepEqual([there.status, there.vmState], ['ACTIVE', 'active']);
    assert.deepEqual(
      taken(await c.h.cloud.migrationsFrom(from, since)).flatMap((r) => (r.vm === vm ? [r.id] : [])),
      [record.id],
    );
    assert.equal((await c.ask.migration(to, vm))?.id, undefined, 'not away from where it went');
    assert.ok(!taken(await c.h.cloud.evacuationsFrom(from)).some((r) => r.vm === vm), 'it is no evacuation');
    refusedAs(await c.h.cloud.abortMigration(vm, record.id), 'CLOUD_CONFLICT');
    await c.h.deleteVms();
  });
  it('takes a live migration that is not possible; the record says failed, and the VM runs on where it is', async () => {
    const [, from, to] = c.hosts();
    const [vm] = (await c.h.bootVms(1, from)) as [VmId];
    taken(await c.h.cloud.disable(to, 'Lifeboat contract test'));
    taken(await c.h.cloud.liveMigrate(vm, to));
    assert.equal((await c.ask.migrated(from, vm, (r) => isOver(r.state))).state, 'failed');
    const stayed = await c.ask.settled(vm, (v) => v.vmState === 'active');
    assert.equal(stayed.host, from);
    taken(await c.h.cloud.enable(to));
  });
  it('refuses what is not active, whom nobody knows, and a target that does not exist', async () => {
    const [, from, to] = c.hosts();
    const [vm] = (await c.h.bootVms(1, from)) as [VmId];
    taken(await c.h.cloud.stop(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'stopped');
    refusedAs(await c.h.cloud.liveMigrate(vm, to), 'CLOUD_CONFLICT');
    refusedAs(await c.h.cloud.liveMigrate(nobody, to), 'CLOUD_NOT_FOUND');
    refusedAs(await c.h.cloud.abortMigration(vm, '999999'), 'CLOUD_CONFLICT');
    refusedAs(await c.h.cloud.abortMigration(nobody, '999999'), 'CLOUD_NOT_FOUND');
    taken(await c.h.cloud.start(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'active');
    refusedAs(await c.h.cloud.liveMigrate(vm, nowhere), 'CLOUD_REFUSED');
    await c.h.deleteVms();
  });
  it('moves a stopped one cold, and it is stopped where it went', async () => {
    const [, from, to] = c.hosts();
    const [vm] = (await c.h.bootVms(1, from)) as [VmId];
    taken(await c.h.cloud.stop(vm));
    await c.ask.settled(vm, (v) => v.vmState === 'stopped');
    taken(await c.h.cloud.move(vm, to));
    const arrived = await c.ask.migrated(from, vm, (r) => isOver(r.state));
    assert.deepEqual([arrived.how, arrived.state, arrived.to], ['cold', 'arrived', to]);
    await c.ask.settled(vm, (v) => v.vmState === 'resized');
    taken(await c.h.cloud.confirmMove(vm));
    assert.equal((await c.ask.migrated(from, vm, (r) => r.state === 'done')).id, arrived.id);
    assert.equal((await c.ask.settled(vm, (v) => v.vmState === 'stopped')).host, to);
    await c.h.deleteVms();
  });
};
