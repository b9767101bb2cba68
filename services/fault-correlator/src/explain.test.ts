import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { hostId, instant } from '@lifeboat/kernel';
import { explainHost, settingsFrom } from './explain.ts';
import { RegionStory } from './region.test.ts';

const a1 = hostId('a1');
const all = (r: RegionStory): LifeboatEvent[] => [...r.heard, ...r.told.map((t) => t.event)];
const explain = (r: RegionStory, laterMs = 0) => explainHost(all(r), r.settings, a1, instant(r.now + laterMs)).join('\n');

describe('explain', () => {
  it('a confirmed host: each piece of evidence with its age, the row that fits, what was told', () => {
    const r = new RegionStory();
    r.run(2).dies('a1');
    r.run(3);
    const text = explain(r);
    assert.match(text, /agent +lost +3\.0 s ago {2}by registry/);
    assert.match(text, /management +dead +0\.0 s ago {2}by node-monitor/);
    assert.match(text, /production +dead +3\.0 s ago {2}by a2 b1 b2 c1 c2/);
    assert.match(text, /observer: sound/);
    assert.match(text, /by the table: agent lost, management dead, production dead, power on -> host failure/);
    assert.match(text, /told about it:\n.*host failure, inc-a1-\d+: agent lost/);
  });
  it('a host that cannot be judged: what is missing', () => {
    const r = new RegionStory(undefined, ['a1']);
    r.run(2).lost('a1');
    r.look('a1', { management: 'dead', ssh: 'dead', power: 'on' });
    r.run(2);
    assert.match(explain(r), /no row fits: what is missing is a peer's view of the production address/);
    assert.match(explain(r), /no verdict was told about it/);
  });
  it('evidence that has grown old is said to count as unknown', () => {
    const r = new RegionStory();
    r.run(2).dies('a1');
    r.run(3);
    const text = explain(r, 60_000);
    assert.match(text, /management +dead +60\.0 s ago {2}by node-monitor: too old, counts as unknown/);
    assert.match(text, /not to be trusted: its last round is 60 s old/);
    assert.match(text, /what is missing is a probe of the management address/);
  });
  it('a host that was never heard of', () => {
    assert.match(explainHost([], settingsFrom([]), a1, instant(0)).join(), /nothing was ever heard of it/);
  });
});
