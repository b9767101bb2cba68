import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, incidentId } from '@lifeboat/kernel';
import { INCIDENT, IncidentStory, v } from './incident.test.ts';

const manual = (): IncidentStory => new IncidentStory({ policy: { automation: 'manual' } }).has(1).has(2, { to: 'h3' }).fails();
const by = 'li.wei';
const chooses = (s: IncidentStory, vms: Readonly<Record<number, string>>, answer: 'evacuate' | 'do-not' = 'evacuate'): IncidentStory => {
  const placements = Object.entries(vms).map(([n, to]) => ({ vm: v(Number(n)), from: hostId('h1'), to: hostId(to) }));
  return s.hear('lifeboat.evacuation.chosen', { incident: INCIDENT, answer, placements, by, at: s.at }).answer();
};
const refusals = (s: IncidentStory): string[] => s.told.flatMap((e) => (e.type === 'lifeboat.order.refused' ? [e.data.reason] : []));

describe('a person starts an evacuation', () => {
  it('of the VMs that were picked, and the others wait', () => {
    const s = chooses(manual().isolated().shutOut(), { 1: 'h2' });
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v1 to h2']);
    assert.match(s.words('incident.waiting').at(-1) ?? '', /1 VMs have a place; a person must start/);
    chooses(s, { 2: 'h3' });
    assert.deepEqual(s.words('evacuation').at(-1), 'evacuation.requested h1: v2 to h3');
  });
  it('before its host is proven dead: it waits for that', () => {
    const s = chooses(manual(), { 1: 'h2', 2: 'h3' });
    assert.deepEqual(s.words('evacuation'), []);
    s.isolated().shutOut();
    assert.equal(s.words('evacuation').length, 1);
  });
  it('with a plan that is another by now: nothing, and told so', () => {
    const s = new IncidentStory({ policy: { automation: 'manual' }, clusterOf: { h5: 'fast' } }).has(1).fails().isolated().shutOut();
    chooses(s, { 1: 'h5' });
    assert.deepEqual([s.words('evacuation'), refusals(s).length], [[], 1]);
  });
  it('or declines it: the incident ends', () => {
    const s = chooses(manual().isolated().shutOut(), {}, 'do-not').run(3);
    assert.deepEqual(s.words('incident.closed'), ['incident.closed declined: v1 unevacuable, v2 unevacuable']);
  });
  it('instead of those who were asked: their question is closed', () => {
    const s = chooses(new IncidentStory({ policy: { automation: 'semi-automatic' } }).has(1).fails().isolated().shutOut(), { 1: 'h2' });
    assert.equal(s.words('evacuation').length, 1);
    assert.deepEqual(s.words('confirmation.expired').length, 1);
    s.answers('do-not', s.confirmation);
    assert.deepEqual(s.words('confirmation.refused'), ['confirmation.refused: superseded']);
  });
  it('of an automatic incident, or of none: refused', () => {
    assert.equal(refusals(chooses(new IncidentStory().has(1).fails(), { 1: 'h2' })).length, 1);
    assert.equal(refusals(chooses(new IncidentStory(), { 1: 'h2' })).length, 1);
  });
});

describe('a person states that a host is down', () => {
  const states = (s: IncidentStory, host = 'h1'): IncidentStory =>
    s.hear('lifeboat.statement.made', { host: hostId(host), by, words: 'I pulled its cord', at: s.at });
  it('where fencing failed it is the proof, with who and when', () => {
    const s = states(new IncidentStory().has(1).fails().isolationFailed());
    const proof = s.last('lifeboat.isolation.requested')?.data.proof;
    assert.deepEqual([proof?.kind, proof?.method, proof?.detail, proof?.at], ['person', by, 'I pulled its cord', s.at]);
  });
  it('about a silent host that is held, it opens an incident, which has its proof, and goes on as the cluster wants it', () => {
    const held = (automation: 'automatic' | 'manual') =>
      states(new IncidentStory({ policy: { automation } }).has(1).agentLost('h1')).answer();
    const s = held('automatic');
    const opened = s.last('lifeboat.incident.opened')?.data;
    assert.match(opened?.rule ?? '', /li\.wei has seen that h1 is down: I pulled its cord/);
    assert.equal(s.last('lifeboat.isolation.requested')?.data.proof?.kind, 'person');
    assert.deepEqual(s.words('evacuation'), [], 'not before the migrator has its record');
    s.isolated('h1', opened?.incident).shutOut('h1', opened?.incident);
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v1 to h2']);
    const m = held('manual');
    const { incident } = m.last('lifeboat.incident.opened')?.data ?? {};
    m.isolated('h1', incident).shutOut('h1', incident);
    assert.deepEqual([m.words('evacuation'), m.words('incident.waiting').length], [[], 1]);
  });
  it('and that host comes back: a question about it dies, though whoever watches it knows no incident', () => {
    const s = states(new IncidentStory({ policy: { automation: 'semi-automatic' } }).has(1).agentLost('h1')).answer();
    const { incident } = s.last('lifeboat.incident.opened')?.data ?? {};
    s.isolated('h1', incident).shutOut('h1', incident);
    const first = s.confirmation;
    s.run(1)
      .hear('lifeboat.fault.cleared', { host: hostId('h1'), was: 'observer failure', restarted: false, at: s.at })
      .answer();
    assert.deepEqual(s.words('confirmation.expired'), ['confirmation.expired: host h1 came back']);
    assert.notEqual(s.confirmation, first);
  });
  it('about a host whose agent is well, or that is in no topology: refused', () => {
    assert.match(refusals(states(new IncidentStory().has(1)))[0] ?? '', /not lost/);
    assert.match(refusals(states(new IncidentStory(), 'h9'))[0] ?? '', /no host h9/);
  });
  it('about a host that no incident is about, or that is isolated already: refused', () => {
    assert.equal(refusals(states(new IncidentStory())).length, 1);
    assert.equal(refusals(states(new IncidentStory().has(1).fails().isolated())).length, 1);
  });
});

