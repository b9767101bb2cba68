import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, rackId } from '@lifeboat/kernel';
import { clusterOf, HOSTS, place, RegionStory, settingsFor } from './region.test.ts';

const RACK = ['a1', 'a2', 'a3'] as const;
type Member = (typeof RACK)[number];
interface Missing {
  readonly agentStays?: Member;
  readonly answers?: Member;
  readonly seenAlive?: Member;
  readonly bmcAnswers?: Member;
  readonly otherRacksSilent?: boolean;
  readonly observer?: 'cut-off';
  readonly nobodySees?: boolean;
  readonly unwatched?: Member;
  readonly bmcUnasked?: Member;
}

/** Rack a loses its power, all but what is missing for the rack rule. */
function rackFails(r: RegionStory, missing: Missing = {}): void {
  r.silentRacks.add('a');
  if (missing.otherRacksSilent) for (const other of ['b', 'c']) r.silentRacks.add(other);
  if (missing.observer !== undefined) r.observer = missing.observer;
  for (const host of RACK) {
    if (missing.nobodySees !== true && host !== missing.seenAlive && host !== missing.unwatched) r.production(host, 'dead');
  }
  if (missing.seenAlive !== undefined) r.views('b1', { [missing.seenAlive]: 'alive' });
  if (missing.nobodySees) for (const watcher of ['b1', 'b2', 'c1', 'c2']) r.lost(watcher);
  r.round();
  for (const host of RACK) if (host !== missing.agentStays) r.lost(host);
  for (const host of RACK) {
    const management = host === missing.answers ? 'alive' : 'dead';
    const ssh = host === missing.answers ? 'works' : 'dead';
    const power = host === missing.bmcAnswers ? 'on' : 'unreachable';
    r.look(host, host === missing.bmcUnasked ? { management, ssh } : { management, ssh, power });
  }
}
const rackIncidents = (r: RegionStory) => r.confirmed().filter((e) => e.data.rackRule);

describe('the rack rule', () => {
  it('all hosts silent on both networks, all fence devices silent, other racks alive: one incident for the rack', () => {
    const r = new RegionStory();
    r.run(2);
    rackFails(r);
    r.run(40);
    assert.deepEqual(r.words, ['confirmed a1 a2 a3: rack power failure']);
    const e = rackIncidents(r)[0];
    assert.ok(e !== undefined);
    assert.match(e.data.incident, /^inc-rack-rack-a-\d+$/);
    assert.match(e.data.rule, /all 3 hosts of the rack.*other racks alive in the same round/);
    assert.deepEqual([...new Set(e.data.evidence.map((x) => x.host))], ['a1', 'a2', 'a3'], 'with the evidence of each');
  });
  it('names every cluster that has hosts there', () => {
    const places = new Map(HOSTS.map((h) => place(h, { cluster: h === 'a2' ? clusterOf('z') : clusterOf('a') })));
    const r = new RegionStory(settingsFor({ places }));
    r.run(2);
    rackFails(r);
    r.run(5);
    assert.deepEqual(rackIncidents(r)[0]?.data.clusters, ['cluster-a', 'cluster-z']);
  });
  it('does not ask the brake: it knows what failed', () => {
    const r = new RegionStory(settingsFor({ brake: { clusterShare: 0.1, regionShare: 0.1, hosts: 1 } }));
    r.run(2);
    rackFails(r);
    r.run(5);
    assert.deepEqual(r.words, ['confirmed a1 a2 a3: rack power failure']);
  });
  it('waits for hosts whose evidence comes later, before it takes one of them for a single failure', () => {
    const r = new RegionStory();
    r.run(2);
    r.dies('a1', 'unreachable');
    r.run(4);
    assert.deepEqual(r.words, []);
    rackFails(r);
    r.run(5);
    assert.deepEqual(r.words, ['confirmed a1 a2 a3: rack power failure']);
  });

  const each: [what: string, missing: Missing][] = [
    ['an agent of the rack is still there', { agentStays: 'a2' }],
    ['a host of the rack answers', { answers: 'a2' }],
    ['a host of the rack is seen on the production network', { seenAlive: 'a2' }],
    ['a fence device of the rack answers', { bmcAnswers: 'a3' }],
    ['no other rack was seen alive in the same round', { otherRacksSilent: true }],
    ['the observer is cut off', { observer: 'cut-off' }],
    ['nobody saw any of them dead on the production network', { nobodySees: true }],
  ];
  for (const [what, missing] of each) {
    it(`${what}: no rack verdict`, () => {
      const r = new RegionStory();
      r.run(2);
      rackFails(r, missing);
      r.run(60);
      assert.deepEqual(rackIncidents(r), []);
      const spared = missing.agentStays ?? missing.answers ?? missing.seenAlive;
      if (spared !== undefined)
        assert.ok(!r.confirmed().some((e) => e.data.hosts.includes(hostId(spared))), `${spared} is not taken for failed`);
      if (missing.otherRacksSilent !== true && spared === undefined && missing.bmcAnswers === undefined)
        assert.deepEqual(r.confirmed(), []);
    });
  }
  it('nobody watches one of them on the production network: unknown is not unreachable, no rack verdict', () => {
    const r = new RegionStory(settingsFor(), ['a2']);
    r.run(2);
    rackFails(r, { unwatched: 'a2' });
    r.run(60);
    assert.deepEqual(rackIncidents(r), []);
    assert.ok(!r.confirmed().some((e) => e.data.hosts.includes(hostId('a2'))));
  });
  it('a rack of one host proves nothing by it', () => {
    const places = new Map(HOSTS.filter((h) => h !== 'a2' && h !== 'a3').map((h) => place(h)));
    const r = new RegionStory(settingsFor({ places }));
    r.run(2);
    r.silentRacks.add('a');
    r.dies('a1', 'unreachable');
    r.run(40);
    assert.deepEqual(
      r.confirmed().map((e) => [e.data.verdict, e.data.rackRule]),
      [['host failure', false]],
    );
  });
  const withMaintenance = () => new RegionStory(settingsFor({ places: new Map(HOSTS.map((h) => place(h, { maintenance: h === 'a3' }))) }));
  it('a host of the rack is in maintenance and as gone as the others: they have failed, it is planned work', () => {
    const r = withMaintenance();
    r.run(2);
    rackFails(r);
    r.run(60);
    assert.deepEqual(r.words, ['confirmed a1 a2: rack power failure']);
  });
  it('a host of the rack is in maintenance and nobody asked its fence device: whether it fell with them cannot be said', () => {
    const r = withMaintenance();
    r.run(2);
    rackFails(r, { bmcUnasked: 'a3' });
    r.run(60);
    assert.deepEqual(rackIncidents(r), []);
  });
  it('one host was confirmed alone, long before: the others are one incident, and its own gets the proof it waits for', () => {
    const r = new RegionStory();
    r.run(2);
    r.dies('a1', 'unreachable');
    r.run(10);
    const alone = r.confirmed()[0]?.data.incident;
    assert.deepEqual(r.words, ['confirmed a1: host failure']);
    rackFails(r);
    r.run(30);
    assert.deepEqual(r.words.slice(1), ['confirmed a1 a2 a3: rack power failure']);
    const rack = rackIncidents(r)[0];
    assert.notEqual(rack?.data.incident, alone);
    assert.equal(r.state.standings.get('a1')?.kind === 'confirmed' && r.state.standings.get('a1')?.['incident' as never], alone);
    r.run(60);
    assert.equal(rackIncidents(r).length, 1, 'told once');
  });
  it('one switch carries all of the rack, as the topology says: its silence proves nothing', () => {
    const r = new RegionStory(settingsFor({ darkButNotDead: new Set([rackId('rack-a')]) }));
    r.run(2);
    rackFails(r);
    r.run(60);
    assert.deepEqual(rackIncidents(r), []);
  });
  it('they go dark one after another: a switch and some cables, not the power; no rack verdict', () => {
    const r = new RegionStory();
    r.run(2);
    r.silentRacks.add('a');
    for (const host of RACK) {
      r.dies(host, 'unreachable');
      r.run(25);
    }
    r.run(60);
    assert.deepEqual(rackIncidents(r), []);
  });
  it('one host was confirmed alone and is seen alive by a peer now: no rack verdict', () => {
    const r = new RegionStory();
    r.run(2);
    r.dies('a1', 'unreachable');
    r.run(10);
    rackFails(r, { seenAlive: 'a1' });
    r.run(30);
    assert.deepEqual(rackIncidents(r), []);
  });
});

