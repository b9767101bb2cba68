import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from './model.ts';
import { smallWorld } from './testing.ts';

describe('World', () => {
  it('takes guests, processes and networks away with the power, and brings no guest back by itself', async () => {
    const { clock, world, host, firstVmOn } = smallWorld();
    const vm = firstVmOn(0);
    const bootId = world.host(host(0)).bootId;
    world.powerOff(host(0));
    assert.deepEqual([world.vm(vm).copies.size, world.host(host(0)).agent, world.host(host(0)).compute], [0, false, false]);
    assert.deepEqual([world.onManagement(host(0)), world.onProduction(host(0))], [false, false]);
    world.powerOn(host(0));
    await clock.runFor(5_000);
    assert.equal(world.host(host(0)).os, 'booting');
    await clock.runFor(120_000);
    const h = world.host(host(0));
    assert.deepEqual([h.os, h.agent, h.compute, world.onManagement(host(0))], ['up', true, true, true]);
    assert.notEqual(h.bootId, bootId);
    assert.equal(world.vm(vm).copies.size, 0);
  });
  it('does not finish a boot that a power loss interrupted', async () => {
    const { clock, world, host } = smallWorld();
    world.powerOff(host(0));
    world.powerOn(host(0));
    await clock.runFor(10_000);
    world.powerOff(host(0));
    await clock.runFor(200_000);
    assert.equal(world.host(host(0)).os, 'off');
  });
  it("loses a rack's hosts, switches and fence devices with its feed, and boots what was switched on when it is back", async () => {
    const { clock, world, host } = smallWorld();
    const rack = world.host(host(0)).spec.rack;
    const hosts = world.hostsOfRack(rack);
    assert.ok(hosts.length > 1);
    world.powerOff(host(0));
    world.failRack(rack);
    for (const h of hosts) {
      assert.equal(world.host(h).os, 'off');
      assert.equal(world.fenceAnswers(h, world.fence(h, 'bmc')), false);
    }
    world.restoreRack(rack);
    await clock.runFor(120_000);
    assert.equal(world.host(host(0)).os, 'off');
    for (const h of hosts.slice(1)) assert.equal(world.host(h).os, 'up');
  });
  it('cuts one network without the other, by link and by switch', () => {
    const { world, host } = smallWorld();
    const facts: Fact[] = [];
    world.onFact((f) => facts.push(f));
    world.cutManagement(host(0));
    assert.deepEqual([world.onManagement(host(0)), world.onProduction(host(0))], [false, true]);
    world.heal(host(0));
    const rack = world.host(host(0)).spec.rack;
    world.failSwitch(rack);
    assert.deepEqual([world.onManagement(host(0)), world.onProduction(host(0))], [true, false]);
    world.restoreSwitch(rack);
    world.failSwitch(rack, 'management');
    assert.equal(world.fenceAnswers(host(0), world.fence(host(0), 'bmc')), false);
    assert.deepEqual(
      facts.filter((f) => f.kind === 'management' && f.host === host(0)).map((f) => f.kind === 'management' && f.up),
      [false, true, false],
    );
  });
  it('records a VM that runs twice at once, in a sentence with its times', async () => {
    const { clock, world, host, firstVmOn } = smallWorld();
    const vm = firstVmOn(0);
    await clock.runFor(12_000);
    world.startCopy(vm, host(1), 'a test');
    assert.equal(world.violations.length, 1);
    assert.equal(world.violations[0]?.rule, 'runs-once');
    assert.match(
      world.violations[0]?.text ?? '',
      new RegExp(`^12.000 s: VM ${vm} runs 2 times \\(${host(0)} since 0.000 s, ${host(1)} since 12.000 s\\) after: a test`),
    );
  });
  it('does not start a guest on a host that is not up, nor a deleted one', () => {
    const { world, nova, host, firstVmOn } = smallWorld();
    world.powerOff(host(0));
    assert.equal(world.startCopy(firstVmOn(1), host(0), 'a test'), false);
    const vm = firstVmOn(1);
    nova.ownerDeletes(vm);
    assert.equal(world.startCopy(vm, host(2), 'a test'), false);
    assert.deepEqual(world.violations, []);
  });
  it('ends everything that was to happen when it is closed', async () => {
    const { clock, world, nova, host, firstVmOn } = smallWorld();
    const vm = firstVmOn(0);
    world.powerOff(host(0));
    world.killCompute(host(1));
    nova.forceDown(host(0));
    nova.evacuate(vm, host(1), 'test');
    await clock.runFor(10_000);
    world.powerOn(host(0));
    await world.close();
    assert.equal(clock.pending, 0);
    assert.deepEqual(world.violations, []);
  });
});
