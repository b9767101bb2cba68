import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventType } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import { wellFence } from '@lifeboat/world';
import type { Stage } from './simulate.ts';
import { alpha, firsts, placesOf, rack, type Told, tell } from './stories.ts';
import { storeThatForgets } from './without.ts';

const well = (t: Told) => assert.deepEqual(t.violations, [], t.trace.slice(-40).join('\n'));
const mainJob: EventType[] = [
  'lifeboat.agent.lost',
  'lifeboat.fault.confirmed',
  'lifeboat.incident.opened',
  'lifeboat.isolation.requested',
  'lifeboat.host.isolated',
  'lifeboat.host.shut-out',
  'lifeboat.evacuation.requested',
  'lifeboat.evacuation.started',
  'lifeboat.vm.evacuated',
  'lifeboat.vm.verified',
  'lifeboat.incident.closed',
  'lifeboat.host.released',
];
const fences = (s: Stage, set: object) => {
  for (const f of s.world.host(alpha).fences.values()) Object.assign(f, set);
};
const cutOff = (s: Stage) => {
  s.world.cutManagement(alpha);
  s.world.cutProduction(alpha);
};
const runElsewhere = (t: Told) => {
  assert.ok(t.vms.length > 0, 'the story is about a host with VMs');
  for (const at of placesOf(t.world, t.vms)) assert.ok(at.length === 1 && at[0] !== alpha, `runs on ${at.join(', ') || 'no host'}`);
};
const stayed = (t: Told) => {
  assert.deepEqual(
    placesOf(t.world, t.vms),
    t.vms.map(() => [alpha]),
  );
  assert.equal(t.of('lifeboat.evacuation.started').length, 0);
  assert.equal(t.world.host(alpha).life, 1, 'it was never powered off');
};

