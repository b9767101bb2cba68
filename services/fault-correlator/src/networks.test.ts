import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterId } from '@lifeboat/kernel';
import { clusterOf, HOSTS, place, RegionStory, settingsFor } from './region.test.ts';

const VERDICT = 'production network failure of the cluster';
const ALL = HOSTS.join(' ');
/** Who of `hosts` sees whom as dead from now on (or alive): by default everybody everybody. */
function see(r: RegionStory, is: 'alive' | 'dead', among: readonly string[] = HOSTS, pair: (o: string, p: string) => boolean = () => true) {
  for (const host of among) r.views(host, Object.fromEntries(among.filter((p) => p !== host && pair(host, p)).map((p) => [p, is])));
}
const acrossRacks = (o: string, p: string) => o[0] !== p[0];
const isolating = (change: object = {}) =>
  settingsFor({ places: new Map(HOSTS.map((h) => place(h, { onProductionNetworkFailure: 'isolate-and-evacuate', ...change }))) });

describe('the production network of a whole cluster', () => {
  it('is dead for everybody: one finding with its evidence, whatever the policy, and no host is isolated', () => {
    const r = new RegionStory(isolating());
    r.run(2);
    see(r, 'dead');
    r.run(300);
    assert.deepEqual(r.words, [`diagnosed ${ALL}: ${VERDICT}`]);
    const e = r.told[0]?.event;
    assert.ok(e?.type === 'lifeboat.fault.diagnosed');
    assert.match(e.data.rule, /agents and management of 9 of 9 hosts of the cluster well; none of them sees another one/);
    assert.equal(e.data.cluster, 'main');
    assert.deepEqual([...new Set(e.data.evidence.map((x) => `${x.signal} ${x.is}`))], ['production dead']);
  });
  it('is gone host by host over seconds: still one finding', () => {
    const r = new RegionStory(isolating());
    r.run(2);
    see(r, 'dead', HOSTS.slice(0, 4));
    r.run(1);
    see(r, 'dead');
    r.run(60);
    assert.deepEqual(r.words, [`diagnosed ${ALL}: ${VERDICT}`]);
  });
  it('blinks: nothing is told', () => {
    const r = new RegionStory();
    r.run(2);
    see(r, 'dead');
    r.run(2);
    see(r, 'alive');
    r.run(60);
    assert.deepEqual(r.words, []);
    assert.equal(r.state.networks.size, 0, 'and nothing is kept of it');
  });
  it('works again: told once, and a rack that does not come back with the others has its own verdict', () => {
    const r = new RegionStory();
    r.run(2);
    see(r, 'dead');
    r.run(20);
    const most = HOSTS.filter((h) => !h.startsWith('a'));
    see(r, 'alive', most);
    r.run(20);
    assert.deepEqual(r.words, [
      `diagnosed ${ALL}: ${VERDICT}`,
      'lifeboat.network.cleared',
      'diagnosed a1 a2 a3: top-of-rack switch failure',
    ]);
    see(r, 'alive');
    r.run(20);
    assert.equal(r.words.filter((w) => w === 'lifeboat.network.cleared').length, 1);
  });
  it('its agents are gone for a while (the registry): that is no sign of a network that works', () => {
    const r = new RegionStory();
    r.run(2);
    see(r, 'dead');
    r.run(20);
    for (const h of HOSTS) r.lost(h);
    r.run(2);
    for (const h of HOSTS) r.registered(h);
    r.run(60);
    assert.deepEqual(r.words, [`diagnosed ${ALL}: ${VERDICT}`]);
  });
  it('of two clusters one is off: that one is told, with the hosts of that one', () => {
    const r = new RegionStory(
      settingsFor({ places: new Map(HOSTS.map((h) => place(h, { cluster: h.startsWith('a') ? clusterOf(h) : clusterId('main') }))) }),
    );
    r.run(2);
    const main = HOSTS.filter((h) => !h.startsWith('a'));
    see(r, 'dead', main);
    r.run(60);
    assert.deepEqual(r.words, [`diagnosed ${main.join(' ')}: ${VERDICT}`]);
  });
  it('stands in one rack: the rule says that it may be its switch', () => {
    const r = new RegionStory(settingsFor({ places: new Map(HOSTS.map((h) => place(h, { cluster: clusterOf(h) }))) }));
    r.run(2);
    see(r, 'dead', ['a1', 'a2', 'a3']);
    r.run(60);
    const e = r.told[0]?.event;
    assert.ok(e?.type === 'lifeboat.fault.diagnosed');
    assert.match(e.data.rule, /all of them stand in rack-a: it may be its switch/);
  });
  it('racks see themselves and none another one: one finding, and no rack is isolated for it', () => {
    const r = new RegionStory(isolating());
    r.run(2);
    see(r, 'dead', HOSTS, acrossRacks);
    r.run(60);
    assert.deepEqual(r.words, [`diagnosed ${ALL}: ${VERDICT}`]);
    const e = r.told[0]?.event;
    assert.ok(e?.type === 'lifeboat.fault.diagnosed' && /none of them sees one of another rack/.test(e.data.rule));
  });
  it('one rack only is cut off from the others: its switch, not the cluster', () => {
    const r = new RegionStory();
    r.run(2);
    see(r, 'dead', HOSTS, (o, p) => acrossRacks(o, p) && (o.startsWith('a') || p.startsWith('a')));
    r.run(60);
    assert.deepEqual(r.words, ['diagnosed a1 a2 a3: top-of-rack switch failure']);
  });
  it('is out, and a host fails meanwhile: its own verdict by its power, as ever', () => {
    const r = new RegionStory();
    r.run(2);
    see(r, 'dead');
    r.run(20);
    r.dies('a1', 'off');
    r.run(60);
    assert.deepEqual(r.words, [`diagnosed ${ALL}: ${VERDICT}`, 'confirmed a1: host power failure']);
  });
  it('planned work on all but one: nobody is left to tell', () => {
    const r = new RegionStory(settingsFor({ places: new Map(HOSTS.map((h) => place(h, { maintenance: h !== 'a1' }))) }));
    r.run(2);
    see(r, 'dead');
    r.run(60);
    assert.deepEqual(r.words, []);
  });
});
