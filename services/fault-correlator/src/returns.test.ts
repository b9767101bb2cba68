import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HOSTS, place, RegionStory, settingsFor } from './region.test.ts';

const failed = (): { r: RegionStory; incident: ReturnType<RegionStory['confirmed']>[number]['data']['incident'] } => {
  const r = new RegionStory();
  r.run(2).dies('a1');
  r.run(3);
  const e = r.confirmed()[0];
  assert.ok(e !== undefined);
  return { r, incident: e.data.incident };
};

describe('a failed host comes back', () => {
  it('with its old boot id: told once, with its incident, and that it never stopped', () => {
    const { r, incident } = failed();
    r.returns('a1');
    r.run(10);
    assert.deepEqual(r.words.slice(1), ['cleared a1: host failure']);
    const e = r.told.at(-1)?.event;
    assert.ok(e?.type === 'lifeboat.fault.cleared' && e.data.incident === incident && !e.data.restarted);
  });
  it('with another boot id: what ran on it does not run any more', () => {
    const { r } = failed();
    r.returns('a1', 'boot-2');
    r.run(10);
    assert.deepEqual(r.words.slice(1), ['cleared a1: host failure, restarted']);
  });
  it('is not well before it is seen on both networks', () => {
    const { r } = failed();
    r.registered('a1');
    r.run(5);
    assert.deepEqual(r.words.slice(1), []);
  });
  it('and fails again while its incident is open: no second incident', () => {
    const { r, incident } = failed();
    r.returns('a1');
    r.run(5);
    r.dies('a1');
    r.run(20);
    assert.equal(r.confirmed().length, 1);
    r.returns('a1');
    r.run(5);
    assert.deepEqual(r.words.slice(1), ['cleared a1: host failure', 'cleared a1: host failure'], 'each return is told');
    r.closed(incident, ['a1'], 'withdrawn');
    r.run(5);
    assert.equal(r.standing('a1'), 'none');
  });
  it('after its incident: forgotten, and a new failure is a new incident', () => {
    const { r, incident } = failed();
    r.closed(incident, ['a1']);
    r.run(5);
    assert.equal(r.confirmed().length, 1, 'a host whose VMs are elsewhere is not evacuated again');
    r.returns('a1', 'boot-2');
    r.run(5);
    assert.equal(r.standing('a1'), 'none');
    r.dies('a1');
    r.run(5);
    assert.equal(r.confirmed().length, 2);
    assert.notEqual(r.confirmed()[1]?.data.incident, incident);
  });
  it('and is gone again when its incident is closed as withdrawn: its VMs never moved, so a new incident opens', () => {
    const { r, incident } = failed();
    r.returns('a1');
    r.run(5);
    r.dies('a1');
    r.run(5);
    r.closed(incident, ['a1'], 'withdrawn');
    r.run(30);
    assert.equal(r.confirmed().length, 2, r.words.join('; '));
    assert.notEqual(r.confirmed()[1]?.data.incident, incident);
  });
  it('another incident that is closed changes nothing', () => {
    const { r } = failed();
    r.closed('inc-other-1' as never, ['a1']);
    r.returns('a1');
    r.run(5);
    assert.deepEqual(r.words.slice(1), ['cleared a1: host failure']);
    assert.equal(r.standing('a1'), 'confirmed', 'its own is still open');
  });
});

describe('a host that was only diagnosed', () => {
  it('is told to be well again, without an incident', () => {
    const r = new RegionStory();
    r.run(2).lost('a1');
    r.look('a1', { management: 'alive', ssh: 'works', power: 'on' });
    r.run(5);
    r.registered('a1');
    r.run(2);
    assert.deepEqual(r.words, ['diagnosed a1: agent failure', 'cleared a1: agent failure']);
    const e = r.told.at(-1)?.event;
    assert.ok(e?.type === 'lifeboat.fault.cleared' && e.data.incident === undefined);
  });
});

describe('a host that restarted faster than anybody could judge it', () => {
  it('is told: its VMs stopped with it', () => {
    const r = new RegionStory();
    r.run(2).lost('a1');
    r.run(2);
    r.registered('a1', 'boot-2');
    r.run(5);
    assert.deepEqual(r.words, ['diagnosed a1: VM failure']);
  });
  it('is not, when only its agent was restarted', () => {
    const r = new RegionStory();
    r.run(2).lost('a1');
    r.registered('a1');
    r.run(5);
    assert.deepEqual(r.words, []);
  });
  it('is not, in maintenance', () => {
    const r = new RegionStory(settingsFor({ places: new Map(HOSTS.map((h) => place(h, { maintenance: h === 'a1' }))) }));
    r.run(2).lost('a1');
    r.registered('a1', 'boot-2');
    r.run(5);
    assert.deepEqual(r.words, []);
  });
});
