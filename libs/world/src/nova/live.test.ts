import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostId, VmId } from '@lifeboat/kernel';
import { smallWorld } from '../testing.ts';
import { abortMigration, liveMigrate } from './live.ts';

const begun = async (change: (s: ReturnType<typeof smallWorld>) => void = () => undefined) => {
  const s = smallWorld();
  await s.clock.runFor(1_000);
  const vm = s.firstVmOn(0);
  change(s);
  assert.ok(liveMigrate(s.nova, vm, s.host(1), 'test').ok);
  const record = s.nova.moves[0];
  const server = s.nova.server(vm);
  assert.ok(record !== undefined && server !== undefined);
  const at = (): HostId[] => [...s.world.vm(vm).copies.keys()];
  const until = async (status: string) => {
    for (let i = 0; i < 1_000 && record.status !== status; i++) await s.clock.runFor(100);
    assert.equal(record.status, status);
  };
  return { ...s, vm, record, server, at, until };
};

describe('live migration', () => {
  it('ends on the other host, its guest having run once all the time', async () => {
    const s = await begun();
    assert.equal(s.server.task, 'migrating');
    await s.until('completed');
    assert.deepEqual([s.server.host, s.server.task, s.server.vmState, s.at()], [s.host(1), null, 'active', [s.host(1)]]);
    assert.deepEqual(s.world.violations, []);
  });
  it('that fails, is refused or is aborted leaves it where it was', async () => {
    for (const [level, status] of [
      ['liveRefused', 'error'],
      ['liveFailing', 'failed'],
      ['liveHanging', 'cancelled'],
    ] as const) {
      const s = await begun((x) => {
        x.nova.api[level] = 1;
      });
      if (level === 'liveHanging') {
        await s.until('running');
        await s.clock.runFor(120_000);
        assert.ok(abortMigration(s.nova, s.vm, s.record.id).ok);
      }
      await s.until(status);
      assert.deepEqual([s.server.host, s.server.task, s.at()], [s.host(0), null, [s.host(0)]]);
    }
  });
  it('whose target dies leaves it where it was', async () => {
    const s = await begun();
    await s.until('running');
    s.world.powerOff(s.host(1));
    await s.until('failed');
    assert.deepEqual([s.server.host, s.server.task, s.at()], [s.host(0), null, [s.host(0)]]);
  });
  it('whose source dies before the switch is never decided: the guest is gone, the record says running', async () => {
    const s = await begun();
    await s.until('running');
    s.world.powerOff(s.host(0));
    await s.clock.runFor(300_000);
    assert.deepEqual([s.record.status, s.server.host, s.server.task, s.at()], ['running', s.host(0), 'migrating', []]);
    s.world.powerOn(s.host(0));
    await s.clock.runFor(120_000);
    assert.deepEqual([s.record.status, s.server.task], ['running', null], 'only its task is set free when the source returns');
  });
  it('whose source dies after the switch is never decided either, and its guest runs where Nova does not have it', async () => {
    const s = await begun();
    await s.until('post-migrating');
    s.world.powerOff(s.host(0));
    await s.clock.runFor(60_000);
    assert.deepEqual([s.record.status, s.server.host, s.at()], ['post-migrating', s.host(0), [s.host(1)]]);
  });
  it('goes on without its compute service, and nobody writes it down', async () => {
    const s = await begun();
    await s.until('running');
    s.world.killCompute(s.host(0));
    await s.clock.runFor(60_000);
    assert.deepEqual([s.record.status, s.server.host, s.at()], ['running', s.host(0), [s.host(1)]]);
  });
  it('to a host that is dead without Nova knowing ends after a minute', async () => {
    const s = await begun((x) => x.world.powerOff(x.host(1)));
    await s.clock.runFor(30_000);
    assert.equal(s.record.status, 'accepted');
    await s.until('error');
    assert.equal(s.server.task, null);
  });
  it('one at a time away from one host', async () => {
    const s = await begun((x) => {
      x.nova.api.liveHanging = 1;
    });
    const [, second] = s.world.runningOn(s.host(0)) as [VmId, VmId];
    assert.ok(liveMigrate(s.nova, second, s.host(2), 'test').ok);
    await s.clock.runFor(10_000);
    assert.deepEqual(s.nova.moves.map((m) => m.status).sort(), ['queued', 'running']);
    assert.ok(!liveMigrate(s.nova, second, s.host(2), 'test').ok, 'it is at work on it');
  });
});
