import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId } from '@lifeboat/kernel';
import { HOSTS, place, RegionStory, settingsFor } from './region.test.ts';

const silent = { management: 'dead', ssh: 'dead', power: 'on' } as const;
const well = { management: 'alive', ssh: 'works', power: 'on' } as const;

describe('the cut', () => {
  it('others come under suspicion at the same time: nobody is judged before no more are coming', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 0.4, regionShare: 1, hosts: 100 } }));
    r.run(2);
    r.production('b1', 'dead');
    r.dies('a1');
    assert.deepEqual(r.words, [], 'b1 was suspected only just now');
    r.run(1);
    assert.deepEqual(r.words, ['confirmed a1: host failure'], 'and nobody came after it');
  });
  it('hosts fail over seconds, more than the brake allows: all are held, not the first ones let through', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 0.4, regionShare: 1, hosts: 100 } }));
    r.run(2);
    const six = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'];
    for (const host of six) r.production(host, 'dead');
    r.run(2);
    for (const host of HOSTS) if (!six.includes(host)) r.views('c3', { [host]: 'alive' });
    for (const host of six) r.look(host, silent);
    for (const host of ['a3', 'b3', 'c3'])
      r.views(host, Object.fromEntries(HOSTS.filter((h) => h !== host).map((h) => [h, six.includes(h) ? 'dead' : 'alive'])));
    for (const host of six) r.lost(host);
    r.run(20);
    assert.deepEqual(r.words, ['held a1 a2 b1 b2 c1 c2: brake: 6 of 9 hosts of cluster main at once']);
  });
  it("the monitor's word about one of them comes a moment before that about the next: nobody is let through between the two", () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 1, regionShare: 1, hosts: 1 } }));
    r.run(2);
    for (const host of ['a1', 'a2']) r.production(host, 'dead');
    r.run(1);
    for (const host of ['a1', 'a2']) r.lost(host);
    for (const host of ['a1', 'a2']) r.look(host, { management: 'alive', power: 'on' });
    r.run(1);
    r.look('a1', silent);
    assert.deepEqual(r.words, []);
    r.look('a2', silent);
    r.run(5);
    assert.deepEqual(r.words, ['held a1 a2: brake: 2 hosts at once, 1 are allowed']);
  });
  it('the session of one of them lapses a moment later: it is counted, and not let through first', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 1, regionShare: 1, hosts: 1 } }));
    r.run(2);
    for (const host of ['a1', 'a2']) r.look(host, silent);
    r.run(2);
    r.production('a1', 'dead');
    r.lost('a1');
    r.run(1);
    assert.deepEqual(r.words, [], 'a2 is silent, too, and its agent and its production address only were not yet found gone');
    r.production('a2', 'dead');
    r.lost('a2');
    r.run(10);
    assert.deepEqual(r.words, ['held a1: brake: 2 hosts at once, 1 are allowed', 'held a2: brake: 2 hosts at once, 1 are allowed']);
  });
  it('one of them is seen on the production network a moment longer: the others wait until that is known', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 1, regionShare: 1, hosts: 1 } }));
    r.run(2);
    for (const host of ['a1', 'a2']) r.look(host, silent);
    r.run(1);
    r.production('a1', 'dead');
    for (const host of ['a1', 'a2']) r.lost(host);
    r.run(1);
    assert.deepEqual(r.words, [], 'a2 may be about to be taken for failed, or have lost its management network only');
    r.production('a2', 'dead');
    r.run(5);
    assert.deepEqual(r.words, ['held a1 a2: brake: 2 hosts at once, 1 are allowed']);
  });
  it('with sessions that last longer it is the same: they are counted from the loss of the agent on', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 1, regionShare: 1, hosts: 1 } }));
    r.run(2);
    for (const host of ['a1', 'a2']) r.production(host, 'dead');
    for (const host of ['a1', 'a2']) r.look(host, silent);
    r.run(8);
    r.lost('a1');
    r.run(1);
    r.lost('a2');
    r.run(7);
    assert.deepEqual(r.words, ['held a1: brake: 2 hosts at once, 1 are allowed', 'held a2: brake: 2 hosts at once, 1 are allowed']);
  });
  it('... and the word about the next comes later than that about the first', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 1, regionShare: 1, hosts: 1 } }));
    r.run(2);
    for (const host of ['a1', 'a2']) r.production(host, 'dead');
    for (const host of ['a1', 'a2']) r.look(host, { management: 'alive', power: 'on' });
    r.run(10);
    for (const host of ['a1', 'a2']) r.lost(host);
    r.look('a1', silent);
    assert.deepEqual(
      r.words.filter((w) => w.startsWith('confirmed')),
      [],
    );
    r.look('a2', silent);
    r.run(7);
    assert.deepEqual(r.words.slice(-1), ['held a1 a2: brake: 2 hosts at once, 1 are allowed']);
  });
  it('one in planned work that is off keeps nobody waiting', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 1, regionShare: 1, hosts: 1 } }));
    r.run(2);
    r.look('a2', { ...silent, compute: 'disabled' });
    r.lost('a2');
    r.run(1);
    r.dies('a1');
    assert.deepEqual(r.words, ['confirmed a1: host failure']);
  });
  it('... and it has lost that network only: the one that failed is not held up for longer than the cut', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 1, regionShare: 1, hosts: 1 } }));
    r.run(2);
    r.look('a2', silent);
    r.run(1);
    r.dies('a1');
    r.run(5);
    assert.ok(r.words.includes('confirmed a1: host failure'), r.words.join('; '));
  });
  it('does not wait for ever for a region in which somebody is always suspected', () => {
    const r = new RegionStory();
    r.run(2);
    r.production('a1', 'dead');
    const others = ['b1', 'b2', 'b3', 'c1', 'c2', 'c3'];
    r.lost('a1');
    r.look('a1', silent);
    for (const other of others) {
      r.production(other, 'dead');
      r.run(1);
    }
    assert.ok(r.words.includes('confirmed a1: host failure'), r.words.join('; '));
  });
});

