import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VmReport } from '@lifeboat/contracts';
import { hostId, instant, vmId } from '@lifeboat/kernel';
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

describe('a host that was proven dead', () => {
  const proven = () => {
    const { r, incident } = failed();
    const proof = { host: hostId('a1'), kind: 'already-off' as const, method: 'bmc', at: r.at, detail: 'it said off' };
    r.hear('lifeboat.host.isolated', { incident, host: hostId('a1'), proof, at: r.at });
    r.run(2);
    return { r, incident };
  };
  const doubts = (r: RegionStory) => r.told.flatMap(({ event: e }) => (e.type === 'lifeboat.proof.contradicted' ? [e.data] : []));
  it('and is back in the same life for longer than a late session lasts: the proof was none, told once', () => {
    const { r, incident } = proven();
    r.returns('a1');
    r.run(9);
    assert.deepEqual(doubts(r), []);
    r.run(60);
    assert.deepEqual(
      doubts(r).map((d) => [d.host, d.incident, d.proof.method]),
      [['a1', incident, 'bmc']],
    );
  });
  it('also when that is found out after its incident; then it is forgotten', () => {
    const { r, incident } = proven();
    r.closed(incident, ['a1']);
    r.run(5);
    r.returns('a1');
    r.run(5);
    assert.equal(r.standing('a1'), 'confirmed');
    r.run(10);
    assert.deepEqual([doubts(r).length, r.standing('a1')], [1, 'none']);
  });
  it('and whose last registration only came late: lost again, it was dead', () => {
    const { r } = proven();
    r.returns('a1');
    r.run(5);
    r.dies('a1');
    r.run(60);
    assert.deepEqual(doubts(r), []);
  });
  it('and fails within that time, its incident closed: a new incident', () => {
    const { r, incident } = proven();
    r.closed(incident, ['a1']);
    r.returns('a1');
    r.run(5);
    r.dies('a1');
    r.run(30);
    assert.deepEqual([doubts(r).length, r.confirmed().length], [0, 2]);
  });
  it('and started anew: nothing contradicts its death', () => {
    const { r } = proven();
    r.returns('a1', 'boot-2');
    r.run(60);
    assert.deepEqual(doubts(r), []);
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
  const vm = (n: number) => vmId(`00000000-0000-4000-8000-00000000000${n}`);
  const report = (n: number, state: VmReport['state'], reason = 'unknown'): VmReport => ({ vm: vm(n), state, reason, since: instant(1) });
  /** It was lost with these VMs, and is back with another boot id and those. */
  const reboots = (before: readonly VmReport[], after: readonly VmReport[], compute: 'up' | 'down' = 'up', settings = settingsFor()) => {
    const r = new RegionStory(settings);
    r.run(2).hear('lifeboat.agent.lost', {
      host: hostId('a1'),
      session: r.session('a1'),
      reason: 'session-lapsed',
      vms: [...before],
      at: r.at,
    });
    r.run(2).look('a1', { management: 'alive', ssh: 'works', power: 'on', compute });
    r.hear('lifeboat.agent.registered', { host: hostId('a1'), session: 'new', bootId: 'boot-2', vms: [...after], peers: [], at: r.at });
    return r;
  };
  const failedVms = (r: RegionStory) => r.told.flatMap(({ event: e }) => (e.type === 'lifeboat.vm.failed' ? [e.data.vm] : []));
  it('what ran on it and lies shut off there is a VM that failed; what its owner had stopped or paused, and what runs already, is not', () => {
    const before = [
      report(1, 'running'),
      report(2, 'hung'),
      report(3, 'shut-off', 'shutdown'),
      report(4, 'paused', 'user'),
      report(5, 'running'),
    ];
    const after = [1, 2, 3, 4].map((n) => report(n, 'shut-off')).concat(report(5, 'running'));
    const r = reboots(before, after);
    r.run(9);
    assert.deepEqual(failedVms(r), [], 'it may bring them back by itself');
    r.run(3);
    assert.deepEqual(failedVms(r), [vm(1), vm(2)]);
    const e = r.told.map((t) => t.event).find((x) => x.type === 'lifeboat.vm.failed');
    assert.ok(e?.type === 'lifeboat.vm.failed' && /its host restarted by itself/.test(e.data.rule) && e.data.failure === 'crashed');
    assert.match(r.told.map(({ event: x }) => (x.type === 'lifeboat.fault.diagnosed' ? x.data.action : '')).join(), /2 VMs ended with it/);
  });
  it('and nova-compute is not up yet: nothing can be started there', () => {
    const r = reboots([report(1, 'running')], [report(1, 'shut-off')], 'down').run(60);
    assert.deepEqual(failedVms(r), []);
    r.looks.clear();
    r.look('a1', { management: 'alive', compute: 'up' });
    assert.deepEqual(failedVms(r.run(2)), [vm(1)]);
  });
  it('and its VM runs meanwhile, or is gone: no failure; told before, that it runs is told, too', () => {
    const says = (r: RegionStory, changed: VmReport[], gone: readonly number[] = []) =>
      r.hear('lifeboat.agent.reported', { host: hostId('a1'), session: 'new', changed, gone: gone.map(vm), peers: [], at: r.at });
    const started = reboots([report(1, 'running')], [report(1, 'shut-off')]);
    says(started.run(5), [report(1, 'running')]);
    assert.deepEqual(failedVms(started.run(60)), []);
    const gone = reboots([report(1, 'running')], [report(1, 'shut-off')]);
    says(gone.run(5), [], [1]);
    assert.deepEqual(failedVms(gone.run(60)), []);
    const later = reboots([report(1, 'running')], [report(1, 'shut-off')]).run(15);
    says(later, [report(1, 'shut-off', 'destroyed')]);
    assert.ok(!later.told.some(({ event: x }) => x.type === 'lifeboat.vm.cleared'), 'Nova ends it for good before it starts it');
    says(later, [report(1, 'running')]);
    assert.ok(later.told.some(({ event: x }) => x.type === 'lifeboat.vm.cleared' && x.data.is === 'running'));
  });
  it('and is planned work: its VMs are left to who planned it', () => {
    const planned = settingsFor({ places: new Map(HOSTS.map((h) => place(h, { maintenance: h === 'a1' }))) });
    assert.deepEqual(failedVms(reboots([report(1, 'running')], [report(1, 'shut-off')], 'up', planned).run(60)), []);
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

describe('a confirmed fault', () => {
  it('that nobody opens an incident for is told again, with evidence of that moment; opened, it is not', () => {
    const { r, incident } = failed();
    r.run(170);
    assert.equal(r.confirmed().length, 1);
    r.run(30);
    const again = r.confirmed()[1]?.data;
    assert.deepEqual([again?.incident, again?.hosts, again?.verdict], [incident, ['a1'], 'host failure']);
    assert.ok((again?.evidence ?? []).some((e) => e.signal === 'management' && e.ageMs < 5_000));
    r.opened(incident, ['a1']);
    r.run(600);
    assert.equal(r.confirmed().length, 2);
  });
  it('is not told again when it does not look so any more', () => {
    const { r } = failed();
    r.returns('a1');
    r.run(400);
    assert.equal(r.confirmed().length, 1);
  });
});
