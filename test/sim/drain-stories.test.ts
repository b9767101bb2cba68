import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NewEvent } from '@lifeboat/contracts';
import { hostId, instant, type VmId } from '@lifeboat/kernel';
import type { Stage } from './simulate.ts';
import { alpha, placesOf, type Told, tell } from './stories.ts';
import { cloudBlindToMigrations } from './without.ts';

const well = (t: Told) => assert.deepEqual(t.violations, [], t.trace.slice(-40).join('\n'));
const drain = (more: object = {}): NewEvent => ({
  type: 'lifeboat.drain.chosen',
  data: { host: alpha, disable: true, by: 'li.wei', at: instant(Date.now()), ...more },
});
const orders = (s: Stage, ms: number, more: object = {}) => s.at(ms, () => s.order(drain({ at: s.world.now(), ...more })));
const closed = (t: Told) => t.of('lifeboat.drain.closed')[0]?.data;
const calls = (t: Told, what: string) => t.trace.filter((l) => l.includes(what)).length;
const nothingForced = (t: Told) => {
  assert.equal(t.of('lifeboat.host.isolated').length, 0);
  assert.equal(calls(t, 'to take compute-01 for down'), 0);
  assert.equal(calls(t, 'asks Nova to evacuate'), 0);
};

describe('Stories of planned evacuation', () => {
  it('a host that is well is emptied: every VM leaves it alive, each runs once all the time', async () => {
    const t = await tell(120_000, (s) => orders(s, 10_000));
    well(t);
    assert.equal(closed(t)?.outcome, 'emptied');
    for (const vm of t.vms) assert.equal(closed(t)?.vms.find((v) => v.vm === vm)?.how, 'live');
    for (const at of placesOf(t.world, t.vms)) assert.ok(at.length === 1 && at[0] !== alpha);
    nothingForced(t);
    assert.equal(calls(t, `service of ${alpha}: disabled`) > 0, true);
  });

  it('powered off afterwards it is planned work: nothing is told', async () => {
    const t = await tell(200_000, (s) => {
      orders(s, 10_000);
      s.at(100_000, () => s.world.powerOff(alpha, 'for the new memory'));
    });
    well(t);
    assert.equal(t.of('lifeboat.fault.confirmed').length, 0);
  });

  it('the host fails in the middle: the ordinary incident has what is left, and no VM runs twice', async () => {
    for (const ms of [1_500, 3_000, 5_000]) {
      const t = await tell(240_000, (s) => {
        orders(s, 10_000);
        s.once('lifeboat.migration.started', () => s.at(ms, () => s.world.powerOff(alpha)));
        for (const after of [300_000, 400_000, 500_000])
          s.at(after, () => s.order({ type: 'lifeboat.release.approved', data: { host: alpha, by: 'li.wei', at: s.world.now() } }));
      });
      well(t);
      assert.equal(closed(t)?.outcome, 'host-failed');
      assert.equal(t.incidents, 1);
      const left = new Set(t.of('lifeboat.vm.unevacuable').map((e) => e.data.vm));
      for (const vm of t.vms) {
        const at = [...t.world.vm(vm).copies.keys()];
        assert.ok((at.length === 1 && at[0] !== alpha) || left.has(vm), `${vm} at ${at.join()} after ${ms} ms`);
      }
    }
  });

  /** Its power goes at the moment at which a guest has gone over, and before Nova has heard of that. */
  const diesAfterTheSwitch = (s: Stage) => {
    orders(s, 10_000);
    s.world.onFact((f) => {
      if (f.kind === 'copy' && f.running && f.why === `live-migrated from ${alpha}`) s.world.powerOff(alpha);
    });
    for (const after of [500_000, 600_000])
      s.at(after, () => s.order({ type: 'lifeboat.release.approved', data: { host: alpha, by: 'li.wei', at: s.world.now() } }));
  };

  it('it fails when a guest has just gone over and Nova does not know: that VM is left where it runs, and a person is told where', async () => {
    const t = await tell(450_000, diesAfterTheSwitch);
    well(t);
    const left = t.of('lifeboat.vm.unevacuable').map((e) => e.data);
    assert.equal(left.length, 1, 'the one whose turn had not come is evacuated');
    const [vm] = left as [(typeof left)[number]];
    const [at] = [...t.world.vm(vm.vm).copies.keys()];
    assert.match(vm.reason, new RegExp(`its guest runs on ${at} by its agent`));
    for (const places of placesOf(t.world, t.vms)) assert.equal(places.length, 1);
  });

  it('without the look at what is not decided that VM would run twice', async () => {
    const t = await tell(450_000, diesAfterTheSwitch, { wrap: { cloud: cloudBlindToMigrations } });
    const broken = new Set(t.violations.map((v) => v.rule));
    assert.ok(broken.has('migration-decided') && broken.has('runs-once'), [...broken].join());
  });

  it('a target fails in the middle: its VMs stay where they were, and go elsewhere', async () => {
    const t = await tell(240_000, (s) => {
      orders(s, 10_000);
      s.once('lifeboat.migration.started', (e) => s.at(2_000, () => s.world.powerOff(e.data.to)));
    });
    well(t);
    for (const at of placesOf(t.world, t.vms)) assert.equal(at.length, 1);
  });

  it('live migration is refused: without leave to restart them the VMs stay, each an item; with it they go cold', async () => {
    const refusing = (cold: boolean) => (s: Stage) => {
      s.at(1_000, () => {
        s.nova.api.liveRefused = 1;
      });
      orders(s, 10_000, { cold });
    };
    const stay = await tell(240_000, refusing(false), { healMs: 1 } as never);
    assert.deepEqual(
      stay.violations.filter((v) => v.rule !== 'nothing-forgotten'),
      [],
    );
    const cold = await tell(240_000, refusing(true));
    well(cold);
    assert.equal(closed(cold)?.outcome, 'emptied');
    assert.ok(closed(cold)?.vms.every((v) => v.how === 'cold'));
    assert.equal(closed(stay)?.outcome, 'partly');
    for (const at of placesOf(stay.world, stay.vms)) assert.deepEqual(at, [alpha]);
    assert.equal(stay.of('lifeboat.vm.unevacuable').length, stay.vms.length);
  });

  it('ended by a person: no new moves, those on their way arrive', async () => {
    const t = await tell(120_000, (s) => {
      orders(s, 10_000);
      s.once('lifeboat.migration.started', () =>
        s.order({ type: 'lifeboat.drain.halted', data: { host: alpha, by: 'li.wei', at: s.world.now() } }),
      );
    });
    well(t);
    assert.equal(closed(t)?.outcome, 'stopped');
    assert.ok((closed(t)?.vms.filter((v) => v.outcome === 'left').length ?? 0) > 0 || t.vms.length <= 2);
  });

  it('the migrator dies with a call in hand: its successor finds it, and asks for no second one', async () => {
    const t = await tell(180_000, (s) => {
      orders(s, 10_000);
      s.once('lifeboat.migration.requested', () => s.at(60, () => s.kill('migrator-1')));
    });
    well(t);
    assert.equal(closed(t)?.outcome, 'emptied');
    const vms = new Set<VmId>(t.vms);
    assert.equal(calls(t, 'asks Nova to migrate'), vms.size);
  });

  it('is released by a person, and by nobody else', async () => {
    const t = await tell(200_000, (s) => {
      orders(s, 10_000);
      s.at(150_000, () => s.order({ type: 'lifeboat.release.approved', data: { host: alpha, by: 'li.wei', at: s.world.now() } }));
    });
    well(t);
    const released = t.of('lifeboat.host.released');
    assert.deepEqual(
      released.map((e) => e.data.host),
      [hostId('compute-01')],
    );
    assert.equal(t.trace.filter((l) => l.includes('service of compute-01: enabled')).length, 1);
  });
});
