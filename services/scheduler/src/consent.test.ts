import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterPolicy } from '@lifeboat/contracts';
import { IncidentStory, v } from './incident.test.ts';

const semi = (onNoAnswer: ClusterPolicy['confirmation']['onNoAnswer'] = 'hold'): IncidentStory =>
  new IncidentStory({ policy: { automation: 'semi-automatic', confirmation: { expiresMs: 600_000, onNoAnswer } } });
const asked = (onNoAnswer: ClusterPolicy['confirmation']['onNoAnswer'] = 'hold') =>
  semi(onNoAnswer).has(1).has(2).fails().isolated().shutOut();

describe('semi-automatic: a person is asked', () => {
  it('when there is a plan and the host is proven dead, not before, and once', () => {
    const s = semi().has(1).fails().run(10);
    assert.deepEqual(s.words('confirmation'), []);
    s.isolated().shutOut().run(10);
    assert.deepEqual(s.words('confirmation', 'evacuation'), ['confirmation.requested 1: 1 VMs']);
    const e = s.last('lifeboat.confirmation.requested');
    assert.match(e?.data.summary ?? '', /^host failure of h1: evacuate 1 VMs\?$/);
    assert.equal((e?.data.expiresAt ?? 0) - (e?.data.at ?? 0), 600_000);
    assert.deepEqual(s.words('incident.waiting').length, 1);
  });
  it('yes: evacuated under that confirmation', () => {
    const s = asked();
    s.answers('evacuate', s.confirmation);
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v1 to h2, v2 to h2']);
    assert.equal(s.last('lifeboat.evacuation.requested')?.data.confirmation, s.confirmation);
  });
  it('no: every VM is handled by itself, nothing is evacuated', () => {
    const s = asked();
    s.answers('do-not', s.confirmation).run(3);
    assert.deepEqual(s.words('evacuation'), []);
    assert.deepEqual(s.words('vm'), ['vm.unevacuable v1: declined by Mei', 'vm.unevacuable v2: declined by Mei']);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed declined: v1 unevacuable, v2 unevacuable']);
  });
  it('no, and the last look finds another VM: it is handled by itself, too', () => {
    const s = asked();
    s.has(9);
    s.answers('do-not', s.confirmation).run(10);
    assert.deepEqual(s.words('vm').at(-1), 'vm.unevacuable v9: declined by Mei');
    assert.deepEqual(s.words('incident.closed'), ['incident.closed declined: v1 unevacuable, v2 unevacuable, v9 unevacuable']);
  });
  it('the plan changes while it waits: the old question is void, a new one is asked', () => {
    const s = semi().has(1).has(2, { to: 'no-room' }).fails().isolated().shutOut();
    const first = s.confirmation;
    s.has(2, { to: 'h3' }).run(20);
    assert.deepEqual(s.words('confirmation'), [
      'confirmation.requested 1: 1 VMs',
      'confirmation.expired: the plan changed: 1 VMs more to evacuate',
      'confirmation.requested 2: 2 VMs',
    ]);
    s.answers('evacuate', first);
    assert.deepEqual(s.words('evacuation', 'confirmation.refused'), ['confirmation.refused: superseded']);
    s.answers('evacuate', s.confirmation);
    assert.equal(s.words('evacuation').length, 1);
  });
  it('the host returns while it waits: the question dies with its return, and is asked anew', () => {
    const s = asked();
    const first = s.confirmation;
    s.returns('h1', true);
    assert.notEqual(s.confirmation, first);
    assert.deepEqual(s.words('confirmation.expired'), ['confirmation.expired: host h1 came back']);
    s.answers('evacuate', first);
    assert.deepEqual(s.words('evacuation', 'confirmation.refused'), ['confirmation.refused: superseded']);
  });
});

describe('nobody answers in time', () => {
  const silent = (onNoAnswer: ClusterPolicy['confirmation']['onNoAnswer']) => asked(onNoAnswer).run(605);
  it('hold: a person must start it', () => {
    const s = silent('hold');
    assert.deepEqual(s.words('confirmation.expired', 'evacuation'), ['confirmation.expired: nobody answered in time']);
    assert.match(s.words('incident.waiting').at(-1) ?? '', /^incident\.waiting person: /);
    assert.ok(s.open);
  });
  it('evacuate: it is', () => {
    assert.deepEqual(silent('evacuate').words('evacuation'), ['evacuation.requested h1: v1 to h2, v2 to h2']);
  });
  it('abort: every VM is handled by itself', () => {
    const s = silent('abort');
    assert.deepEqual(s.words('evacuation'), []);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed declined: v1 unevacuable, v2 unevacuable']);
  });
  it('an answer at the last moment counts, one after it does not', () => {
    const s = asked('hold').run(599);
    s.answers('evacuate', s.confirmation);
    assert.equal(s.words('evacuation').length, 1);
    const late = asked('hold');
    late.now += 600_000;
    late.answers('evacuate', late.confirmation);
    assert.deepEqual(late.words('evacuation', 'confirmation.refused'), ['confirmation.refused: expired']);
  });
});

