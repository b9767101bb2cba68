import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, type IncidentId, incidentId } from '@lifeboat/kernel';
import { clusterOf, HOSTS, place, RegionStory, settingsFor } from './region.test.ts';

type Brake = ReturnType<typeof settingsFor>['brake'];
/** Each rack its own cluster, so that cluster and region can be told apart. */
const story = (brake: Brake) => {
  const r = new RegionStory(settingsFor({ brake, places: new Map(HOSTS.map((h) => place(h, { cluster: clusterOf(h) }))) }));
  return r.run(2);
};
const incidentOf = (r: RegionStory, host: string): IncidentId =>
  r.confirmed().find((e) => e.data.hosts.some((h) => h === host))?.data.incident ?? incidentId('inc-none');

describe('the brake', () => {
  it('more of a cluster at once than its share: held, with the numbers', () => {
    const r = story({ clusterShare: 0.4, regionShare: 1, hosts: 100 });
    r.dies('a1');
    r.dies('a2');
    r.dies('b1');
    r.run(5);
    assert.deepEqual(r.words, [
      'confirmed a1: host failure',
      'held a2: brake: 2 of 3 hosts of cluster cluster-a at once',
      'confirmed b1: host failure',
    ]);
  });
  it('more of the region at once than its share: held', () => {
    const r = story({ clusterShare: 1, regionShare: 0.25, hosts: 100 });
    for (const host of ['a1', 'b1', 'c1']) r.dies(host);
    r.run(5);
    assert.deepEqual(r.words, [
      'confirmed a1: host failure',
      'confirmed b1: host failure',
      'held c1: brake: 3 of 9 hosts of the region at once',
    ]);
  });
  it('more than the set number at once: held', () => {
    const r = story({ clusterShare: 1, regionShare: 1, hosts: 1 });
    for (const host of ['a1', 'b1']) r.dies(host);
    r.run(5);
    assert.deepEqual(r.words, ['confirmed a1: host failure', 'held b1: brake: 2 hosts at once, 1 are allowed']);
  });
  it('lets at least one host fail, however small the cluster', () => {
    const r = story({ clusterShare: 0.01, regionShare: 0.01, hosts: 1 });
    r.dies('a1');
    r.run(5);
    assert.deepEqual(r.words, ['confirmed a1: host failure']);
  });
  it('lets the next one pass when an incident is closed', () => {
    const r = story({ clusterShare: 0.4, regionShare: 1, hosts: 100 });
    r.dies('a1');
    r.dies('a2');
    r.run(5);
    r.closed(incidentOf(r, 'a1'), ['a1']);
    r.run(8);
    assert.deepEqual(r.words.slice(2), [], 'not before it has been calm for a while');
    r.run(3);
    assert.deepEqual(r.words.slice(2), ['confirmed a2: host failure']);
  });
  it('lets go when the first of many comes back, and the others are only later: none of them is taken for failed', () => {
    const r = story({ clusterShare: 1, regionShare: 0.35, hosts: 100 });
    const storm = ['a1', 'b1', 'c1', 'a2'];
    for (const host of storm) r.production(host, 'dead');
    r.run(2);
    for (const host of storm) r.look(host, { management: 'dead', ssh: 'dead', power: 'on' });
    for (const host of storm) r.lost(host);
    r.run(10);
    assert.deepEqual(r.words, ['held a1 a2 b1 c1: brake: 4 of 9 hosts of the region at once']);
    for (const host of storm) {
      r.returns(host);
      r.run(2);
    }
    r.run(20);
    assert.deepEqual(r.confirmed(), []);
  });
  const byPerson = () => {
    const r = story({ clusterShare: 1, regionShare: 1, hosts: 1 });
    r.dies('a1');
    r.dies('b1');
    r.run(5);
    const own = incidentId('inc-b1-person-1');
    r.opened(own, ['b1']);
    r.run(5);
    return { r, own };
  };
  it('lets go of a held host for which a person has opened an incident: it gets no second, empty one', () => {
    const { r, own } = byPerson();
    r.closed(incidentOf(r, 'a1'), ['a1']);
    r.run(60);
    r.closed(own, ['b1']);
    r.run(60);
    assert.deepEqual(r.words, ['confirmed a1: host failure', 'held b1: brake: 2 hosts at once, 1 are allowed']);
    assert.equal(r.standing('b1'), 'confirmed');
    r.returns('b1', 'boot-2');
    r.run(5);
    assert.equal(r.standing('b1'), 'none');
  });
  it('... and whose word was wrong: the host is back in the same life, and that is told', () => {
    const { r, own } = byPerson();
    const proof = { host: hostId('b1'), kind: 'person' as const, method: 'li.wei', at: r.at, detail: 'I saw it' };
    r.hear('lifeboat.host.isolated', { incident: own, host: hostId('b1'), proof, at: r.at });
    r.run(2);
    r.returns('b1');
    r.run(60);
    const doubts = r.told.flatMap(({ event: e }) => (e.type === 'lifeboat.proof.contradicted' ? [e.data] : []));
    assert.deepEqual(
      doubts.map((d) => [d.host, d.incident, d.proof.method]),
      [['b1', own, 'li.wei']],
    );
  });
  it('a held host that is well again is forgotten', () => {
    const r = story({ clusterShare: 0.4, regionShare: 1, hosts: 100 });
    r.dies('a1');
    r.dies('a2');
    r.run(5);
    r.returns('a2');
    r.run(2);
    assert.equal(r.standing('a2'), 'none');
    assert.deepEqual(
      r.confirmed().map((e) => e.data.hosts),
      [['a1']],
    );
  });
});
