import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DataByType, type EventType, encode, type LifeboatEvent } from '@lifeboat/contracts';
import { eventId, type HostId, incidentId, type VmId, vmId } from '@lifeboat/kernel';
import { Checker } from './checker.ts';
import { SimFence } from './fence.ts';
import { pause, reboot } from './nova/mending.ts';
import { driven, smallWorld } from './testing.ts';

const A = incidentId('inc-a');
const B = incidentId('inc-b');

const bench = () => {
  const s = smallWorld();
  const checker = new Checker(s.world, s.nova);
  let n = 0;
  const say = <T extends EventType>(type: T, data: Omit<DataByType[T], 'at'>) => {
    const e = {
      type,
      data: { ...data, at: s.clock.now() },
      id: eventId('test', type, ++n),
      source: 'test',
      time: s.clock.now(),
      sequence: n,
    } as unknown as LifeboatEvent;
    encode(e); // an event that no service could publish proves nothing
    checker.observe(e);
    return e;
  };
  const open = (incident: typeof A, host: HostId) =>
    say('lifeboat.incident.opened', {
      incident,
      verdict: 'host failure',
      rule: 'test',
      hosts: [host],
      clusters: [],
      highAvailability: true,
      automation: 'automatic',
    });
  const proof = (host: HostId) => ({ host, kind: 'fence' as const, method: 'bmc', at: s.clock.now(), detail: 'read back as off' });
  const isolate = (incident: typeof A, host: HostId) => say('lifeboat.host.isolated', { incident, host, proof: proof(host) });
  const request = (incident: typeof A, host: HostId, vms: readonly VmId[], to: HostId) =>
    say('lifeboat.evacuation.requested', {
      incident,
      host,
      attempt: 1,
      proof: proof(host),
      placements: vms.map((vm) => ({ vm, from: host, to, alternates: [], priority: 1, because: 'test' })),
      stopped: [],
      epoch: 1,
    });
  type Report = DataByType['lifeboat.incident.closed']['vms'];
  const close = (incident: typeof A, host: HostId, vms: Report) =>
    say('lifeboat.incident.closed', { incident, hosts: [host], outcome: 'evacuated', vms, openedAt: s.clock.now() });
  const broken = () => checker.step().map((v) => v.rule);
  const vmsOf = (host: HostId) => s.nova.serversOn(host).map((x) => x.vm) as [VmId, ...VmId[]];
  /** The whole story as it should be: the host dies, and its VMs are on `to`. */
  const properly = async (incident: typeof A, dead: HostId, to: HostId) => {
    s.world.powerOff(dead);
    await s.clock.runFor(1_000);
    open(incident, dead);
    isolate(incident, dead);
    const vms = vmsOf(dead);
    request(incident, dead, vms, to);
    s.nova.forceDown(dead);
    for (const vm of vms) assert.equal(s.nova.evacuate(vm, to, 'migrator').ok, true);
    await s.clock.runFor(60_000);
    return vms;
  };
  return { ...s, checker, say, open, isolate, request, close, broken, vmsOf, properly };
};
const ranOn = (vms: readonly VmId[], host: HostId) => vms.map((vm) => ({ vm, outcome: 'running' as const, host }));

