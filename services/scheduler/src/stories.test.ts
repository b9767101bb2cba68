import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, incidentId } from '@lifeboat/kernel';
import { IncidentStory, v } from './incident.test.ts';

describe('automatic: a host fails and its VMs come back', () => {
  it('from the fault to the report', () => {
    const s = new IncidentStory();
    s.has(1, { priority: 300 }).has(2, { priority: 100, to: 'h3' });
    s.fails();
    assert.deepEqual(s.words(), ['incident.opened automatic', 'isolation.requested h1', 'plan.made 2 placed, 0 not']);
    s.run(5);
    s.isolated().run(2);
    assert.deepEqual(s.words('evacuation'), [], 'not before Nova has shut the host out');
    s.shutOut();
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v2 to h3, v1 to h2'], 'by restart priority');
    s.moved(1).seen(1, 'h2');
    s.seen(2, 'h3').moved(2, 'h3');
    s.run(3);
    assert.deepEqual(s.words('vm', 'incident.closed'), [
      'vm.verified v1 on h2',
      'vm.verified v2 on h3',
      'incident.closed evacuated: v1 running on h2, v2 running on h3',
    ]);
    assert.ok(!s.open);
    assert.deepEqual(s.state.vms.keys(), [], 'and nothing is left behind');
  });
  it('an order carries the proof, the epoch and what its owner had stopped', () => {
    const s = new IncidentStory();
    s.has(1).has(2, { status: 'SHUTOFF' });
    s.fails().isolated().shutOut();
    const e = s.last('lifeboat.evacuation.requested');
    assert.ok(e !== undefined);
    assert.deepEqual(
      [e.data.proof.kind, e.data.proof.host, e.data.epoch, e.data.stopped, e.data.confirmation],
      ['fence', 'h1', 3, [v(2)], undefined],
    );
    assert.equal(s.last('lifeboat.isolation.requested')?.data.epoch, 3);
  });
  it('waits until the storage has let go of the dead host', () => {
    const s = new IncidentStory({ policy: { storageLeaseMs: 60_000 } });
    s.has(1).fails().isolated().shutOut().run(58);
    assert.deepEqual(s.words('evacuation'), []);
    s.run(3);
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v1 to h2']);
  });
  it('a VM that was stopped ends stopped, and nobody waits for its agent', () => {
    const s = new IncidentStory();
    s.has(1, { status: 'SHUTOFF' }).fails().isolated().shutOut().moved(1, 'h2', { status: 'SHUTOFF' }).run(3);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed evacuated: v1 stopped on h2']);
  });
  it('a VM that its owner stopped while it was evacuated ends stopped, and nobody is asked to do anything', () => {
    const s = new IncidentStory();
    s.has(1).fails().isolated().shutOut().moved(1, 'h2', { status: 'SHUTOFF', leftStopped: 'somebody asked Nova to stop it' }).run(3);
    assert.deepEqual(s.words('vm'), []);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed evacuated: v1 stopped on h2']);
  });
  it('a VM that ran and ends stopped, for all the starts that Nova was asked for, is given to a person', () => {
    const s = new IncidentStory();
    s.has(1).fails().isolated().shutOut().moved(1, 'h2', { status: 'SHUTOFF' }).run(3);
    assert.deepEqual(s.words('vm'), ['vm.unevacuable v1: Nova has it on h2, but stopped; it ran before']);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed not-evacuated: v1 unevacuable on h2']);
  });
  for (const state of ['running', 'io-error', 'hung', 'crashed'] as const)
    it(`a VM that was ${state} when its host failed is to run, though the host was back and Nova has it as stopped before it is first asked`, () => {
      const s = new IncidentStory();
      s.has(1).has(2, { status: 'SHUTOFF' }).agent('h1', [1, 2], 'h1-s1', { 2: 'shut-off' });
      s.cloudFails = true;
      s.agentLost('h1', 'h1-s1', [1], state).hear('lifeboat.fault.confirmed', s.fault()).answer().isolated().shutOut();
      s.agent('h1', [1, 2], 'h1-s2', { 1: 'shut-off', 2: 'shut-off' }).agentLost('h1', 'h1-s2');
      s.has(1, { status: 'SHUTOFF' });
      s.cloudFails = false;
      s.run(60);
      assert.deepEqual(s.last('lifeboat.evacuation.requested')?.data.stopped, [v(2)]);
    });
  it('a VM that is drained on from its new host before the report is reported where it is by then', () => {
    const s = new IncidentStory().has(1).has(2, { to: 'no-room' }).fails().isolated().shutOut().moved(1).seen(1, 'h2');
    const on = { vm: v(1), from: hostId('h2'), to: hostId('h3'), status: 'ACTIVE', how: 'live' as const, tookMs: 1, at: s.at };
    s.hear('lifeboat.vm.migrated', { incident: incidentId('inc-drain-h2-1'), ...on });
    s.nova.delete(v(2));
    s.run(120);
    const told = s.last('lifeboat.incident.closed')?.data.vms.find((x) => x.vm === v(1));
    assert.deepEqual([told?.outcome, told?.host], ['running', 'h3']);
  });
  it('a VM that came to wait while a survey was under way is not gone because that says nothing of it', () => {
    const s = new IncidentStory().has(1).has(2, { to: 'no-room' }).fails().isolated().shutOut();
    // our own call, of which no answer came, was obeyed after all
    s.nova.set(v(1), { ...(s.nova.get(v(1)) as NonNullable<ReturnType<typeof s.nova.get>>), host: 'h2' });
    s.notMoved(1, 'retry', 'CLOUD_UNREACHABLE').run(60);
    assert.equal(s.state.vms.get(v(1))?.stage.kind, 'evacuated');
    assert.equal(s.seen(1, 'h2').words('vm.verified').length, 1);
  });
  it('a VM that its owner deleted is gone, by whoever found it out', () => {
    const s = new IncidentStory();
    s.has(1).has(2, { to: 'no-room' }).fails().isolated().shutOut();
    s.nova.delete(v(1));
    s.nova.delete(v(2));
    s.notMoved(1, 'gone', 'CLOUD_NOT_FOUND').run(10);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed evacuated: v1 gone, v2 gone']);
  });
  it('a VM without a place that is on another host by now counts as moved, once its agent shows it', () => {
    const s = new IncidentStory();
    s.has(1, { to: 'no-room' }).fails().isolated().shutOut();
    s.has(1, { host: 'h4', task: 'rebuilding' }).run(10);
    assert.equal(s.state.vms.get(v(1))?.stage.kind, 'unplaced', 'Nova is still at work on it');
    s.has(1, { host: 'h4' }).run(20);
    assert.deepEqual(s.words('incident.closed'), []);
    s.seen(1, 'h4').run(3);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed evacuated: v1 running on h4']);
  });
  it('a host without VMs: closed as soon as it is proven dead and shut out, not before', () => {
    const s = new IncidentStory();
    s.fails().run(30).isolated().run(5);
    assert.deepEqual(s.words('incident.closed'), []);
    s.shutOut().run(2);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed evacuated']);
  });
  it('is told once, however often the fault is', () => {
    const s = new IncidentStory();
    s.fails().fails();
    s.fails(['h1'], incidentId('inc-h1-2'));
    assert.deepEqual(s.words('incident.opened', 'isolation'), ['incident.opened automatic', 'isolation.requested h1']);
  });
});