describe('what cannot be judged is told', () => {
  it('a silent host that nobody watches on the production network: held, with what is missing; well again, told', () => {
    const r = new RegionStory(settingsFor(), ['a1']);
    r.run(2);
    r.lost('a1');
    r.look('a1', silent);
    r.run(25);
    assert.deepEqual(r.words, []);
    r.run(60);
    assert.deepEqual(r.words, ["held a1: not enough is known: what is missing is a peer's view of the production address"]);
    r.registered('a1');
    r.look('a1', well);
    r.run(2);
    assert.deepEqual(r.words.slice(1), ['cleared a1: observer failure']);
  });
  it('the fence device says that it is off: nobody need watch it', () => {
    const r = new RegionStory(settingsFor(), ['a1']);
    r.run(2);
    r.lost('a1');
    r.look('a1', { ...silent, power: 'off' });
    r.run(2);
    assert.deepEqual(r.words, ['confirmed a1: host power failure']);
  });
  it('a silent host whose agent was never heard of', () => {
    const r = new RegionStory();
    r.run(2);
    r.state = { ...r.state, hosts: r.state.hosts.delete(hostId('a1')), standings: r.state.standings.delete(hostId('a1')) };
    r.look('a1', { ...silent, power: 'off' });
    r.run(60);
    assert.deepEqual(r.words, ['held a1: not enough is known: what is missing is its agent, which has never been heard of']);
  });
  it('a held host that is well again is told to be', () => {
    const r = new RegionStory();
    r.run(2);
    r.observer = 'cut-off';
    r.round();
    r.dies('a1');
    r.run(5);
    r.returns('a1');
    r.observer = 'sound';
    r.run(5);
    assert.deepEqual(r.words.slice(1), ['cleared a1: observer failure']);
  });
  it('all hosts at once, and the observer knows that it is cut off: one alert for all', () => {
    const r = new RegionStory();
    r.run(2);
    r.observer = 'cut-off';
    r.round();
    for (const host of HOSTS) r.views(host, Object.fromEntries(HOSTS.filter((h) => h !== host).map((h) => [h, 'dead'])));
    r.run(1);
    for (const host of HOSTS) if (host !== 'c3') r.lost(host);
    for (const host of HOSTS) r.look(host, silent);
    r.run(60);
    assert.equal(r.confirmed().length, 0);
    assert.equal(r.words.filter((w) => w.startsWith('held')).length, 1, r.words.join('; '));
  });
});

