import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventType } from '@lifeboat/contracts';
import type { VmId } from '@lifeboat/kernel';
import { reboot } from '@lifeboat/world';
import type { Stage } from './simulate.ts';
import { alpha, firsts, placesOf, type Told, tell } from './stories.ts';

const well = (t: Told) => assert.deepEqual(t.violations, [], t.trace.slice(-40).join('\n'));
const mended: EventType[] = ['lifeboat.vm.failed', 'lifeboat.restart.requested', 'lifeboat.vm.cleared', 'lifeboat.vm.recovered'];
const firstOn = (s: Stage): VmId => s.world.runningOn(alpha)[0] as VmId;
const runsOf = (t: Told, vm: VmId) => t.world.vm(vm).runs.map((r) => r.host);
const stateOf = (t: Told, vm: VmId) => [...t.world.vm(vm).copies.values()].map((c) => c.state);

describe('Stories of single VMs that fail', () => {
  it('one crashes: told with its evidence, restarted where it was, seen running', async () => {
    const t = await tell(60_000, (s) => s.at(10_000, () => s.world.crashVm(firstOn(s))));
    well(t);
    assert.deepEqual(firsts(t.events, mended), mended);
    const [failed] = t.of('lifeboat.vm.failed');
    const [recovered] = t.of('lifeboat.vm.recovered');
    assert.ok(failed !== undefined && recovered !== undefined);
    assert.equal(failed.data.verdict, 'VM failure');
    assert.ok(failed.data.evidence.some((e) => e.signal === 'vm' && e.is.startsWith('crashed')));
    assert.ok(
      failed.data.evidence.some((e) => e.signal === 'agent' && e.is === 'ok'),
      'and that its host is well',
    );
    assert.deepEqual([recovered.data.attempts, recovered.data.moved, recovered.incident], [1, false, failed.data.incident]);
    assert.deepEqual(runsOf(t, failed.data.vm), [alpha, alpha]);
    // each names the one before: the order the verdict, the act the order
    const [ordered] = t.of('lifeboat.restart.requested');
    const [restarted] = t.of('lifeboat.vm.restarted');
    assert.deepEqual([ordered?.causation, restarted?.causation], [failed.id, ordered?.id]);
  });

  it('one hangs: rebooted', async () => {
    const t = await tell(60_000, (s) => s.at(10_000, () => s.world.ailVm(firstOn(s), 'hung')));
    well(t);
    assert.equal(t.of('lifeboat.vm.failed')[0]?.data.failure, 'hung');
    assert.deepEqual(firsts(t.events, mended), mended);
  });

  it('one is paused by an I/O error of its host: resumed in place until that goes well, and never restarted', async () => {
    const t = await tell(120_000, (s) => {
      s.at(10_000, () => s.world.breakStorage([alpha]));
      s.at(18_000, () => s.world.mendStorage());
    });
    well(t);
    assert.ok(t.of('lifeboat.restart.requested').every((e) => e.data.how === 'resume'));
    assert.equal(t.of('lifeboat.storage.suspected').length, 0);
    for (const vm of t.vms) assert.deepEqual([runsOf(t, vm), stateOf(t, vm)], [[alpha], ['running']]);
  });

  it('VMs of all hosts are paused: the storage is suspected, one is tried, the others wait; then all go on where they were', async () => {
    const t = await tell(180_000, (s) => {
      s.at(10_000, () => s.world.breakStorage([...s.world.hosts.keys()]));
      s.at(90_000, () => s.world.mendStorage());
    });
    well(t);
    const [suspected] = t.of('lifeboat.storage.suspected');
    const cleared = t.of('lifeboat.storage.cleared')[0];
    assert.ok(suspected !== undefined && cleared !== undefined);
    const before = t.of('lifeboat.restart.requested').filter((e) => e.time < cleared.time);
    const ofOne = new Set(before.map((e) => e.data.vm));
    assert.ok(ofOne.size <= new Set(t.of('lifeboat.storage.suspected').map((e) => e.data.cluster)).size, 'one VM a cluster is tried');
    assert.equal(t.of('lifeboat.restart.requested').filter((e) => e.data.how !== 'resume').length, 0);
    for (const v of t.world.vms.values()) assert.deepEqual([v.runs.length, [...v.copies.values()].map((c) => c.state)], [1, ['running']]);
  });

  it('all VMs of a host crash together: all are restarted, some at a time', async () => {
    const t = await tell(90_000, (s) =>
      s.at(10_000, () => {
        for (const vm of s.world.runningOn(alpha)) s.world.crashVm(vm);
      }),
    );
    well(t);
    assert.deepEqual(
      placesOf(t.world, t.vms),
      t.vms.map(() => [alpha]),
    );
    assert.equal(t.of('lifeboat.vm.recovered').length, t.vms.length);
    assert.equal(t.of('lifeboat.fault.confirmed').length, 0, 'that is no host failure');
  });

  it('one crashes again and again: after three times it is moved', async () => {
    let vm: VmId | null = null;
    const t = await tell(300_000, (s) => {
      s.at(5_000, () => {
        vm = firstOn(s);
      });
      for (let i = 0; i < 4; i++) s.at(10_000 + i * 50_000, () => s.world.crashVm(vm as unknown as VmId));
    });
    well(t);
    assert.deepEqual(
      t.of('lifeboat.restart.requested').map((e) => e.data.how),
      ['reboot', 'reboot', 'reboot', 'move'],
    );
    const [at] = placesOf(t.world, [vm as unknown as VmId]);
    assert.ok(at?.length === 1 && at[0] !== alpha);
    assert.equal(t.of('lifeboat.vm.recovered').at(-1)?.data.moved, true);
  });

  it('its host fails while it is being restarted: the host incident takes it over, and it runs elsewhere', async () => {
    const t = await tell(120_000, (s) => {
      s.at(10_000, () => s.world.crashVm(firstOn(s)));
      s.once('lifeboat.restart.requested', () => s.world.powerOff(alpha));
    });
    well(t);
    for (const at of placesOf(t.world, t.vms)) assert.ok(at.length === 1 && at[0] !== alpha, at.join());
  });

  it('what its owner does is no failure: a shutdown', async () => {
    const t = await tell(60_000, (s) => s.at(10_000, () => void s.nova.ownerStops(firstOn(s))));
    well(t);
    assert.equal(t.of('lifeboat.vm.failed').length, 0);
  });

  it('its owner restarts it himself: nobody does it again', async () => {
    const t = await tell(60_000, (s) => {
      s.at(10_000, () => {
        const vm = firstOn(s);
        s.world.crashVm(vm);
        void s.world.clock.sleep(1_200).then(() => reboot(s.nova, vm, 'owner'));
      });
    });
    well(t);
    assert.ok(t.of('lifeboat.vm.restarted').every((e) => e.data.adopted));
    assert.equal(t.trace.filter((l) => l.includes('asks Nova to restart')).length, 1);
  });

  it('a locked one, and one whose owner wants no high availability: left alone, with the reason', async () => {
    const t = await tell(60_000, (s) => {
      s.at(10_000, () => {
        const [a, b] = s.world.runningOn(alpha) as [VmId, VmId];
        Object.assign(s.nova.server(a) ?? {}, { locked: true });
        Object.assign(s.nova.server(b) ?? {}, { haOff: true });
        s.world.crashVm(a);
        s.world.crashVm(b);
      });
    });
    well(t);
    assert.deepEqual(
      t
        .of('lifeboat.vm.left-alone')
        .map((e) => e.data.reason.slice(0, 16))
        .sort(),
      ['HA_Enabled is Fa', 'it is locked in '],
    );
    assert.equal(t.of('lifeboat.vm.restarted').length, 0);
  });
});
