import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, incidentId, vmId } from '@lifeboat/kernel';
import { INCIDENT, IncidentStory, v } from './incident.test.ts';

describe('the failed host comes back', () => {
  it('before it was isolated: recalled; when the migrator has let go of it, the incident is withdrawn', () => {
    const s = new IncidentStory().has(1).has(2, { status: 'SHUTOFF' }).fails().returns();
    assert.deepEqual(s.words('isolation'), ['isolation.requested h1', 'isolation.recalled h1']);
    assert.equal(s.last('lifeboat.isolation.recalled')?.data.epoch, 3);
    assert.ok(s.open, 'the migrator may have begun');
    s.withdrawn().run(2);
    assert.deepEqual(s.words('evacuation', 'incident.closed'), ['incident.closed withdrawn: v1 running on h1, v2 stopped on h1']);
    assert.deepEqual(s.state.out.keys(), [], 'it was never out');
  });
  it('and has VMs that failed by themselves meanwhile: none is called running that its agent says has crashed', () => {
    const s = new IncidentStory().has(1).has(2).has(3).fails();
    s.agent('h1', [1, 2, 3], 'h1-s2', { 1: 'crashed', 2: 'io-error', 3: 'crashed' }).seen(3, 'h1').returns().withdrawn();
    assert.deepEqual(s.words('incident.closed'), ['incident.closed withdrawn: v1 stopped on h1, v2 running on h1, v3 running on h1']);
    assert.deepEqual(
      s.last('lifeboat.incident.closed')?.data.vms.map((x) => x.reason?.split('; ')[1]),
      ['by its agent it has failed by itself: crashed', 'by its agent it has failed by itself: io-error', undefined],
    );
  });
  it('and has a VM that had crashed before its host failed', () => {
    const s = new IncidentStory().has(1).has(2).seen(1, 'h1', 'crashed').fails().returns().withdrawn();
    assert.deepEqual(s.words('incident.closed'), ['incident.closed withdrawn: v1 stopped on h1, v2 running on h1']);
  });
  it('too late: it was isolated all the same, so the incident goes on', () => {
    const s = new IncidentStory().has(1).fails().returns().isolated().shutOut();
    assert.deepEqual(s.words('evacuation'), ['evacuation.requested h1: v1 to h2']);
  });
  it('restarted: its VMs do not run there any more, so the incident goes on', () => {
    const s = new IncidentStory().has(1).fails().returns('h1', true);
    assert.deepEqual(s.words('isolation'), ['isolation.requested h1']);
    s.isolated().shutOut();
    assert.equal(s.words('evacuation').length, 1);
  });
  it('after it was isolated: nothing is recalled', () => {
    const s = new IncidentStory().has(1).fails().isolated().returns();
    assert.deepEqual(s.words('isolation'), ['isolation.requested h1']);
  });
  it('a late word that it was withdrawn does not undo its isolation', () => {
    const s = new IncidentStory().has(1).fails().isolated().withdrawn().shutOut();
    assert.equal(s.words('evacuation').length, 1);
  });
  it('another incident, another host: no matter', () => {
    const s = new IncidentStory().has(1).fails();
    const before = s.told.length;
    s.returns('h1', false, incidentId('inc-h1-0')).returns('h4');
    assert.equal(s.told.length, before);
  });
});

describe('isolation that fails', () => {
  it('is told once with the methods and their codes, and nothing is evacuated meanwhile', () => {
    const s = new IncidentStory().has(1).fails().isolationFailed().run(60).isolationFailed().run(60);
    assert.deepEqual(s.words('incident.waiting'), [
      'incident.waiting isolation: host h1 could not be isolated (bmc: FENCE_TIMEOUT); it is tried again, and nothing is evacuated meanwhile',
    ]);
    assert.deepEqual(s.words('evacuation'), []);
    s.isolated().shutOut();
    assert.equal(s.words('evacuation').length, 1);
  });
});

describe('the new host fails, too', () => {
  const SECOND = incidentId('inc-h2-2');
  it('the second incident takes its VMs over, the first lets go of them', () => {
    const s = new IncidentStory().has(1).has(2, { to: 'h3' }).fails().isolated().shutOut();
    s.moved(1).moved(2, 'h3').seen(2, 'h3');
    s.has(1, { host: 'h2', to: 'h4' });
    s.fails(['h2'], SECOND).run(3);
    assert.deepEqual(s.words('vm.handed-over', 'incident.closed'), [
      'vm.handed-over v1 to inc-h2-2',
      'incident.closed evacuated: v2 running on h3, v1 handed-over',
    ]);
    s.isolated('h2', SECOND).shutOut('h2', SECOND);
    assert.deepEqual(s.words('evacuation').at(-1), 'evacuation.requested h2: v1 to h4');
    s.moved(1, 'h4', { incident: SECOND, from: 'h2' }).seen(1, 'h4').run(3);
    assert.deepEqual(s.words('incident.closed').at(-1), 'incident.closed evacuated: v1 running on h4');
  });
  it('and a late word of the first about such a VM changes nothing', () => {
    const s = new IncidentStory().has(1).fails().isolated().shutOut().moved(1);
    s.has(1, { host: 'h2', to: 'h4' }).fails(['h2'], SECOND);
    const before = s.state.vms.get(v(1));
    s.moved(1, 'h2', { incident: INCIDENT }).notMoved(1, 'never');
    assert.deepEqual(s.state.vms.get(v(1)), before);
  });
});