describe('planned work', () => {
  it('a compute service that somebody disabled stays planned work while Nova says nothing more', () => {
    const r = new RegionStory();
    r.run(2);
    r.look('a1', { ...well, compute: 'disabled' });
    r.looks.clear();
    r.run(120);
    r.dies('a1', 'off');
    r.run(60);
    assert.deepEqual(r.words, []);
    r.look('a1', { ...silent, power: 'off', compute: 'down' });
    r.run(2);
    assert.deepEqual(r.words, ['confirmed a1: host power failure'], 'until Nova says otherwise');
  });
  it('is not told when such a host restarts', () => {
    const r = new RegionStory();
    r.run(2);
    r.look('a1', { ...well, compute: 'disabled' });
    r.lost('a1');
    r.run(1);
    r.registered('a1', 'boot-2');
    r.run(5);
    assert.deepEqual(r.words, []);
  });
});

describe('peers', () => {
  it('whom an observer does not name any more it does not see any more', () => {
    const r = new RegionStory();
    r.run(2);
    r.production('a1', 'dead');
    const data = { host: hostId('b1'), session: r.session('b1'), changed: [], gone: [], peers: [], at: r.at };
    r.hear('lifeboat.agent.reported', data);
    assert.deepEqual(Object.keys(r.state.hosts.get('a1')?.production ?? {}).sort(), ['a2', 'b2', 'c1', 'c2']);
    assert.ok(!('b1' in (r.state.hosts.get('c1')?.production ?? {})));
  });
  it('whose session is over is forgotten with all it saw', () => {
    const r = new RegionStory();
    r.run(2);
    r.lost('b1');
    for (const host of HOSTS) assert.ok(!('b1' in (r.state.hosts.get(host)?.production ?? {})), host);
  });
  it('told the same again changes nothing that is stored', () => {
    const r = new RegionStory();
    const before = r.state.hosts;
    r.views('b1', {});
    assert.equal(r.state.hosts, before);
  });
});

describe('a host that keeps failing', () => {
  const failAndReturn = (r: RegionStory, boot: number): void => {
    r.dies('a1');
    r.run(5);
    const incident = r.confirmed().at(-1)?.data.incident;
    assert.ok(incident !== undefined);
    r.closed(incident, ['a1']);
    r.returns('a1', `boot-${boot}`);
    r.run(60);
  };
  const quarantines = (r: RegionStory) =>
    r.told.flatMap(({ event: e }) => (e.type === 'lifeboat.host.quarantined' ? [[e.data.failures, e.data.healthyMs / 60_000]] : []));
  it('is held out longer each time, up to a limit, and told so', () => {
    const r = new RegionStory();
    r.run(2);
    for (let boot = 2; boot < 10; boot++) failAndReturn(r, boot);
    assert.deepEqual(quarantines(r), [
      [2, 5],
      [3, 10],
      [4, 20],
      [5, 40],
      [6, 80],
      [7, 160],
      [8, 240],
    ]);
  });
  it('long after the last time it begins anew', () => {
    const r = new RegionStory(
      settingsFor({ places: new Map(HOSTS.map((h) => place(h))), flaps: { windowMs: 60_000, firstMs: 1, mostMs: 1 } }),
    );
    r.run(2);
    failAndReturn(r, 2);
    r.run(60);
    failAndReturn(r, 3);
    assert.deepEqual(quarantines(r), []);
  });
});