describe('Stories of the simulated region', () => {
  it('a host loses power: found, proven dead, shut out, evacuated, verified, released', async () => {
    const t = await tell(60_000, (s) => s.at(10_000, () => s.world.powerOff(alpha)));
    well(t);
    assert.deepEqual(firsts(t.events, mainJob), mainJob);
    const [fault] = t.of('lifeboat.fault.confirmed');
    assert.equal(fault?.data.verdict, 'host power failure');
    assert.equal(t.of('lifeboat.host.isolated')[0]?.data.proof.kind, 'already-off');
    const [closed] = t.of('lifeboat.incident.closed');
    assert.equal(closed?.data.outcome, 'evacuated');
    assert.deepEqual(closed?.data.vms.map((v) => v.vm).sort(), [...t.vms].sort());
    runElsewhere(t);
  });

  it("the storage holds the dead host's locks for a while: the same evacuations again, and no VM is given up for it", async () => {
    const t = await tell(120_000, (s) => {
      s.world.storageHoldsMs = 60_000;
      s.at(10_000, () => s.world.powerOff(alpha));
    });
    well(t);
    runElsewhere(t);
    assert.ok(t.of('lifeboat.evacuation.started').length >= 3 * t.vms.length, 'they were refused');
    assert.deepEqual([t.of('lifeboat.evacuation.failed').length, t.of('lifeboat.vm.unevacuable').length], [0, 0]);
    assert.equal(t.of('lifeboat.incident.closed')[0]?.data.outcome, 'evacuated');
  });

  it('a rack loses power: one incident, proven by the rack rule, spread over the other racks', async () => {
    const t = await tell(120_000, (s) => s.at(10_000, () => s.world.failRack(rack)));
    well(t);
    const hosts = t.world.hostsOfRack(rack);
    assert.deepEqual(
      t.of('lifeboat.fault.confirmed').map((e) => [e.data.verdict, [...e.data.hosts].sort()]),
      [['rack power failure', [...hosts].sort()]],
    );
    assert.deepEqual(new Set(t.of('lifeboat.host.isolated').map((e) => e.data.proof.kind)), new Set(['rack-rule']));
    assert.equal(t.of('lifeboat.incident.closed').length, 1);
    runElsewhere(t);
    for (const e of t.of('lifeboat.vm.verified')) assert.ok(!hosts.includes(e.data.host));
  });

  it('all stored state is lost an hour later: the old story is read again, and nobody is powered off for it', async () => {
    const store = storeThatForgets();
    const hour = 3_600_000;
    let lifeBefore = 0;
    const t = await tell(
      hour + 240_000,
      (s) => {
        s.at(10_000, () => s.world.powerOff(alpha));
        s.at(120_000, () => s.world.powerOn(alpha));
        s.at(hour, () => {
          lifeBefore = s.world.host(alpha).life;
          store.forgets();
        });
      },
      { wrap: { store: store.wrap } },
    );
    well(t);
    assert.equal(t.of('lifeboat.host.released').length, 1);
    const count = <T extends EventType>(type: T) => t.of(type).length;
    assert.deepEqual(
      [count('lifeboat.incident.opened'), count('lifeboat.isolation.requested'), count('lifeboat.host.isolated')],
      [1, 1, 1],
    );
    assert.equal(t.world.host(alpha).life, lifeBefore, 'left alone');
  });

  it('the management network of a host is cut: told, never evacuated, cleared when it is back', async () => {
    const t = await tell(60_000, (s) => s.at(10_000, () => s.world.cutManagement(alpha)));
    well(t);
    const [first] = t.of('lifeboat.fault.diagnosed');
    assert.deepEqual([first?.data.verdict, first?.data.hosts], ['management network failure', [alpha]]);
    assert.equal(t.incidents, 0);
    assert.equal(t.of('lifeboat.fault.cleared')[0]?.data.host, alpha);
    stayed(t);
  });

  it('the production network of a host is cut: told, and by this policy never evacuated', async () => {
    const t = await tell(90_000, (s) => s.at(10_000, () => s.world.cutProduction(alpha)));
    well(t);
    assert.equal(t.of('lifeboat.fault.diagnosed')[0]?.data.verdict, 'production network failure');
    assert.equal(t.incidents, 0);
    stayed(t);
  });

  it('the fence devices are silent: the incident waits and says so; they are back: it goes on', async () => {
    const t = await tell(240_000, (s) => {
      fences(s, { reachable: false });
      s.at(10_000, () => cutOff(s));
      s.at(100_000, () => fences(s, wellFence));
    });
    well(t);
    assert.equal(t.of('lifeboat.incident.waiting')[0]?.data.for, 'isolation');
    assert.ok(t.of('lifeboat.isolation.failed').length >= 2, 'tried again and again');
    const [isolated] = t.of('lifeboat.host.isolated');
    assert.equal(isolated?.data.proof.kind, 'fence');
    const failedAt = t.of('lifeboat.isolation.failed').at(-1)?.time ?? 0;
    assert.ok((isolated?.time ?? 0) > failedAt);
    assert.deepEqual(
      firsts(t.events, ['lifeboat.isolation.failed', 'lifeboat.host.isolated', 'lifeboat.evacuation.started', 'lifeboat.incident.closed']),
      ['lifeboat.isolation.failed', 'lifeboat.host.isolated', 'lifeboat.evacuation.started', 'lifeboat.incident.closed'],
    );
    runElsewhere(t);
  });

  it('the host returns before it could be isolated: recalled, and nothing is done', async () => {
    const t = await tell(200_000, (s) => {
      fences(s, { reachable: false });
      s.at(10_000, () => cutOff(s));
      s.at(60_000, () => s.world.heal(alpha));
    });
    well(t);
    assert.equal(t.of('lifeboat.isolation.withdrawn')[0]?.data.host, alpha);
    assert.equal(t.of('lifeboat.incident.closed')[0]?.data.outcome, 'withdrawn');
    assert.equal(t.of('lifeboat.host.isolated').length, 0);
    stayed(t);
  });

  it('the host returns in the middle: it stays out until its VMs run elsewhere', async () => {
    const t = await tell(120_000, (s) => {
      s.at(10_000, () => s.world.powerOff(alpha));
      s.once('lifeboat.evacuation.started', () => s.world.powerOn(alpha, 'somebody pressed the button'));
    });
    well(t);
    const closed = t.of('lifeboat.incident.closed')[0];
    assert.equal(closed?.data.outcome, 'evacuated');
    assert.deepEqual(firsts(t.events, ['lifeboat.incident.closed', 'lifeboat.host.released']), [
      'lifeboat.incident.closed',
      'lifeboat.host.released',
    ]);
    runElsewhere(t);
  });

  it('the target fails in its turn: both incidents end, and every VM runs once', async () => {
    let target: HostId | null = null;
    const t = await tell(200_000, (s) => {
      s.at(10_000, () => s.world.powerOff(alpha));
      s.once('lifeboat.evacuation.started', (e) => {
        target = e.data.to ?? null;
        if (target !== null) s.world.powerOff(target, 'the target fails, too');
      });
    });
    well(t);
    assert.deepEqual(
      t
        .of('lifeboat.incident.closed')
        .flatMap((e) => e.data.hosts)
        .sort(),
      [alpha, target].sort(),
    );
    for (const at of placesOf(t.world, t.vms)) assert.ok(at.length === 1 && at[0] !== alpha && at[0] !== target);
  });
});