describe('what a plan is asked for', () => {
  it('no failed, kept out or silent host is a target; places promised are reserved; what is settled is left out', () => {
    const s = new IncidentStory().has(1, { to: 'h3' }).has(2, { to: 'no-room' }).fails().isolated().shutOut();
    s.agentLost('h4').run(10);
    const e = s.surveys.at(-1);
    assert.deepEqual(e?.exclude, ['h1', 'h4']);
    assert.deepEqual(e?.reserved, { h3: { vcpus: 1, memoryMb: 2, diskGb: 3 } });
    assert.deepEqual([e?.skip, e?.waiting], [[v(1)], [v(2)]]);
  });
  it('a host that is back is no target while its incident is open, nor before it is released', () => {
    const s = new IncidentStory().has(1).fails().isolated().agent('h1', [], 'h1-s2').shutOut();
    s.moved(1).seen(1, 'h2').run(3);
    assert.ok(!s.open);
    s.has(5, { host: 'h5', to: 'no-room' }).fails(['h5'], incidentId('inc-h5-2'));
    assert.deepEqual(s.surveys.at(-1)?.exclude, ['h1', 'h5'], 'kept out');
    s.released('h1').agent('h5', [], 'h5-s2').run(20);
    assert.deepEqual(s.surveys.at(-1)?.exclude, ['h5'], 'failed, though its agent is there');
  });
  it('the answer to an older look is dropped', () => {
    const s = new IncidentStory().has(1, { to: 'no-room' }).fails().isolated().shutOut().run(20);
    const [first] = s.surveys;
    assert.ok(first !== undefined && s.surveys.length > 1);
    const before = s.state;
    const plan = { placements: [], unplaced: [], certificate: { placed: 0, upperBound: 0, spread: [] } };
    s.input({ kind: 'settled', effect: first, result: { ok: true, vms: [], elsewhere: [], plan }, at: s.at });
    assert.equal(s.state.vms, before.vms);
  });
});

describe('the release of a host that has returned', () => {
  const evacuated = (policy: ConstructorParameters<typeof IncidentStory>[0] = {}) =>
    new IncidentStory(policy).has(1).fails().isolated().shutOut().moved(1).seen(1, 'h2').run(3);
  it('asked for once, when it has been well for the set time, and not before', () => {
    const s = evacuated({ policy: { releaseAfterHealthyMs: 60_000 } }).run(600);
    assert.deepEqual(s.words('release'), [], 'it has not returned');
    s.agent('h1', [], 'h1-s2').run(58);
    assert.deepEqual(s.words('release'), []);
    s.run(100);
    assert.deepEqual(s.words('release'), ['release.requested h1']);
    s.run(100);
    assert.equal(s.words('release').length, 2, 'and again, while nothing is heard of it');
    assert.equal(s.last('lifeboat.release.requested')?.data.epoch, 3);
    s.released('h1');
    assert.deepEqual(s.state.out.keys(), []);
  });
  it('the time begins anew when its agent is lost again', () => {
    const s = evacuated({ policy: { releaseAfterHealthyMs: 60_000 } })
      .agent('h1', [], 'h1-s2')
      .run(50);
    s.agentLost('h1', 'h1-s2').run(30).agent('h1', [], 'h1-s3').run(50);
    assert.deepEqual(s.words('release'), []);
    s.run(12);
    assert.equal(s.words('release').length, 1);
  });
  it('the late loss of an older session is no loss', () => {
    const s = evacuated({ policy: { releaseAfterHealthyMs: 60_000 } })
      .agent('h1', [], 'h1-s2')
      .run(50);
    s.agentLost('h1', 'h1-s1').run(12);
    assert.equal(s.words('release').length, 1);
  });
  it('a person does it, where the cluster wants that', () => {
    const s = evacuated({ policy: { release: 'by-person', releaseAfterHealthyMs: 1_000 } })
      .agent('h1', [], 'h1-s2')
      .run(600);
    assert.deepEqual(s.words('release'), []);
    assert.deepEqual(s.state.out.keys(), ['h1']);
  });
  it('is no target and is not released once it has failed again', () => {
    const s = evacuated({ policy: { releaseAfterHealthyMs: 60_000 } });
    assert.deepEqual(s.state.out.keys(), ['h1']);
    s.agent('h1', [], 'h1-s2').run(30).agentLost('h1', 'h1-s2');
    s.fails(['h1'], incidentId('inc-h1-2')).run(30).agent('h1', [], 'h1-s3').run(300);
    assert.deepEqual(s.words('release'), []);
    assert.deepEqual(s.words('incident.opened').length, 2);
  });
});