describe('running is what the new host says', () => {
  const evacuated = () => new IncidentStory().has(1).fails().isolated().shutOut().moved(1);
  it("Nova's word alone does not close the incident", () => {
    const s = evacuated().run(60);
    assert.deepEqual(s.words('vm', 'incident.closed'), []);
  });
  it('neither does another host, another state, or the failed host itself', () => {
    const s = evacuated().seen(1, 'h3').seen(1, 'h2', 'paused').seen(1, 'h1').run(5);
    assert.deepEqual(s.words('vm', 'incident.closed'), []);
    s.agent('h2', [1], 'h2-s2').run(2);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed evacuated: v1 running on h2'], 'a new registration shows it, too');
  });
  it('a VM that nobody sees run is given to a person, with where Nova has it', () => {
    const s = evacuated().run(125);
    assert.match(s.words('vm')[0] ?? '', /^vm\.unevacuable v1: Nova has it ACTIVE on h2, but no agent has seen it run there for 12\d s$/);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed not-evacuated: v1 unevacuable on h2']);
  });
});

describe('what cannot be moved', () => {
  it('no room: planned again, later and later, then handled by itself', () => {
    const s = new IncidentStory();
    s.has(1, { to: 'no-room' }).has(2).fails().isolated().shutOut();
    s.moved(2).seen(2, 'h2').run(2);
    assert.deepEqual(s.words('incident.waiting'), ['incident.waiting capacity: 1 VMs have no place now, e.g. v1: no host has room']);
    s.run(600);
    assert.deepEqual(s.words('vm.unevacuable'), ['vm.unevacuable v1: no place after 6 plans: no host has room']);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed partly-evacuated: v1 unevacuable, v2 running on h2']);
    const waits = s.surveys.map((e) => e.notBefore ?? 0).filter((t) => t > 0);
    assert.ok(
      waits.every((t, i) => i === 0 || t >= (waits[i - 1] ?? 0)),
      'with back-off',
    );
  });
  it('room that comes in time is used', () => {
    const s = new IncidentStory();
    s.has(1, { to: 'no-room' }).fails().isolated().shutOut().run(20);
    s.has(1, { to: 'h4' }).run(60);
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v1 to h4']);
  });
  it('never: at once, with the reason and what a person can do', () => {
    const s = new IncidentStory();
    s.has(1, { to: 'never' }).fails().isolated().shutOut().run(3);
    assert.deepEqual(s.words('vm', 'incident.closed'), [
      'vm.unevacuable v1: PCI passthrough',
      'incident.closed not-evacuated: v1 unevacuable',
    ]);
    assert.deepEqual(s.last('lifeboat.vm.unevacuable')?.data.actions, ['retry', 'other-host', 'start-on-return', 'dismiss']);
  });
  it('an evacuation that failed is planned anew, and given up after so many orders', () => {
    const s = new IncidentStory({ settings: { ordersMost: 3 } });
    s.has(1).fails().isolated().shutOut();
    for (let i = 0; i < 3; i++) s.notMoved(1).run(10);
    assert.equal(s.words('evacuation').length, 3);
    assert.deepEqual(s.words('vm'), ['vm.unevacuable v1: given up after 3 orders; the last: CLOUD_CONFLICT: as Nova said']);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed not-evacuated: v1 unevacuable']);
  });
  it('an evacuation that must not be tried again is not', () => {
    const s = new IncidentStory();
    s.has(1).fails().isolated().shutOut().notMoved(1, 'never', 'CLOUD_FORBIDDEN').run(3);
    assert.equal(s.words('evacuation').length, 1);
    assert.deepEqual(s.words('vm'), ['vm.unevacuable v1: CLOUD_FORBIDDEN: as Nova said']);
  });
  it('high availability off: the host is isolated, every VM handled by itself', () => {
    const s = new IncidentStory({ policy: { highAvailability: false } });
    s.has(1).has(2).fails();
    assert.equal(s.last('lifeboat.incident.opened')?.data.highAvailability, false);
    s.isolated().shutOut().run(3);
    assert.deepEqual(s.words('evacuation'), []);
    assert.deepEqual(s.words('vm')[0], 'vm.unevacuable v1: high availability is off for cluster main');
    assert.deepEqual(s.words('incident.closed'), ['incident.closed not-evacuated: v1 unevacuable, v2 unevacuable']);
  });
});

