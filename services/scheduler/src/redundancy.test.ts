import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode, type LifeboatEvent } from '@lifeboat/contracts';
import { clusterId, hostId, instant, rackId } from '@lifeboat/kernel';
import type { Endangered } from './effects.ts';
import { IncidentStory, v } from './incident.test.ts';
import { watchFleet } from './watch.ts';

const host = (name: string, without = 1): Endangered => ({
  kind: 'host',
  name: hostId(name),
  clusters: [clusterId('main')],
  vms: 10,
  without,
  names: [v(1)],
});
const rack = (name: string, without = 3): Endangered => ({ ...host('x', without), kind: 'rack', name: rackId(name), vms: 40 });

class Story extends IncidentStory {
  /** What the rehearsals say from now on. */
  sees(...endangered: readonly Endangered[]): this {
    return this.input({ kind: 'observed', observation: { endangered }, at: this.at });
  }
  get redundancy(): string[] {
    return this.told.flatMap((e: LifeboatEvent) => {
      if (e.type !== 'lifeboat.redundancy.lost' && e.type !== 'lifeboat.redundancy.restored') return [];
      encode(e);
      const what = e.data.targets.map((t) => `${t.kind} ${t.name} ${t.without}/${t.vms}`).join(', ');
      return [`${e.type.split('.')[2]}: ${what}${e.data.more > 0 ? ` and ${e.data.more} more` : ''}`];
    });
  }
}

describe('redundancy', () => {
  it('is told as lost when it stays lost, in one event for all, and as restored when all find a place again', () => {
    const s = new Story()
      .run(70)
      .sees(host('h2'), { ...host('h3'), called: ['web-1'] }, { ...rack('r1'), called: [''] })
      .run(59);
    assert.deepEqual(s.redundancy, []);
    s.run(2);
    assert.deepEqual(s.redundancy, ['lost: rack r1 3/40, host h2 1/10, host h3 1/10']);
    assert.deepEqual(s.last('lifeboat.redundancy.lost')?.data.clusters, ['main']);
    assert.deepEqual(s.last('lifeboat.redundancy.lost')?.data.targets[0]?.names, [v(1)]);
    assert.deepEqual(
      s.last('lifeboat.redundancy.lost')?.data.targets.map((t) => t.called),
      [undefined, undefined, ['web-1']],
      'names where they are known',
    );
    s.sees().run(59);
    assert.equal(s.redundancy.length, 1);
    s.run(2);
    assert.deepEqual(s.redundancy.slice(1), ['restored: rack r1 0/40, host h2 0/10, host h3 0/10']);
    s.run(300);
    assert.equal(s.redundancy.length, 2);
  });

  it('does not flap: what passes is never told, and what comes and goes is told once', () => {
    const s = new Story().run(70).sees(rack('r1')).run(50).sees().run(200);
    assert.deepEqual(s.redundancy, []);
    s.sees(rack('r1')).run(62);
    for (let i = 0; i < 20; i++) s.sees().run(20).sees(rack('r1')).run(20);
    assert.deepEqual(s.redundancy, ['lost: rack r1 3/40']);
  });

  it('does not flood: what is lost bit by bit comes together, a settling time apart', () => {
    const s = new Story().run(70);
    const lost: Endangered[] = [];
    for (let n = 0; n < 300; n++) {
      lost.push(host(`x${n}`));
      s.sees(...lost).run(1);
    }
    s.run(130);
    const told = s.redundancy.length;
    assert.ok(told >= 4 && told <= 7, `${told} events`);
  });

  it('lists a hundred, the racks and the worst first, and counts the others', () => {
    const many = Array.from({ length: 130 }, (_, n) => host(`x${n}`, n + 1));
    const s = new Story()
      .run(70)
      .sees(...many, rack('r9'))
      .run(61);
    const data = s.last('lifeboat.redundancy.lost')?.data;
    assert.deepEqual([data?.targets.length, data?.more, data?.targets[0]?.name, data?.targets[1]?.without], [100, 31, 'r9', 130]);
  });

  it('is told again only when it has become twice as bad', () => {
    const s = new Story().run(70).sees(rack('r1', 3)).run(61).sees(rack('r1', 5)).run(120);
    assert.equal(s.redundancy.length, 1);
    s.sees(rack('r1', 6)).run(61);
    assert.deepEqual(s.redundancy, ['lost: rack r1 3/40', 'lost: rack r1 6/40']);
  });

  it('of a host that has failed meanwhile is not told as restored', () => {
    const s = new Story().has(1).run(70).sees(host('h1')).run(61).fails().sees().run(120);
    assert.deepEqual(s.redundancy, ['lost: host h1 1/10']);
  });
});

describe('what the fleet is told', () => {
  const shutOf = (s: IncidentStory) => {
    const step = watchFleet(s.state, instant(s.now + 1_000));
    return step.outputs.flatMap((o) => (o.kind === 'do' && o.effect.kind === 'watch' ? [o.effect] : []));
  };
  it('which hosts are no targets, once for each change', () => {
    const s = new Story().run(30);
    assert.deepEqual(shutOf(s), []);
    s.agentLost('h4');
    const [effect] = shutOf(s);
    assert.deepEqual(effect?.shut, ['h4']);
    s.run(10);
    assert.deepEqual(shutOf(s), []);
    s.agent('h4', [], 'h4-s2');
    assert.deepEqual(shutOf(s)[0]?.shut, []);
  });
  it('that VMs came or went, but not more often than every five seconds', () => {
    const s = new Story().run(30).seen(1, 'h2');
    assert.equal(shutOf(s).length, 1);
    s.run(2).seen(2, 'h2');
    assert.equal(shutOf(s).length, 0, 'told a moment ago');
    s.run(6);
    assert.equal(s.state.watch.get('now')?.stirred, false);
  });
  it('all of it anew under a new leader', () => {
    const s = new Story().run(30);
    const before = s.state.watch.get('now')?.n ?? 0;
    s.input({ kind: 'started', epoch: s.state.epoch.get('now') as never, at: s.at }).run(1);
    assert.equal(s.state.watch.get('now')?.n, before + 1);
  });
});