describe('VMs that were not evacuated', () => {
  const decides = (s: IncidentStory, action: 'retry' | 'other-host' | 'start-on-return' | 'dismiss', n = 1): IncidentStory =>
    s.hear('lifeboat.item.decided', { vm: v(n), action, by, at: s.at }).answer();
  const left = (): IncidentStory => new IncidentStory().has(1, { to: 'never' }).fails().isolated().shutOut().run(3);
  it('are items that outlive their incident, and are reminded of', () => {
    const s = left();
    assert.ok(!s.open);
    assert.deepEqual(s.state.items.keys(), [v(1)]);
    s.run(3_700);
    assert.deepEqual(
      s.last('lifeboat.items.waiting')?.data.items.map((x) => x.reason),
      ['PCI passthrough'],
    );
    assert.equal(s.words('items.waiting').length, 1);
  });
  it('are closed when dismissed, once', () => {
    const s = decides(decides(left(), 'dismiss'), 'dismiss');
    assert.deepEqual([s.last('lifeboat.item.closed')?.data.how, refusals(s).length, s.state.items.size], ['dismissed', 1, 0]);
  });
  it('are closed when an agent sees them run', () => {
    const s = left().seen(1, 'h1');
    assert.equal(s.last('lifeboat.item.closed')?.data.how, 'runs');
  });
  it('are told as running where they run before their incident is over', () => {
    const s = new IncidentStory().has(1, { to: 'never' }).has(2).fails().isolated().shutOut();
    s.seen(1, 'h5').moved(2).seen(2, 'h2').run(3);
    const told = s.last('lifeboat.incident.closed')?.data.vms.find((x) => x.vm === v(1));
    assert.deepEqual([told?.outcome, told?.host], ['running', 'h5']);
    assert.match(told?.reason ?? '', /^it was not evacuated \(PCI passthrough\), and runs by now/);
  });
  it('that were not seen on their new host in time are told as running there once its agent speaks again', () => {
    const s = new IncidentStory().has(1).has(2, { to: 'no-room' }).fails().isolated().shutOut();
    const arrived = s.at;
    s.moved(1).run(130);
    assert.match(s.state.items.get(v(1))?.reason ?? '', /no agent has seen it run there/);
    s.agent('h2', [1], 'h2-s2', {}, arrived);
    assert.equal(s.last('lifeboat.item.closed')?.data.how, 'runs');
    s.nova.delete(v(2));
    s.run(120);
    const told = s.last('lifeboat.incident.closed')?.data.vms.find((x) => x.vm === v(1));
    assert.deepEqual([told?.outcome, told?.host], ['running', 'h2']);
  });
  it('seen running on a host that is about to be isolated stay items; unless it is not isolated after all', () => {
    const seen = () => new IncidentStory().has(1, { to: 'never' }).has(2).fails().seen(1, 'h1');
    const s = seen();
    assert.equal(s.words('item.closed').length, 0);
    s.isolated().shutOut().moved(2).seen(2, 'h2').run(3);
    assert.equal(s.last('lifeboat.incident.closed')?.data.vms.find((x) => x.vm === v(1))?.outcome, 'unevacuable');
    assert.deepEqual(s.state.items.keys(), [v(1)]);
    const spared = seen().withdrawn().run(3);
    assert.equal(spared.last('lifeboat.item.closed')?.data.how, 'runs');
    assert.equal(spared.last('lifeboat.incident.closed')?.data.vms.find((x) => x.vm === v(1))?.outcome, 'running');
    // recalled, its fence may be under way all the same
    const recalled = new IncidentStory().has(1, { to: 'never' }).has(2).fails().returns().seen(1, 'h1');
    assert.equal(recalled.words('item.closed').length, 0);
    assert.equal(recalled.withdrawn().last('lifeboat.item.closed')?.data.how, 'runs');
  });
  it('seen before a host was isolated are not closed when a later incident leaves that host alone', () => {
    const s = new IncidentStory().has(1, { to: 'never' }).fails().seen(1, 'h1').isolated().shutOut().run(3);
    assert.ok(!s.open);
    const later = incidentId('inc-h1-2');
    s.agent('h1', [], 'h1-s2')
      .released('h1')
      .agentLost('h1', 'h1-s2')
      .hear('lifeboat.fault.confirmed', s.fault(['h1'], later))
      .answer();
    s.hear('lifeboat.isolation.withdrawn', { incident: later, host: hostId('h1'), at: s.at });
    assert.deepEqual(s.state.items.keys(), [v(1)]);
  });
  it('are started when their host is released, where somebody wants that', () => {
    const s = decides(left(), 'start-on-return');
    assert.equal(s.words('restart').length, 0);
    s.released('h1');
    assert.equal(s.last('lifeboat.restart.requested')?.data.vm, v(1));
  });
  it('are tried again: in a new incident, while their host is still out and silent', () => {
    const s = left().has(1, { to: 'h2' });
    decides(s, 'retry');
    const opened = s.last('lifeboat.incident.opened')?.data;
    assert.match(opened?.rule ?? '', /li\.wei wants/);
    assert.deepEqual(opened?.hosts, ['h1']);
    assert.equal(s.words('isolation.requested').length, 2);
    const back = left().agent('h1', [], 'h1-s2');
    decides(back, 'retry');
    assert.equal(refusals(back).length, 1);
  });

  /** v1 was refused by h2; v2 is still on its way, so that the incident is open. */
  const refusedByH2 = (then: 'never' | 'retry' = 'never'): IncidentStory =>
    new IncidentStory().has(1, { other: 'h3' }).has(2).fails().isolated().shutOut().notMoved(1, then, 'CLOUD_REFUSED', 'h2');
  it('wanted on another host go to another than the one that refused them', () => {
    const s = decides(refusedByH2(), 'other-host').run(2);
    assert.deepEqual(s.surveys.at(-1)?.avoid, { [v(1)]: ['h2'] });
    assert.deepEqual(s.words('evacuation').at(-1), 'evacuation.requested h1: v1 to h3');
  });
  it('wanted only tried again may go there again', () => {
    const s = decides(refusedByH2(), 'retry').run(2);
    assert.equal(s.surveys.at(-1)?.avoid, undefined);
    assert.deepEqual(s.words('evacuation').at(-1), 'evacuation.requested h1: v1 to h2');
  });
  it('wanted on another host, refused there, too: the next is another again, and there is one list of refusals', () => {
    const s = decides(refusedByH2(), 'other-host').run(2).notMoved(1, 'retry', 'CLOUD_REFUSED', 'h3').run(10);
    assert.deepEqual(s.surveys.findLast((x) => x.avoid !== undefined)?.avoid, { [v(1)]: ['h2', 'h3'] });
    assert.deepEqual(s.state.vms.get(v(1))?.refusedBy, ['h2', 'h3']);
  });
  it('wanted on another host after their incident: so it is in the one that follows', () => {
    const s = decides(refusedByH2().moved(2).seen(2, 'h2').run(3), 'other-host');
    const opened = s.last('lifeboat.incident.opened')?.data;
    assert.match(opened?.incident ?? '', /again/);
    s.isolated('h1', opened?.incident).shutOut('h1', opened?.incident);
    assert.deepEqual(s.surveys.at(-1)?.avoid, { [v(1)]: ['h2'] });
    assert.deepEqual(s.words('evacuation').at(-1), 'evacuation.requested h1: v1 to h3');
  });
  it('tried again, and their host comes back: a question about them dies, though it is told under the name of the first incident', () => {
    const s = new IncidentStory({ policy: { automation: 'semi-automatic' } }).has(1, { to: 'never' }).fails().isolated().shutOut().run(3);
    decides(s.has(1, { to: 'h2' }), 'retry');
    const { incident } = s.last('lifeboat.incident.opened')?.data ?? {};
    s.isolated('h1', incident).shutOut('h1', incident);
    assert.match(s.confirmation, /again/);
    s.run(1).returns('h1', true);
    assert.deepEqual(s.words('confirmation.expired'), ['confirmation.expired: host h1 came back']);
  });
  it('wanted on another host, where none has refused them: refused', () => {
    const s = decides(left(), 'other-host');
    assert.deepEqual(refusals(s), ['no host has refused it: say retry']);
  });
});