describe('the last look', () => {
  it('finds a VM that came to the host meanwhile, and it is not forgotten', () => {
    const s = new IncidentStory();
    s.has(1).fails().isolated().shutOut();
    s.has(9, { to: 'h4' });
    s.moved(1).seen(1, 'h2').run(3);
    assert.deepEqual(s.words('evacuation').at(-1), 'evacuation.requested h1: v9 to h4');
    s.moved(9, 'h4').seen(9, 'h4').run(3);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed evacuated: v1 running on h2, v9 running on h4']);
  });
  it('OpenStack that does not answer is asked again; nothing is closed unseen', () => {
    const s = new IncidentStory();
    s.cloudFails = true;
    s.has(1).fails().isolated().shutOut().run(60);
    assert.deepEqual(s.words('incident.waiting', 'incident.closed'), [
      'incident.waiting cloud: OpenStack could not say what is on h1: CLOUD_UNREACHABLE: no route',
    ]);
    s.cloudFails = false;
    s.run(120);
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v1 to h2']);
  });
  it('an outage of OpenStack does not count against VMs that find no room afterwards', () => {
    const s = new IncidentStory();
    s.cloudFails = true;
    s.has(1, { to: 'no-room' }).fails().isolated().shutOut().run(200);
    s.cloudFails = false;
    s.run(130);
    assert.deepEqual(s.words('vm'), [], 'it has been planned once or twice only');
  });
});
