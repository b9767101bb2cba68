import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId } from '@lifeboat/kernel';
import { HOSTS, place, RegionStory, settingsFor } from './region.test.ts';

describe('one host fails', () => {
  it('power is on: confirmed once, with its rule, its evidence and where it stands', () => {
    const r = new RegionStory();
    r.run(2);
    r.dies('a1');
    r.run(20);
    assert.deepEqual(r.words, ['confirmed a1: host failure']);
    const e = r.confirmed()[0];
    assert.ok(e !== undefined);
    assert.equal(e.incident, e.data.incident);
    assert.match(e.data.incident, /^inc-a1-\d+$/);
    assert.deepEqual([e.data.clusters, e.data.racks, e.data.rackRule], [['main'], ['rack-a'], false]);
    const lines = e.data.evidence.map((x) => `${x.signal} ${x.is} ${x.observer}`);
    assert.ok(
      lines.includes('agent lost registry') && lines.includes('management dead node-monitor') && lines.includes('power on node-monitor'),
    );
    assert.ok(
      lines.some((l) => l.startsWith('production dead ') && l.includes('b1') && l.includes('c2')),
      lines.join('; '),
    );
  });
  it('power is off: a host power failure', () => {
    const r = new RegionStory();
    r.run(2).dies('a1', 'off');
    r.run(3);
    assert.deepEqual(r.words, ['confirmed a1: host power failure']);
  });
  it('its fence device has not spoken yet: waits for its word, and no longer', () => {
    const r = new RegionStory();
    r.run(2);
    r.production('a1', 'dead');
    r.lost('a1');
    r.look('a1', { management: 'dead', ssh: 'dead' });
    r.run(r.settings.powerWaitMs / 1_000 - 1);
    assert.deepEqual(r.words, []);
    r.run(2);
    assert.deepEqual(r.words, ['confirmed a1: host failure']);
  });
  it('only its agent: told after a while, and nothing is evacuated', () => {
    const r = new RegionStory();
    r.run(2).lost('a1');
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    r.run(2);
    assert.deepEqual(r.words, [], 'it may be back in a moment');
    r.run(20);
    assert.deepEqual(r.words, ['diagnosed a1: agent failure']);
  });
  it('only its management network: told, never evacuated, however long it lasts', () => {
    const r = new RegionStory();
    r.run(2).lost('a1');
    r.look('a1', { management: 'dead', ssh: 'dead', power: 'unreachable' });
    r.run(300);
    assert.deepEqual(r.words, ['diagnosed a1: management network failure']);
  });
  it('its management network is gone for long, and all of its peers lose a few probes: not taken for failed', () => {
    for (const power of ['on', 'off', 'unreachable'] as const) {
      const r = new RegionStory();
      r.run(2).lost('a1');
      r.look('a1', { management: 'dead', ssh: 'dead', power: power === 'off' ? 'on' : power });
      r.run(30);
      r.look('a1', { management: 'dead', ssh: 'dead', power });
      r.production('a1', 'dead');
      r.run(3);
      r.views('c2', { a1: 'alive' });
      r.run(1).production('a1', 'alive');
      r.run(60);
      assert.deepEqual(r.words, ['diagnosed a1: management network failure'], `power ${power}`);
    }
  });
  it('its management network is gone for long, and then it fails: taken for failed once that has lasted', () => {
    const r = new RegionStory();
    r.run(2).lost('a1');
    r.look('a1', { management: 'dead', ssh: 'dead', power: 'on' });
    r.run(30).production('a1', 'dead');
    r.run(r.settings.peersAloneMs / 1_000 - 1);
    assert.deepEqual(r.words, ['diagnosed a1: management network failure']);
    r.run(1);
    assert.deepEqual(r.words.at(-1), 'confirmed a1: host failure');
  });
  it('one peer only can tell: its word must have lasted', () => {
    const silent = () => {
      const r = new RegionStory();
      for (const watcher of ['b1', 'b2', 'c1']) {
        r.lost(watcher);
        r.look(watcher, { management: 'alive', ssh: 'works', power: 'on' });
      }
      r.run(20).look('c2', { management: 'dead', ssh: 'dead', power: 'on' });
      r.views('a2', { a1: 'dead' });
      r.lost('a1');
      r.look('a1', { management: 'dead', ssh: 'dead', power: 'on' });
      return r.run(4);
    };
    const of = (r: RegionStory) => r.words.filter((w) => w.includes('a1'));
    const well = silent();
    assert.deepEqual(of(well), []);
    well.views('a2', { a1: 'alive' });
    assert.deepEqual(of(well.run(30)), ['diagnosed a1: management network failure']);
    assert.deepEqual(of(silent().run(1)), ['confirmed a1: host failure']);
  });
  it('only its production network: told, nothing evacuated', () => {
    const r = new RegionStory();
    r.run(2).production('a1', 'dead');
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    r.run(20);
    assert.deepEqual(r.words, ['diagnosed a1: production network failure']);
  });
  it('gets worse: the verdict follows', () => {
    const r = new RegionStory();
    r.run(2).lost('a1');
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    r.run(10);
    r.production('a1', 'dead');
    r.look('a1', { management: 'dead', ssh: 'dead', power: 'on' });
    r.run(5);
    assert.deepEqual(r.words, ['diagnosed a1: agent failure', 'confirmed a1: host failure']);
  });
});