describe('answers that change nothing are recorded', () => {
  it('a second answer, the same or the opposite', () => {
    const s = asked();
    s.answers('evacuate', s.confirmation);
    s.answers('evacuate', s.confirmation).answers('do-not', s.confirmation);
    assert.deepEqual(s.words('confirmation.refused'), ['confirmation.refused: duplicate', 'confirmation.refused: conflicting']);
    assert.equal(s.words('evacuation').length, 1);
    assert.deepEqual(s.words('vm'), []);
  });
  it('to an incident that is over or never was', () => {
    const s = new IncidentStory();
    s.answers('evacuate', 'inc-h1-1/confirmation/1');
    assert.deepEqual(s.words(), ['confirmation.refused: late']);
    assert.deepEqual(s.last('lifeboat.confirmation.refused')?.data.channel, 'sms');
  });
  it('to a question that was never asked', () => {
    const s = asked();
    s.answers('evacuate', 'inc-h1-1/confirmation/77');
    assert.deepEqual(s.words('confirmation.refused', 'evacuation'), ['confirmation.refused: superseded']);
  });
  it('to an automatic incident, which asks nobody', () => {
    const s = new IncidentStory().has(1).fails();
    s.answers('do-not', 'inc-h1-1/confirmation/1').isolated().shutOut();
    assert.deepEqual(s.words('confirmation'), ['confirmation.refused: superseded']);
    assert.equal(s.words('evacuation').length, 1);
  });
});

describe('a yes covers what was shown, and nothing else', () => {
  const yes = (s: IncidentStory): IncidentStory => s.answers('evacuate', s.confirmation);
  it('a VM found since: the answer is void, said so, and asked anew; what was ordered goes on', () => {
    const s = yes(semi().has(1).has(2, { to: 'no-room' }).fails().isolated().shutOut());
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v1 to h2']);
    s.has(2, { to: 'h3' }).run(20);
    assert.deepEqual(s.words('evacuation').length, 1, 'not under a yes that was given to another plan');
    assert.deepEqual(s.words('confirmation').slice(-2), [
      'confirmation.expired: the plan changed: 1 VMs more to evacuate',
      'confirmation.requested 2: 1 VMs',
    ]);
    yes(s);
    assert.deepEqual(s.words('evacuation').at(-1), 'evacuation.requested h1: v2 to h3');
    assert.match(s.last('lifeboat.evacuation.requested')?.data.confirmation ?? '', /confirmation\/2$/);
  });
  it('another host of the same cluster needs no new word', () => {
    const s = yes(semi().has(1).fails().isolated().shutOut());
    s.has(1, { to: 'h3' }).notMoved(1).run(20);
    assert.deepEqual(s.words('evacuation.requested'), ['evacuation.requested h1: v1 to h2', 'evacuation.requested h1: v1 to h3']);
    assert.equal(s.words('confirmation.requested').length, 1);
  });
  it('another cluster than was shown does', () => {
    const s = yes(
      new IncidentStory({ clusterOf: { h5: 'fast' }, policy: { automation: 'semi-automatic' } }).has(1).fails().isolated().shutOut(),
    );
    s.has(1, { to: 'h5' }).notMoved(1).run(20);
    assert.deepEqual(s.words('evacuation.requested').length, 1);
    assert.deepEqual(s.words('confirmation').slice(-2), [
      'confirmation.expired: the plan changed: 1 VMs to another cluster than was said',
      'confirmation.requested 2: 1 VMs',
    ]);
    assert.deepEqual(s.last('lifeboat.confirmation.requested')?.data.to, [{ cluster: 'fast', hosts: 1, vms: 1 }]);
  });
  it('does not survive the return of the host', () => {
    const s = yes(semi().has(1).has(2, { to: 'no-room' }).fails().isolated().shutOut()).returns('h1', true);
    assert.deepEqual(s.words('confirmation.expired'), ['confirmation.expired: host h1 came back']);
    s.notMoved(1).run(20);
    assert.equal(s.words('evacuation.requested').length, 1);
    assert.equal(s.confirmation, 'inc-h1-1/confirmation/2');
  });
  it('one VM fewer is still what was said yes to', () => {
    const s = semi().has(1).has(2).fails().isolated().shutOut();
    s.nova.delete(v(2));
    s.run(3);
    yes(s);
    assert.deepEqual(s.words('confirmation.expired'), []);
    assert.equal(s.words('evacuation').length, 1);
  });
});

