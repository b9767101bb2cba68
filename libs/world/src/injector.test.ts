import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '@lifeboat/kernel';
import { FaultInjector, type InjectorOptions } from './injector.ts';
import { Prng } from './prng.ts';
import { type FaultKind, faultKinds, faultsFor, migrationFaults, type WorldFault, worldFaults } from './swarm.ts';
import { smallWorld } from './testing.ts';
import { vmFaultKinds } from './vm-faults.ts';

const HEAL_AT = 300_000;
const run = async (seed: number, options: Partial<InjectorOptions> = {}) => {
  const s = smallWorld({ seed });
  const injector = new FaultInjector(s.world, s.nova, new Prng(seed), {
    mix: faultsFor(seed),
    healAt: instant(HEAL_AT),
    openIncidentFor: () => false,
    observers: ['node-monitor-1', 'migrator-1'],
    ...options,
  });
  injector.start();
  return { ...s, injector };
};

describe('faultsFor', () => {
  it('differs from seed to seed, repeats itself, and always lets some host die', () => {
    assert.deepEqual(faultsFor(5), faultsFor(5));
    const seen = new Set<FaultKind>();
    const mixes = new Set<string>();
    for (let seed = 1; seed <= 200; seed++) {
      const mix = faultsFor(seed);
      mixes.add(JSON.stringify(mix));
      for (const k of Object.keys(mix.strength) as FaultKind[]) seen.add(k);
      for (const s of Object.values(mix.strength)) assert.ok(s > 0 && s <= 1);
      assert.ok(mix.strength['host-power'] ?? mix.strength['rack-power'] ?? mix.strength['both-links'], `seed ${seed}`);
    }
    assert.deepEqual([...seen].sort(), [...faultKinds, ...vmFaultKinds, ...migrationFaults].sort());
    assert.equal(mixes.size, 200);
  });
});

describe('FaultInjector', () => {
  it('makes the same run of the same seed, and another of another', async () => {
    const hashOf = async (seed: number) => {
      const s = await run(seed);
      await s.clock.runUntil(instant(HEAL_AT + 200_000));
      return s.world.trace.hash();
    };
    const first = await hashOf(3);
    assert.equal(await hashOf(3), first);
    assert.notEqual(await hashOf(4), first);
  });

  it('mends everything it broke, whatever the seed', async () => {
    for (let seed = 1; seed <= 15; seed++) {
      const s = await run(seed);
      await s.clock.runUntil(instant(HEAL_AT + 200_000));
      assert.equal(s.injector.healed, true);
      for (const h of s.world.hosts.values()) {
        assert.deepEqual(
          [h.os, h.compute, h.agent, h.managementLink, h.productionLink],
          ['up', true, true, true, true],
          `seed ${seed} ${h.spec.host}`,
        );
        for (const f of h.fences.values())
          assert.deepEqual(f, { ...f, reachable: true, failing: false, ignoresOrders: false, slowMs: 0, powersBackOnMs: null });
      }
      for (const r of s.world.racks.values()) assert.deepEqual([r.power, r.productionSwitch, r.managementSwitch], [true, true, true]);
      assert.deepEqual([s.nova.api.away, s.nova.api.failing, s.nova.api.timingOut, s.world.probeLoss], [false, 0, 0, 0]);
      assert.equal(s.world.observerCut('migrator-1'), null);
      assert.deepEqual(s.world.violations, [], 'nothing runs twice when nobody evacuates');
      await s.world.close();
    }
  });

  it('leaves hosts of open incidents off, also those of a rack whose feed is back', async () => {
    let open = true;
    const s = await run(1, { mix: { strength: {}, everyMs: 10_000 }, openIncidentFor: () => open });
    const rack = s.world.host(s.host(0)).spec.rack;
    s.world.failRack(rack);
    s.world.powerOff(s.host(1));
    await s.clock.runUntil(instant(HEAL_AT + 60_000));
    assert.equal(s.world.rack(rack).power, true);
    assert.deepEqual([s.world.host(s.host(0)).os, s.world.host(s.host(1)).os], ['off', 'off']);
    open = false;
    await s.clock.runFor(100_000);
    assert.deepEqual([s.world.host(s.host(0)).os, s.world.host(s.host(1)).os], ['up', 'up']);
  });

  it('brings about every kind of fault', async () => {
    const marks: Readonly<Record<WorldFault, RegExp>> = {
      'host-power': /power off \(crash\)/,
      'rack-power': /power feed of .* fails/,
      'management-link': /management link of .* is cut/,
      'production-link': /production link of .* is cut/,
      'both-links': /production link of .* is cut/,
      'production-switch': /production switch of .* fails/,
      'management-switch': /management switch of .* fails/,
      agent: /agent dies/,
      compute: /compute dies/,
      'guest-crash': /guest process crashed/,
      'observer-cut': /is cut off$/,
      'observer-cut-unknowing': /cut off and cannot tell/,
      'fence-unreachable': /"reachable":false/,
      'fence-slow': /"slowMs":/,
      'fence-failing': /"failing":true/,
      'fence-ignores': /"ignoresOrders":true/,
      'power-returns': /"powersBackOnMs":/,
      'early-return': /somebody pressed the button/,
      'api-away': /OpenStack API is away/,
      'owner-stops': /stopped-by-owner/,
      'owner-deletes': /deleted-by-owner/,
    };
    for (const kind of worldFaults) {
      const s = await run(1, { mix: { strength: { [kind]: 1 }, everyMs: 5_000 }, openIncidentFor: () => true });
      if (kind === 'early-return') s.world.powerOff(s.host(0));
      await s.clock.runUntil(instant(60_000));
      assert.ok(
        s.world.trace.lines().some((l) => marks[kind].test(l)),
        kind,
      );
      await s.world.close();
    }
  });

  it('hands faults of processes to whoever can bring them about', async () => {
    const crashes: number[] = [];
    const s = await run(1, {
      mix: { strength: { 'service-crash': 0.5 }, everyMs: 5_000 },
      hooks: { 'service-crash': (x) => crashes.push(x) },
    });
    await s.clock.runUntil(instant(60_000));
    assert.ok(crashes.length > 5 && crashes.every((x) => x === 0.5));
  });

  it('strikes no more hosts down than it may', async () => {
    const s = await run(1, { mix: { strength: { 'host-power': 1 }, everyMs: 2_000 }, openIncidentFor: () => true, maxDownShare: 0.25 });
    await s.clock.runUntil(instant(200_000));
    assert.equal([...s.world.hosts.values()].filter((h) => h.os === 'off').length, 2);
  });
});