describe("the cluster's policy", () => {
  const with1 = (change: Parameters<typeof place>[1]) =>
    settingsFor({ places: new Map(HOSTS.map((h) => place(h, h === 'a1' ? change : {}))) });
  it('treats an agent that three restarts did not bring back as a host failure', () => {
    const r = new RegionStory(with1({ onAgentFailure: 'treat-as-host-failure' }));
    r.run(2).lost('a1');
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    r.run(5);
    for (const n of [1, 2]) r.restarted('a1', false, n);
    r.run(5);
    assert.deepEqual(r.words, ['diagnosed a1: agent failure'], 'two are not three');
    r.restarted('a1', false, 3);
    r.run(1);
    assert.deepEqual(r.words.at(-1), 'confirmed a1: agent failure');
  });
  it('forgets failed restarts after one that worked', () => {
    const r = new RegionStory(with1({ onAgentFailure: 'treat-as-host-failure' }));
    r.run(2).lost('a1');
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    for (const [n, worked] of [
      [1, false],
      [2, false],
      [3, true],
      [4, false],
    ] as const)
      r.restarted('a1', worked, n);
    r.run(10);
    assert.deepEqual(r.words, ['diagnosed a1: agent failure']);
  });
  it('isolates and evacuates a host that is off the production network', () => {
    const r = new RegionStory(with1({ onProductionNetworkFailure: 'isolate-and-evacuate' }));
    r.run(2).production('a1', 'dead');
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    r.run(2);
    assert.deepEqual(r.words, [], 'it may be back in a moment, and its rack may follow');
    r.run(2);
    assert.deepEqual(r.words, ['confirmed a1: production network failure']);
  });
});

describe('old evidence is unknown, never dead', () => {
  const dead = { management: 'dead', ssh: 'dead', power: 'on' } as const;
  it('a probe that is not renewed does not confirm anything', () => {
    const r = new RegionStory();
    r.run(2).look('a1', dead);
    r.looks.clear();
    r.run(11);
    r.production('a1', 'dead');
    r.lost('a1');
    r.run(18);
    assert.deepEqual(r.words, []);
    r.run(12);
    assert.deepEqual(r.words, ['held a1: not enough is known: what is missing is a probe of the management address'], 'not in silence');
    r.look('a1', dead);
    r.run(1);
    assert.deepEqual(r.words.slice(1), ['confirmed a1: host failure'], 'a fresh one does');
  });
  it("a fence device's old 'off' does not count as off", () => {
    const r = new RegionStory();
    r.run(2).look('a1', { ...dead, power: 'off' });
    r.look('a1', { management: 'dead', ssh: 'dead' });
    r.run(11);
    r.lost('a1');
    r.run(20);
    assert.deepEqual(r.words, ['diagnosed a1: management network failure'], 'its watchers still see it alive');
  });
});