describe('a quorum of two', () => {
  const two = (): IncidentStory =>
    new IncidentStory({
      policy: { automation: 'semi-automatic', confirmation: { expiresMs: 600_000, onNoAnswer: 'hold', quorum: 2 } },
    })
      .has(1)
      .fails()
      .isolated()
      .shutOut();
  it('waits for the second person, not for the second answer', () => {
    const s = two();
    s.answers('evacuate', s.confirmation, 'Mei').answers('evacuate', s.confirmation, 'Mei');
    assert.deepEqual(s.words('evacuation', 'confirmation.refused'), ['confirmation.refused: duplicate']);
    s.answers('evacuate', s.confirmation, 'Jan');
    assert.equal(s.words('evacuation').length, 1);
    assert.equal(s.last('lifeboat.confirmation.settled')?.data.by, 'Jan, Mei');
  });
  it('one against one decides nothing; the third does; nobody changes sides', () => {
    const s = two();
    s.answers('evacuate', s.confirmation, 'Mei').answers('do-not', s.confirmation, 'Jan').answers('do-not', s.confirmation, 'Mei');
    assert.deepEqual(s.words('evacuation', 'confirmation.refused', 'incident.closed'), ['confirmation.refused: conflicting']);
    s.answers('do-not', s.confirmation, 'Li').run(3);
    assert.deepEqual(s.words('evacuation', 'incident.closed'), ['incident.closed declined: v1 unevacuable']);
  });
});

describe('manual', () => {
  it('isolates and plans, and waits for a person', () => {
    const s = new IncidentStory({ policy: { automation: 'manual' } }).has(1).fails().isolated().shutOut().run(3_600);
    assert.deepEqual(s.words('incident', 'isolation', 'evacuation', 'confirmation'), [
      'incident.opened manual',
      'isolation.requested h1',
      'incident.waiting person: automation level manual: 1 VMs have a place; a person must start their evacuation',
    ]);
    assert.ok(s.open && s.state.vms.has(v(1)));
  });
});

describe('a rack with hosts of two clusters', () => {
  const clusterOf = { h1: 'east', h2: 'west' };
  const rack = (east: Partial<ClusterPolicy>, west: Partial<ClusterPolicy>) =>
    new IncidentStory({ clusterOf, policies: { east, west } })
      .has(1, { to: 'h3' })
      .has(2, { host: 'h2', to: 'h3' })
      .fails(['h1', 'h2'], undefined, true);
  it('is as careful as the more careful of them', () => {
    const opened = (east: Partial<ClusterPolicy>, west: Partial<ClusterPolicy>) => rack(east, west).words('incident.opened')[0];
    assert.equal(opened({}, {}), 'incident.opened automatic');
    assert.equal(opened({ automation: 'semi-automatic' }, {}), 'incident.opened semi-automatic');
    assert.equal(opened({ automation: 'semi-automatic' }, { automation: 'manual' }), 'incident.opened manual');
  });
  it('brings the rack rule as the proof for each of its hosts', () => {
    const s = rack({}, {});
    const proofs = s.told.flatMap((e) =>
      e.type === 'lifeboat.isolation.requested' ? [`${e.data.host} ${e.data.proof?.kind} ${e.data.proof?.host}`] : [],
    );
    assert.deepEqual(proofs, ['h1 rack-rule h1', 'h2 rack-rule h2']);
  });
  it('evacuates a host when it is ready, without waiting for the other', () => {
    const s = rack({}, {}).isolated('h2').shutOut('h2');
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h2: v2 to h3']);
  });
  it('leaves the VMs of a cluster without high availability where they are', () => {
    const s = rack({ highAvailability: false }, {}).isolated('h1').shutOut('h1').isolated('h2').shutOut('h2');
    assert.deepEqual(s.words('evacuation', 'vm'), [
      'vm.unevacuable v1: high availability is off for cluster east',
      'evacuation.requested h2: v2 to h3',
    ]);
  });
  it('expires with the earlier of the two, and aborts rather than evacuates', () => {
    const confirmation = (expiresMs: number, onNoAnswer: 'hold' | 'evacuate' | 'abort') =>
      ({ automation: 'semi-automatic', confirmation: { expiresMs, onNoAnswer } }) as const;
    const s = rack(confirmation(60_000, 'evacuate'), confirmation(600_000, 'abort')).isolated('h1').shutOut('h1').run(70);
    assert.deepEqual(s.words('evacuation'), []);
    assert.deepEqual(s.words('confirmation.expired'), ['confirmation.expired: nobody answered in time']);
  });
});