describe('the observer', () => {
  it('is cut off: held once, with why; judged anew when it sees again', () => {
    const r = new RegionStory();
    r.run(2);
    r.observer = 'cut-off';
    r.round();
    r.dies('a1');
    r.run(30);
    assert.deepEqual(r.words, ['held a1: the observer cannot be trusted: the gateway is silent']);
    assert.equal(r.standing('a1'), 'held');
    r.observer = 'sound';
    r.run(8);
    assert.equal(r.words.length, 1, 'not before it has been calm for a while');
    r.run(4);
    assert.deepEqual(r.words.slice(1), ['confirmed a1: host failure']);
  });
  it('has not seen a full round since we started: held', () => {
    const r = new RegionStory();
    r.rounds = false;
    r.dies('a1');
    r.run(5);
    assert.deepEqual(r.words, ['held a1: the observer cannot be trusted: no full round has been seen yet']);
    r.rounds = true;
    r.run(1);
    assert.deepEqual(r.words.slice(1), ['confirmed a1: host failure']);
  });
  it('a new leader does not believe a round that its predecessor saw', () => {
    const r = new RegionStory();
    r.run(5);
    r.rounds = false;
    r.now += 10;
    r.input({ kind: 'started', epoch: 2 as never, at: r.at });
    r.dies('a1');
    r.run(3);
    assert.deepEqual(r.words, ['held a1: the observer cannot be trusted: no full round has been seen yet']);
  });
  it('has said nothing for long: held', () => {
    const r = new RegionStory();
    r.run(2);
    r.rounds = false;
    r.run(11);
    r.dies('a1');
    assert.match(r.words[0] ?? '', /^held a1: the observer cannot be trusted: its last round is 11 s old$/);
  });
  it('a round that comes late does not replace a newer one', () => {
    const r = new RegionStory();
    r.run(5);
    const before = r.state.rounds.get('last');
    const startedAt = ((before?.at ?? 0) - 3_000) as typeof r.at;
    r.hear('lifeboat.round.completed', { round: 1, observer: 'cut-off', racks: [], startedAt, at: r.at });
    assert.deepEqual(r.state.rounds.get('last'), before);
  });
  it('what it holds does not keep it from telling what is only alerted', () => {
    const r = new RegionStory();
    r.run(2);
    r.observer = 'cut-off';
    r.lost('a1');
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    r.run(5);
    assert.deepEqual(r.words, ['diagnosed a1: agent failure']);
  });
});