describe('peers', () => {
  const silent = { management: 'dead', ssh: 'dead', power: 'on' } as const;
  it('one that sees it alive outweighs all that do not', () => {
    const r = new RegionStory();
    r.run(2).production('a1', 'dead');
    r.views('c2', { a1: 'alive' });
    r.lost('a1');
    r.look('a1', silent);
    r.run(20);
    assert.deepEqual(r.words, ['diagnosed a1: management network failure']);
  });
  it('whose own session is lost are not believed', () => {
    const r = new RegionStory();
    r.run(2).production('a1', 'dead');
    for (const watcher of ['a2', 'b1', 'b2', 'c1', 'c2']) r.lost(watcher);
    r.lost('a1');
    r.look('a1', silent);
    r.run(20);
    assert.equal(r.standing('a1'), 'suspected');
  });
  it('who are off the production network themselves are not believed', () => {
    const r = new RegionStory();
    r.run(2);
    // nobody sees b1 any more; b1 sees nobody: it is b1's link
    r.production('b1', 'dead');
    for (const watcher of ['a2', 'b2', 'c1', 'c2']) r.lost(watcher);
    r.views('b1', { a1: 'dead' });
    r.lost('a1');
    r.look('a1', silent);
    r.run(20);
    assert.equal(r.standing('a1'), 'suspected');
    assert.deepEqual(r.confirmed(), []);
  });
  it('who are back on it are not believed before they have looked anew: what they call dead they saw while they were off', () => {
    const off = () => {
      const r = new RegionStory();
      r.run(2);
      r.production('b1', 'dead');
      for (const watcher of ['a2', 'b2', 'c1', 'c2']) r.lost(watcher);
      r.views('b1', { a1: 'dead' });
      r.lost('a1');
      r.look('a1', silent);
      r.run(20);
      r.views('c3', { b1: 'alive' });
      return r.run(2);
    };
    const alive = off();
    alive.views('b1', { a1: 'alive' });
    alive.run(5);
    assert.deepEqual(alive.words, ['diagnosed a1: management network failure']);
    const dead = off();
    assert.deepEqual(dead.confirmed(), []);
    dead.run(5);
    assert.equal(dead.confirmed().length, 1, 'they stand by their word');
  });
  it('are on it when a third host sees them there; the one in question does not count', () => {
    const r = new RegionStory();
    r.run(2);
    r.production('b1', 'dead');
    r.views('a1', { b1: 'alive' });
    for (const watcher of ['a2', 'b2', 'c1', 'c2']) r.lost(watcher);
    r.views('b1', { a1: 'dead' });
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    r.run(20);
    assert.ok(!r.words.some((w) => w.includes('production network failure') && w.includes('a1')), r.words.join('; '));
  });
});

describe('what is no fault', () => {
  it('a host in maintenance, whatever it looks like', () => {
    const r = new RegionStory(settingsFor({ places: new Map(HOSTS.map((h) => place(h, { maintenance: h === 'a1' }))) }));
    r.run(2).dies('a1', 'off');
    r.run(60);
    assert.deepEqual(r.words, []);
  });
  it('a host whose compute service somebody disabled', () => {
    const r = new RegionStory();
    r.run(2).production('a1', 'dead');
    r.lost('a1');
    r.look('a1', { management: 'dead', ssh: 'dead', power: 'on', compute: 'disabled' });
    r.run(60);
    assert.deepEqual(r.words, []);
  });
  it('a host that the topology does not name', () => {
    const r = new RegionStory(settingsFor({ places: new Map(HOSTS.filter((h) => h !== 'a1').map((h) => place(h))) }));
    r.run(2).dies('a1');
    r.run(20);
    assert.deepEqual(r.words, []);
    assert.equal(r.state.standings.get(hostId('a1')), undefined);
  });
  it('the late loss of a session that a newer one has replaced', () => {
    const r = new RegionStory();
    const old = r.session('a1');
    r.registered('a1');
    r.run(2).lost('a1', old);
    r.look('a1', { management: 'dead', ssh: 'dead', power: 'on' });
    r.run(20);
    assert.equal(r.standing('a1'), 'none');
    assert.deepEqual(r.words, []);
  });
  it('a silence that ends by itself', () => {
    const r = new RegionStory();
    r.run(2).lost('a1');
    r.run(2);
    r.registered('a1');
    r.run(2);
    assert.equal(r.standing('a1'), 'none');
    assert.deepEqual(r.words, []);
  });
});