describe('a leader that takes over', () => {
  it('gives its own epoch to its orders', () => {
    const s = new IncidentStory().has(1).fails();
    s.input({ kind: 'started', epoch: 8 as never, at: s.at })
      .isolated()
      .shutOut();
    assert.equal(s.last('lifeboat.evacuation.requested')?.data.epoch, 8);
  });
  it('goes on with a VM that came from elsewhere than the failed host as if it were none of ours', () => {
    const s = new IncidentStory().has(1).fails().isolated().shutOut();
    s.hear('lifeboat.vm.evacuated', {
      incident: INCIDENT,
      vm: vmId('00000000-0000-4000-8000-0000000000ff'),
      from: 'h1' as never,
      to: 'h2' as never,
      status: 'ACTIVE',
      tookMs: 1,
      at: s.at,
    });
    assert.deepEqual(s.state.vms.keys(), [v(1)]);
  });
});

describe('what is read again from the beginning of the stream', () => {
  it('opens no incident for a fault of long ago', () => {
    const s = new IncidentStory().has(1);
    const told = s.fault();
    s.run(3_600).hear('lifeboat.fault.confirmed', told);
    assert.deepEqual(s.state.incidents.keys(), []);
    assert.deepEqual(s.words('isolation'), []);
    s.fails();
    assert.equal(s.state.incidents.size, 1, 'told again by who still means it');
  });
  it('opens no incident a second time', () => {
    const s = new IncidentStory().has(1);
    const told = s.fault();
    s.fails().isolated().shutOut().moved(1).seen(1, 'h2').run(3);
    assert.deepEqual(s.state.incidents.keys(), []);
    s.hear('lifeboat.fault.confirmed', told);
    assert.deepEqual(s.state.incidents.keys(), []);
    s.run(25 * 3_600);
    assert.deepEqual(s.state.closed.keys(), [], 'and forgets it when nothing of it can come any more');
  });
});

describe('an order that nothing is heard of', () => {
  it('is given again: isolation', () => {
    const s = new IncidentStory().has(1).fails().run(200);
    assert.equal(s.words('isolation.requested').length, 2);
    s.isolationFailed().run(170);
    assert.equal(s.words('isolation.requested').length, 2, 'the migrator has it');
    s.isolated().run(600);
    assert.equal(s.words('isolation.requested').length, 2);
  });
});

describe('a host that was proven dead never was', () => {
  const contradicted = (s: IncidentStory): IncidentStory => {
    const proof = { host: hostId('h1'), kind: 'already-off' as const, method: 'bmc', at: s.at, detail: 'said off' };
    return s.hear('lifeboat.proof.contradicted', { host: hostId('h1'), incident: INCIDENT, proof, backAt: s.at, at: s.at }).answer();
  };
  it('its incident waits for another proof, and does not end without one', () => {
    const s = contradicted(new IncidentStory().has(1).fails().isolated().shutOut());
    assert.match(s.words('incident.waiting').at(-1) ?? '', /h1 was not dead: bmc had said so/);
    s.moved(1).seen(1, 'h2').run(60);
    assert.deepEqual(s.words('incident.closed'), []);
    s.isolated().answer().run(5);
    assert.equal(s.words('incident.closed').length, 1);
  });
  it('nothing is ordered on that proof any more', () => {
    const s = contradicted(new IncidentStory({ policy: { storageLeaseMs: 20_000 } }).has(1).fails().isolated().shutOut()).run(60);
    assert.deepEqual(s.words('evacuation'), []);
    s.isolated().run(30);
    assert.equal(s.words('evacuation').length, 1);
  });
  it('found out after the end: it is released by a person only', () => {
    const s = new IncidentStory({ policy: { releaseAfterHealthyMs: 20_000 } }).has(1).fails().isolated().shutOut();
    s.moved(1).seen(1, 'h2').run(5);
    assert.equal(s.words('incident.closed').length, 1);
    contradicted(s).run(600);
    assert.deepEqual(s.words('release'), []);
    s.hear('lifeboat.release.approved', { host: hostId('h1'), by: 'li.wei', at: s.at });
    assert.equal(s.words('release').length, 1);
  });
  it('a person who says that it is down is not believed while its agent is here', () => {
    const s = new IncidentStory().has(1).fails().isolated().shutOut();
    const states = () => s.hear('lifeboat.statement.made', { host: hostId('h1'), by: 'li.wei', words: 'off', at: s.at });
    s.hear('lifeboat.agent.registered', { host: hostId('h1'), session: 'h1-s2', bootId: 'b', vms: [], peers: [], at: s.at });
    contradicted(s);
    states();
    assert.equal(s.words('order.refused').length, 1);
    s.agentLost('h1', 'h1-s2');
    states();
    assert.equal(s.last('lifeboat.isolation.requested')?.data.proof?.kind, 'person');
  });
});
