import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everyHost, movedOnce, nobodyMoved, play } from './scenario.ts';
import type { Stage } from './simulate.ts';
import { alpha, rack } from './stories.ts';

const cut = (s: Stage, host = alpha) => {
  s.world.cutManagement(host);
  s.world.cutProduction(host);
};
const cutAll = (s: Stage, hosts: readonly (typeof alpha)[]) => {
  for (const h of hosts) cut(s, h);
};
const plain = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };

describe('Scenarios (numbers as in the notes on peers, 4.2)', () => {
  it('1. one host loses all networks: fenced, and its VMs run elsewhere exactly once', async () => {
    const t = await play({
      healMs: 120_000,
      happens: (s) => s.at(10_000, () => cut(s)),
      story: `
        13 s .. 15 s  agent-watcher     agent of compute-01 is lost (its session lapsed)
        13 s .. 16 s  fault-correlator  host failure at compute-01: agent lost, management dead, production dead, power on
        13 s .. 17 s  scheduler         compute-01 is to be isolated
        13 s .. 30 s  migrator          compute-01 is proven dead
        13 s .. 60 s  scheduler         seen by its agent
        13 s .. 90 s  scheduler         evacuated`,
    });
    movedOnce(t, alpha);
  });

  it('2. the migrator dies while a fence order is under way: its successor finishes, nothing is started early', async () => {
    const t = await play({
      healMs: 180_000,
      happens: (s) => {
        for (const f of s.world.host(alpha).fences.values()) f.slowMs = 8_000;
        s.at(10_000, () => cut(s));
        s.once('lifeboat.isolation.requested', () => s.at(2_000, () => s.kill('migrator-1')));
      },
      story: `
        13 s .. 25 s   scheduler  compute-01 is to be isolated
        20 s .. 60 s   migrator   compute-01 is proven dead
        20 s .. 61 s   migrator   forced down and disabled in Nova
        20 s .. 120 s  migrator   Nova took its evacuation`,
    });
    movedOnce(t, alpha);
    assert.equal(t.of('lifeboat.host.isolated').length, 1);
  });

  it('3. every host loses both networks at once: held in one alert, nobody is fenced; the networks are back: well again', async () => {
    const t = await play({
      healMs: 90_000,
      happens: (s) => s.at(10_000, () => cutAll(s, everyHost(s.world))),
      story: `
        13 s .. 60 s   fault-correlator  look dead, nothing is done
        90 s .. 130 s  fault-correlator  is well again (was: observer failure)
        never  migrator   is proven dead
        never  scheduler  incident opened`,
    });
    nobodyMoved(t);
  });

  it('3. a cold start in the dark: all services begin anew while no host is to be seen; nobody is fenced, nor when the lights go on', async () => {
    const services = ['agent-watcher', 'node-monitor', 'fault-correlator', 'scheduler', 'migrator'];
    const t = await play({
      healMs: 90_000,
      happens: (s) =>
        s.at(10_000, () => {
          for (const name of services) for (const n of [1, 2]) s.kill(`${name}-${n}`);
          cutAll(s, everyHost(s.world));
        }),
      story: `
        never  fault-correlator  host failure
        never  migrator          is proven dead
        never  scheduler         incident opened`,
    });
    nobodyMoved(t);
  });

  it('4. the failed host is back while its VMs are moved, and again after it: it never starts one of them', async () => {
    const t = await play({
      healMs: 150_000,
      happens: (s) => {
        s.at(10_000, () => s.world.powerOff(alpha));
        s.once('lifeboat.vm.evacuated', () => s.world.powerOn(alpha, 'somebody pressed the button'));
      },
      story: `
        13 s .. 16 s   fault-correlator  host power failure at compute-01
        13 s .. 60 s   scheduler         incident closed
        20 s .. 140 s  scheduler         compute-01 is clean and well
        20 s .. 141 s  migrator          compute-01 takes VMs again`,
    });
    movedOnce(t, alpha);
  });

  it('5. the state store is away now and then: one incident, neither lost nor doubled', async () => {
    const t = await play({
      healMs: 150_000,
      more: { faults: { strength: { 'store-away': 1 }, everyMs: 20_000 } },
      happens: (s) => s.at(30_000, () => s.world.powerOff(alpha)),
      story: `
        33 s .. 150 s  fault-correlator  at compute-01: agent lost, management dead, production dead
        33 s .. 400 s  scheduler         incident closed`,
    });
    assert.equal(t.incidents, 1);
    movedOnce(t, alpha);
  });

  it('10. somebody has disabled the compute service, then powers the host off: planned work, nothing is told', async () => {
    const t = await play({
      healMs: 120_000,
      happens: (s) => {
        s.at(5_000, () => {
          const service = s.nova.services.get(alpha);
          if (service !== undefined) Object.assign(service, { enabled: false, disabledReason: 'new memory, Tuesday' });
        });
        s.at(40_000, () => s.world.powerOff(alpha, 'for the new memory'));
      },
      story: `
        43 s .. 46 s  agent-watcher  agent of compute-01 is lost
        never  fault-correlator  compute-01
        never  migrator          compute-01`,
    });
    nobodyMoved(t);
  });

  it('11. the agent alone is gone, its host is well: restarted over SSH, nothing is evacuated', async () => {
    const t = await play({
      healMs: 90_000,
      happens: (s) => s.at(10_000, () => s.world.killAgent(alpha)),
      story: `
        10 s .. 15 s  agent-watcher  agent of compute-01 is lost
        10 s .. 40 s  agent-watcher  agent of compute-01 is here
        10 s .. 41 s  node-monitor   agent of compute-01 was restarted`,
    });
    nobodyMoved(t);
  });

  it('15. every service is killed at its worst moment: every VM runs elsewhere exactly once', async () => {
    const t = await play({
      healMs: 240_000,
      happens: (s) => {
        s.at(10_000, () => s.world.powerOff(alpha));
        s.at(10_100, () => s.kill('agent-watcher-1'));
        s.once('lifeboat.agent.lost', () => s.kill('node-monitor-1'));
        s.once('lifeboat.fault.confirmed', () => s.kill('fault-correlator-1'));
        s.once('lifeboat.isolation.requested', () => s.kill('scheduler-1'));
        s.once('lifeboat.host.isolated', () => s.kill('migrator-1'));
        s.once('lifeboat.evacuation.started', () => s.kill('migrator-2'));
        s.once('lifeboat.vm.evacuated', () => s.kill('scheduler-2'));
      },
      story: `
        13 s .. 60 s   fault-correlator  compute-01
        13 s .. 90 s   migrator          compute-01 is proven dead
        13 s .. 240 s  scheduler         incident closed`,
    });
    movedOnce(t, alpha);
    assert.equal(t.incidents, 1);
  });

  it('16. services stop and start one after another while nothing fails: nothing is told about any host', async () => {
    const names = ['agent-watcher', 'node-monitor', 'fault-correlator', 'scheduler', 'migrator', 'notifier'].flatMap((n) => [
      `${n}-1`,
      `${n}-2`,
    ]);
    const t = await play({
      healMs: 150_000,
      happens: (s) => {
        for (const [i, name] of names.entries()) s.at(5_000 + 10_000 * i, () => s.kill(name));
      },
      story: `
        never  agent-watcher     is lost
        never  fault-correlator  compute`,
    });
    nobodyMoved(t);
  });

  it('16. a server of the ensemble loses the sessions of many agents: whoever is back within a session timeout was never lost', async () => {
    const t = await play({
      healMs: 60_000,
      happens: (s) => {
        const hosts = everyHost(s.world);
        s.at(20_000, () => s.dropSessions(hosts.slice(0, 11), 3_000));
        // one that is not back in time
        s.at(20_000, () => s.dropSessions(hosts.slice(11, 12), 12_000));
      },
      more: { region: { ...plain, hosts: 24, vms: 24 } },
      story: `
        23 s .. 23.5 s  agent-watcher     agent of compute-01 is here
        27 s .. 29 s    agent-watcher     agent of compute-12 is lost
        27 s .. 50 s    agent-watcher     agent of compute-12 is here
        never           fault-correlator  host failure`,
    });
    assert.equal(t.of('lifeboat.agent.lost').length, 1);
    nobodyMoved(t);
  });

  it('16. the ensemble loses many sessions and then is away: time in which nobody could come back is held against nobody', async () => {
    const t = await play({
      healMs: 90_000,
      happens: (s) => {
        s.at(20_000, () => s.dropSessions(everyHost(s.world).slice(0, 12), 2_000));
        s.at(21_000, () => s.registryAway(20_000));
      },
      more: { region: { ...plain, hosts: 24, vms: 24 } },
      story: `
        41 s .. 43 s    agent-watcher     agent of compute-01 is here
        never           agent-watcher     is lost
        never           fault-correlator  host failure`,
    });
    nobodyMoved(t);
  });

  it('17. a rack loses only its production switch: one finding for the rack, nobody is isolated', async () => {
    const t = await play({
      healMs: 60_000,
      happens: (s) => s.at(10_000, () => s.world.failSwitch(rack, 'production')),
      story: `
        12 s .. 22 s  fault-correlator  top-of-rack switch failure at compute-01
        60 s .. 80 s  fault-correlator  compute-01 is well again (was: top-of-rack switch failure)
        never  fault-correlator  production network failure
        never  migrator          is proven dead`,
    });
    nobodyMoved(t);
    assert.equal(t.of('lifeboat.fault.diagnosed').length, 1);
  });

  it('17. every host loses the production network, and no other one: a finding a cluster, people are told once, and that it is back', async () => {
    const t = await play({
      healMs: 90_000,
      more: { region: { ...plain, policy: { onProductionNetworkFailure: 'isolate-and-evacuate' } } },
      happens: (s) =>
        s.at(10_000, () => {
          for (const h of everyHost(s.world)) s.world.cutProduction(h);
        }),
      story: `
        14 s .. 22 s   fault-correlator  production network failure of the cluster at compute-01, compute-02, compute-03, compute-04
        14 s .. 22 s   fault-correlator  production network failure of the cluster at compute-05
        14 s .. 60 s   notifier          told by e-mail: [Lifeboat sim] cluster cluster-2: the production network has FAILED
        90 s .. 95 s   fault-correlator  the production network of cluster cluster-1 works again
        90 s .. 95 s   fault-correlator  the production network of cluster cluster-2 works again
        90 s .. 130 s  notifier          works again
        never  fault-correlator  compute-01 is well again
        never  fault-correlator  top-of-rack switch failure
        never  migrator          is proven dead`,
    });
    nobodyMoved(t);
    assert.equal(t.of('lifeboat.fault.diagnosed').length, 2);
    assert.equal(t.of('lifeboat.network.cleared').length, 2);
    assert.equal(
      t.of('lifeboat.notice.sent').filter((e) => e.data.channel === 'e-mail').length,
      2,
      'one mail when it failed, one when it was back',
    );
  });

  it('18. both monitors are cut off and know it, and a host dies meanwhile: held; they see again: confirmed', async () => {
    const t = await play({
      healMs: 150_000,
      happens: (s) => {
        const monitors = ['node-monitor-1', 'node-monitor-2'];
        s.at(10_000, () => {
          for (const m of monitors) s.world.cutObserver(m, true);
        });
        s.at(20_000, () => s.world.powerOff(alpha));
        s.at(90_000, () => {
          for (const m of monitors) s.world.healObserver(m);
        });
      },
      story: `
        23 s .. 60 s   fault-correlator  compute-01 look dead, nothing is done: the observer cannot be trusted
        90 s .. 105 s  fault-correlator  at compute-01: agent lost, management dead, production dead
        90 s .. 150 s  scheduler         incident closed`,
    });
    movedOnce(t, alpha);
  });

  it('18. the monitors are cut off and cannot tell: all hosts look dead to them, and none is taken for dead', async () => {
    const t = await play({
      healMs: 90_000,
      happens: (s) => s.at(10_000, () => s.world.cutObserver('*', false)),
      story: `
        never  fault-correlator  host failure
        never  migrator          is proven dead`,
    });
    nobodyMoved(t);
  });

  it('a flapping host: told, and held out longer than its cluster asks', async () => {
    const t = await play({
      healMs: 400_000,
      happens: (s) => {
        s.at(10_000, () => s.world.powerOff(alpha));
        s.once('lifeboat.incident.closed', () => s.world.powerOn(alpha, 'repaired'));
        s.once('lifeboat.host.released', () => s.at(5_000, () => s.world.powerOff(alpha, 'again')));
        s.once('lifeboat.host.quarantined', () => s.at(60_000, () => s.world.powerOn(alpha, 'repaired again')));
      },
      story: `
        13 s .. 16 s    fault-correlator  host power failure at compute-01
        30 s .. 150 s   migrator          compute-01 takes VMs again
        40 s .. 170 s   fault-correlator  compute-01 has failed 2 times lately: it must be well for 300.0 s before it is released
        40 s .. 260 s   notifier          compute-01 has failed 2 times lately
        400 s .. 700 s  migrator          compute-01 takes VMs again`,
    });
    assert.equal(t.incidents, 2);
  });
});
