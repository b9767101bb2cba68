import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HOSTS, place, RegionStory, settingsFor } from './region.test.ts';

const RACK = ['a1', 'a2', 'a3'] as const;
const OTHERS = ['b1', 'b2', 'b3', 'c1', 'c2', 'c3'] as const;
/** The production switch of rack a is dead: its hosts see nobody there, and nobody sees them. */
function switchFails(r: RegionStory, hosts: readonly string[] = RACK): void {
  for (const host of hosts) {
    r.production(host, 'dead');
    r.views(host, Object.fromEntries(HOSTS.filter((h) => h !== host).map((h) => [h, 'dead'])));
  }
}
const isolate = () => settingsFor({ places: new Map(HOSTS.map((h) => place(h, { onProductionNetworkFailure: 'isolate-and-evacuate' }))) });

describe('a top-of-rack switch', () => {
  it('is dead: one finding for the rack, and nothing is evacuated', () => {
    const r = new RegionStory();
    r.run(2);
    switchFails(r);
    r.run(60);
    assert.deepEqual(r.words, ['diagnosed a1 a2 a3: top-of-rack switch failure']);
    const e = r.told[0]?.event;
    assert.ok(e?.type === 'lifeboat.fault.diagnosed');
    assert.match(e.data.rule, /3 of 3 hosts of the rack: agents and management well, production dead for all peers/);
    assert.deepEqual([...new Set(e.data.evidence.map((x) => x.host))], [...RACK]);
  });
  it('takes its hosts away one after another: still one finding', () => {
    const r = new RegionStory();
    r.run(2);
    for (const host of RACK) {
      switchFails(r, [host]);
      r.run(2);
    }
    r.run(60);
    assert.deepEqual(r.words, ['diagnosed a1 a2 a3: top-of-rack switch failure']);
  });
  it('its uplink is dead: the rack still sees itself, all others do not see it', () => {
    const r = new RegionStory();
    r.run(2);
    for (const other of OTHERS) r.views(other, { a1: 'dead', a2: 'dead', a3: 'dead' });
    r.run(60);
    assert.deepEqual(r.words, ['diagnosed a1 a2 a3: top-of-rack switch failure']);
    const e = r.told[0]?.event;
    assert.ok(e?.type === 'lifeboat.fault.diagnosed' && /for all peers of other racks/.test(e.data.rule));
  });
  it('two of three hosts are off the network: each by itself, after the wait for the third', () => {
    const r = new RegionStory();
    r.run(2);
    switchFails(r, ['a1', 'a2']);
    r.run(5);
    assert.deepEqual(r.words, []);
    r.run(60);
    assert.deepEqual(r.words, ['diagnosed a1: production network failure', 'diagnosed a2: production network failure']);
  });
  it('works again: each host is told to be well', () => {
    const r = new RegionStory();
    r.run(2);
    switchFails(r);
    r.run(10);
    for (const host of RACK) {
      r.production(host, 'alive');
      r.views(host, Object.fromEntries(HOSTS.filter((h) => h !== host).map((h) => [h, 'alive'])));
    }
    r.run(5);
    assert.deepEqual(
      r.words.slice(1),
      RACK.map((h) => `cleared ${h}: top-of-rack switch failure`),
    );
  });
  it('by the policy isolated and evacuated: one incident, not proven by any rule', () => {
    const r = new RegionStory(isolate());
    r.run(2);
    switchFails(r);
    r.run(20);
    assert.deepEqual(r.words, ['confirmed a1 a2 a3: top-of-rack switch failure']);
    assert.equal(r.confirmed()[0]?.data.rackRule, false);
  });
  it('the same, but more hosts than the brake allows: held, all together', () => {
    const r = new RegionStory({ ...isolate(), brake: { clusterShare: 0.2, regionShare: 1, hosts: 100 } });
    r.run(2);
    switchFails(r);
    r.run(20);
    assert.deepEqual(r.words, ['held a1 a2 a3: brake: 3 of 9 hosts of cluster main at once']);
  });
  it('the same, but the uplink only: a host that its own rack sees is never isolated', () => {
    const r = new RegionStory(isolate());
    r.run(2);
    for (const other of OTHERS) r.views(other, { a1: 'dead', a2: 'dead', a3: 'dead' });
    r.run(60);
    assert.deepEqual(r.words, ['diagnosed a1 a2 a3: top-of-rack switch failure']);
  });
});