describe('Checker', () => {
  it('finds nothing wrong with an evacuation as it should be', async () => {
    const b = bench();
    await b.clock.runFor(5_000);
    const vms = await b.properly(A, b.host(0), b.host(1));
    assert.equal(b.checker.openIncident(b.host(0))?.incident, A);
    b.close(A, b.host(0), ranOn(vms, b.host(1)));
    assert.equal(b.checker.openIncident(b.host(0)), null);
    assert.deepEqual(b.checker.end(), { violations: [], notes: [] });
  });

  it('wants a proof on the bus before an evacuation is requested, started or asked of Nova', async () => {
    const b = bench();
    b.world.powerOff(b.host(0));
    b.nova.forceDown(b.host(0));
    const [vm] = b.vmsOf(b.host(0));
    b.nova.evacuate(vm, b.host(1), 'migrator');
    assert.deepEqual(b.broken(), ['death-first'], 'no incident');
    await b.clock.runFor(60_000);
    b.open(A, b.host(0));
    const second = b.vmsOf(b.host(0))[0];
    b.nova.evacuate(second, b.host(1), 'migrator');
    assert.deepEqual(b.broken(), ['death-first'], 'an incident, no proof');
    b.request(A, b.host(0), [second], b.host(1));
    assert.deepEqual(b.broken(), ['death-first']);
    b.say('lifeboat.evacuation.started', { incident: A, vm: second, from: b.host(0), attempt: 1, adopted: false });
    assert.deepEqual(b.broken(), ['death-first']);
  });

  it('does not believe a proof when the host is physically alive', async () => {
    const b = bench();
    b.world.cutManagement(b.host(0));
    await b.clock.runFor(70_000);
    b.open(A, b.host(0));
    b.isolate(A, b.host(0));
    const [vm] = b.vmsOf(b.host(0));
    b.nova.evacuate(vm, b.host(1), 'migrator');
    const told = b.checker.step();
    assert.deepEqual(
      told.map((v) => v.rule),
      ['death-first', 'death-first'],
    );
    assert.match(told[0]?.text ?? '', /^70.000 s: migrator asked Nova to evacuate VM .* where its guest still runs/);
    assert.match(told[1]?.text ?? '', /powered on since 0.000 s, before inc-a was opened at 70.000 s/);
  });

  it('so it does a host that was powered on again before anybody spoke of it, of the guests that died with it only', async () => {
    const b = bench();
    await b.clock.runFor(2_000);
    const [died, crashed] = b.vmsOf(b.host(0)) as unknown as readonly [VmId, VmId];
    b.world.crashVm(crashed);
    await b.clock.runFor(1_000);
    b.world.powerOff(b.host(0));
    await b.clock.runFor(2_000);
    b.world.powerOn(b.host(0));
    await b.clock.runFor(2_000);
    b.open(A, b.host(0));
    b.isolate(A, b.host(0));
    b.nova.forceDown(b.host(0));
    b.nova.evacuate(died, b.host(1), 'migrator');
    assert.deepEqual(b.broken(), []);
    b.nova.evacuate(crashed, b.host(1), 'migrator');
    assert.deepEqual(b.broken(), ['death-first']);
  });
  it('takes a host that died and was powered on again for dead: its guests are', async () => {
    const b = bench();
    b.world.powerOff(b.host(0));
    await b.clock.runFor(5_000);
    b.open(A, b.host(0));
    b.isolate(A, b.host(0));
    b.nova.forceDown(b.host(0));
    b.world.powerOn(b.host(0));
    b.nova.evacuate(b.vmsOf(b.host(0))[0], b.host(1), 'migrator');
    assert.deepEqual(b.broken(), []);
  });

  it('allows power orders for hosts of open incidents only', async () => {
    const b = bench();
    const fence = new SimFence(b.world, { observer: 'migrator' });
    const method = { name: 'bmc', agent: 'fence_redfish', parameters: {} };
    b.open(A, b.host(0));
    await driven(b.clock, fence.off(b.host(0), method));
    assert.deepEqual(b.broken(), []);
    await driven(b.clock, fence.off(b.host(1), method));
    assert.deepEqual(b.broken(), ['fence-with-incident']);
    b.close(
      A,
      b.host(0),
      b.vmsOf(b.host(0)).map((vm) => ({ vm, outcome: 'unevacuable' as const, reason: 'test' })),
    );
    await driven(b.clock, fence.off(b.host(0), method));
    assert.deepEqual(b.broken(), ['fence-with-incident']);
  });

  it('finds a VM in the hands of two open incidents, not one that the first has let go', async () => {
    const b = bench();
    const vms = await b.properly(A, b.host(0), b.host(1));
    const [vm] = vms;
    b.say('lifeboat.vm.verified', { incident: A, vm, host: b.host(1) });
    b.world.powerOff(b.host(1));
    await b.clock.runFor(1_000);
    b.open(B, b.host(1));
    b.isolate(B, b.host(1));
    b.request(B, b.host(1), [vm], b.host(2));
    assert.deepEqual(b.broken(), []);
    b.request(B, b.host(1), [vms[1] as VmId], b.host(2));
    assert.deepEqual(b.broken(), ['one-incident-a-vm']);
  });

  it('holds reports against the truth', async () => {
    const b = bench();
    const vms = await b.properly(A, b.host(0), b.host(1));
    const [first, ...rest] = vms;
    b.close(A, b.host(0), [{ vm: first, outcome: 'running', host: b.host(2) }, ...ranOn(rest, b.host(1))]);
    const told = b.checker.step();
    assert.deepEqual(
      told.map((v) => v.rule),
      ['true-reports'],
    );
    assert.match(told[0]?.text ?? '', new RegExp(`says that VM ${first} is running on ${b.host(2)}, but it has not run there since`));
  });

  it('holds every kind of end against the truth', async () => {
    for (const [end, but] of [
      [{ outcome: 'gone' as const }, /its owner did not delete it/],
      [{ outcome: 'stopped' as const }, /it runs on/],
      [{ outcome: 'unevacuable' as const }, /no reason is given/],
      [{ outcome: 'handed-over' as const }, /no other incident has it/],
      [{ outcome: 'running' as const }, /no host is named/],
    ] as const) {
      const b = bench();
      const [vm, ...rest] = await b.properly(A, b.host(0), b.host(1));
      b.close(A, b.host(0), [{ vm: vm as VmId, ...end }, ...ranOn(rest, b.host(1))]);
      const told = b.checker.step();
      assert.equal(told.length, 1, `${end.outcome}: ${told.map((v) => v.text).join('; ')}`);
      assert.match(told[0]?.text ?? '', but);
    }
  });

  it('calls a report of unevacuable untrue once the VM has run well elsewhere for a minute, not while it is paused or hung there', async () => {
    for (const state of ['running', 'io-error', 'hung'] as const) {
      const b = bench();
      const [vm, ...rest] = await b.properly(A, b.host(0), b.host(1));
      if (state !== 'running') b.world.ailVm(vm, state);
      await b.clock.runFor(70_000);
      b.close(A, b.host(0), [{ vm, outcome: 'unevacuable', host: b.host(1), reason: 'nobody saw it run' }, ...ranOn(rest, b.host(1))]);
      const told = b.checker.step().map((v) => v.text);
      assert.equal(told.length, state === 'running' ? 1 : 0, told.join('; '));
      assert.match(told[0] ?? 'has been running on', /has been running on/);
    }
  });

  it('misses no VM in a report, and wants each named once', async () => {
    const b = bench();
    const vms = await b.properly(A, b.host(0), b.host(1));
    b.close(A, b.host(0), ranOn(vms.slice(1), b.host(1)).concat(ranOn(vms.slice(1, 2), b.host(1))));
    const told = b.checker.step().map((v) => v.text);
    assert.equal(told.length, 2);
    assert.match(told[0] ?? '', /came to several ends/);
    assert.match(told[1] ?? '', new RegExp(`forgets VM ${vms[0]}`));
  });

  it('counts an event once, however often it is delivered', async () => {
    const b = bench();
    const e = b.open(A, b.host(0));
    b.checker.observe(e);
    assert.equal(b.checker.incidents().length, 1);
  });

  it('finds incidents left open and VMs forgotten at the end', async () => {
    const b = bench();
    b.world.powerOff(b.host(0));
    await b.clock.runFor(1_000);
    b.open(A, b.host(0));
    b.say('lifeboat.incident.waiting', { incident: A, for: 'isolation', reason: 'every method failed' });
    const { violations } = b.checker.end();
    const vms = b.vmsOf(b.host(0));
    assert.equal(violations.length, 1 + vms.length);
    assert.match(violations[0]?.text ?? '', /inc-a .* was never closed; it waits for isolation: every method failed/);
    assert.match(violations[1]?.text ?? '', /forgotten by inc-a/);
  });

  it('accepts unevacuable with a reason, stopped by its owner on a new host, deleted', async () => {
    const b = bench();
    const [lost, stopped] = b.vmsOf(b.host(0)) as unknown as readonly [VmId, VmId];
    b.nova.boot({ ...b.world.vm(lost).spec, vm: vmId(b.world.prng.uuid()) });
    b.nova.ownerStops(stopped);
    await b.clock.runFor(5_000);
    b.world.powerOff(b.host(0));
    b.open(A, b.host(0));
    b.isolate(A, b.host(0));
    b.nova.forceDown(b.host(0));
    const others = b.vmsOf(b.host(0)).filter((vm) => vm !== lost);
    b.request(A, b.host(0), others, b.host(1));
    for (const vm of others) b.nova.evacuate(vm, b.host(1), 'migrator');
    await b.clock.runFor(30_000);
    const deleted = others.find((vm) => vm !== stopped) as VmId;
    b.nova.ownerDeletes(deleted);
    b.say('lifeboat.vm.unevacuable', { incident: A, vm: lost, host: b.host(0), reason: 'no host has room', actions: ['retry'] });
    b.close(
      A,
      b.host(0),
      b
        .vmsOf(b.host(0))
        .concat(others)
        .map((vm) =>
          vm === lost
            ? { vm, outcome: 'unevacuable' as const, reason: 'no host has room' }
            : vm === stopped
              ? { vm, outcome: 'stopped' as const, host: b.host(1) }
              : vm === deleted
                ? { vm, outcome: 'gone' as const }
                : { vm, outcome: 'running' as const, host: b.host(1) },
        ),
    );
    assert.deepEqual(b.checker.end(), { violations: [], notes: [] });
  });

  it('finds a stopped VM that was left behind on its dead host', async () => {
    const b = bench();
    const [vm] = b.vmsOf(b.host(0));
    b.nova.ownerStops(vm);
    await b.clock.runFor(5_000);
    const moved = b.vmsOf(b.host(0)).filter((v) => v !== vm);
    b.world.powerOff(b.host(0));
    b.open(A, b.host(0));
    b.isolate(A, b.host(0));
    b.nova.forceDown(b.host(0));
    for (const v of moved) b.nova.evacuate(v, b.host(1), 'migrator');
    await b.clock.runFor(30_000);
    b.close(A, b.host(0), [...ranOn(moved, b.host(1)), { vm, outcome: 'stopped', host: b.host(0) }]);
    assert.deepEqual(
      b.checker.end().violations.map((v) => v.rule),
      ['nothing-forgotten'],
    );
  });

  it('accepts a VM that was stopped before and is owned by its new host, not one that only ended up stopped', async () => {
    for (const crashedBefore of [true, false]) {
      const b = bench();
      const vm = b.firstVmOn(0);
      if (crashedBefore) b.world.crashVm(vm);
      await b.clock.runFor(60_000);
      const vms = await b.properly(A, b.host(0), b.host(1));
      if (!crashedBefore) b.nova.stop(vm);
      await b.clock.runFor(10_000);
      b.close(
        A,
        b.host(0),
        vms.map((x) =>
          x === vm ? { vm, outcome: 'stopped' as const, host: b.host(1) } : { vm: x, outcome: 'running' as const, host: b.host(1) },
        ),
      );
      assert.deepEqual(
        b.checker.end().violations.map((v) => v.rule),
        crashedBefore ? [] : ['nothing-forgotten'],
      );
    }
  });

  it('finds a VM that crashed and that nobody mended, though no incident was ever about it', async () => {
    const b = bench();
    b.world.crashVm(b.firstVmOn(0));
    await b.clock.runFor(60_000);
    const end = b.checker.end();
    assert.deepEqual(
      end.violations.map((v) => [v.rule, /is crashed on compute-01: forgotten/.test(v.text)]),
      [['nothing-forgotten', true]],
    );
    assert.match(end.notes[0] ?? '', /no incident was ever opened about it/);
  });

  it('finds a VM that Lifeboat has paused and left alone as if somebody wanted it so; not one that its owner has paused', async () => {
    for (const by of ['migrator-1', 'owner']) {
      const b = bench();
      const vm = b.firstVmOn(0);
      b.world.ailVm(vm, 'io-error');
      assert.equal(pause(b.nova, vm, by).ok, true);
      await b.clock.runFor(10_000);
      const left = { incident: incidentId(`inc-vm-${vm}-1`), vm, host: b.host(0), failure: 'io-error' as const };
      b.say('lifeboat.vm.left-alone', { ...left, reason: 'Nova has it as paused: somebody wants it so' });
      assert.deepEqual(
        b.checker.vmsFailed().map((text) => /is paused because Lifeboat asked for it/.test(text)),
        by === 'owner' ? [] : [true],
      );
    }
  });

  it('lets go of a VM that was mended on its new host and seen there anew, not of one that nobody saw since', async () => {
    for (const seen of [true, false]) {
      const b = bench();
      const vms = await b.properly(A, b.host(0), b.host(1));
      for (const vm of vms) b.say('lifeboat.vm.verified', { incident: A, vm, host: b.host(1) });
      const [vm] = vms;
      b.world.ailVm(vm, 'hung');
      await b.clock.runFor(10_000);
      assert.equal(reboot(b.nova, vm, 'migrator').ok, true);
      await b.clock.runFor(20_000);
      if (seen) {
        const mended = { incident: incidentId(`inc-vm-${vm}-1`), vm, host: b.host(1), failure: 'hung' as const };
        b.say('lifeboat.vm.recovered', { ...mended, attempts: 1, moved: false, tookMs: 1 });
      }
      b.world.powerOff(b.host(1));
      await b.clock.runFor(1_000);
      b.world.powerOn(b.host(1));
      await b.clock.runFor(120_000);
      b.close(A, b.host(0), ranOn(vms, b.host(1)));
      const end = b.checker.end();
      assert.deepEqual(
        end.violations.map((v) => [v.rule, v.text.includes(vm)]),
        seen ? [] : [['nothing-forgotten', true]],
      );
      assert.equal(
        end.notes.some((n) => n.includes(vm)),
        seen,
      );
    }
  });
});
