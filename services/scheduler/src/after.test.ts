import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { incidentId, vmId } from '@lifeboat/kernel';
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
    s.run(300);
    assert.deepEqual(s.words('release'), ['release.requested h1']);
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
