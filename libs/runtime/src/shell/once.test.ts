import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStateStore } from '@lifeboat/adapters-memory';
import { topics } from '@lifeboat/contracts';
import type { Changes } from '@lifeboat/ports';
import { type Act, Bench, lost } from './bench.test.ts';
import type { ServiceWorld } from './service.ts';

const raw = (topic: string, value: string, headers: Record<string, string> = {}) => ({ topic, key: 'h9', headers, value });
const letters = (b: Bench) =>
  b.published().flatMap(({ event: e }) => (e.type === 'lifeboat.event.rejected' ? [[e.data.from, e.data.reason]] : []));
const STORY = ['isolation.requested inc-h1', 'isolation.withdrawn inc-h1'];

/** How many hosts each commit put into the state. */
class CountingStore extends MemoryStateStore {
  readonly sizes: number[] = [];
  override async commit(...[service, epoch, changes]: Parameters<MemoryStateStore['commit']>) {
    this.sizes.push(Object.keys(changes['lost']?.put ?? {}).length);
    return super.commit(service, epoch, changes);
  }
}

describe('one input, once', () => {
  it('is decided, told, acted upon, and its result decided on', async () => {
    const b = new Bench();
    const p = b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    assert.deepEqual(p.shell.state?.lost.entries(), [['h1', 1]]);
    assert.deepEqual(p.shell.state?.acted.entries(), [['h1', 'done']]);
    assert.deepEqual(b.done, ['inc-h1/act/s1']);
    assert.deepEqual(b.read(), STORY);
    assert.deepEqual(p.shell.figures, { queued: 0, owed: 0, outbox: 1 }, 'the last event told is forgotten with the next commit');
  });
  it('names on every event its source, cause and incident, and counts them', async () => {
    const b = new Bench();
    b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    const cause = lost('h1', 1).headers.ce_id;
    assert.deepEqual(
      b.published().map(({ event: e }) => [e.source, e.sequence, e.causation, e.incident]),
      [
        ['scheduler/1', 1, cause, 'inc-h1'],
        ['scheduler/1', 2, cause, 'inc-h1'],
      ],
    );
  });
  it('is stored before the next where decisions take long: a batch comes to an end, and what is left is decided next, in order', async () => {
    const hosts = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
    const commits = async (slowMs: number) => {
      const b = new Bench();
      const store = new CountingStore(b.clock);
      const p = b.start('a', { slowMs, store });
      await b.clock.runFor(1_000);
      const before = store.sizes.length;
      await b.publish(...hosts.map((h, i) => lost(h, i + 1)));
      await b.clock.runFor(1_000);
      assert.deepEqual(p.shell.state?.lost.keys(), hosts);
      assert.deepEqual([...new Set(b.tries.map((t) => t.operation))].length, hosts.length, 'each once');
      assert.equal(b.tries.length, hosts.length);
      return store.sizes.slice(before).filter((n) => n > 0);
    };
    assert.ok(
      (await commits(0)).some((n) => n > 1),
      'together where there is time',
    );
    assert.deepEqual(await commits(50), [1, 1, 1, 1, 1, 1]);
  });
  it('delivered again with the same offset it has no second effect', async () => {
    const b = new Bench();
    b.twice = true;
    const p = b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    assert.ok(p.notes.includes('lifeboat.agent.lost again'), 'it did come twice');
    assert.deepEqual(p.shell.state?.lost.entries(), [['h1', 1]]);
    assert.deepEqual(b.read(), STORY);
    assert.equal(b.tries.length, 1);
  });
  it('published again under another offset it has no second effect, even after a restart', async () => {
    const b = new Bench();
    const first = b.start('a');
    await b.publish(lost('h1', 1), lost('h1', 1));
    await b.clock.runFor(1_000);
    await first.stop();
    const second = b.start('a2');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(10_000);
    assert.equal(b.bus.records(topics.agents).length, 3);
    assert.ok(second.notes.includes('lifeboat.agent.lost again'));
    assert.deepEqual(second.shell.state?.lost.entries(), [['h1', 1]]);
    assert.deepEqual(b.read(), STORY);
  });
  it('of another source with the same number it is another input', async () => {
    const b = new Bench();
    const p = b.start('a');
    await b.publish(lost('h1', 7, 's1'), lost('h1', 7, 's2', 'agent-watcher/2'));
    await b.clock.runFor(1_000);
    assert.deepEqual(p.shell.state?.lost.entries(), [['h1', 2]]);
  });
  it('asks for nothing new while the same operation is owed', async () => {
    const b = new Bench();
    b.start('a', { perform: () => new Promise(() => undefined) });
    await b.publish(lost('h1', 1));
    await b.clock.runFor(500);
    await b.publish(lost('h1', 2));
    await b.clock.runFor(500);
    assert.deepEqual(Object.keys((await b.stored())['@owed'] ?? {}), ['inc-h1/act/s1']);
    assert.equal(b.read().length, 2, 'both were told');
  });
  it('does the same operation anew when it is asked for after it was settled', async () => {
    const b = new Bench();
    b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(500);
    await b.publish(lost('h1', 2));
    await b.clock.runFor(500);
    assert.deepEqual(
      b.tries.map((t) => t.attempt),
      ['a/1/1', 'a/1/2'],
    );
    assert.deepEqual((await b.stored())['@owed'] ?? {}, {});
  });
  it('is not read again after a restart: reading begins where it stopped', async () => {
    const b = new Bench();
    const first = b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(500);
    await first.stop();
    const second = b.start('b');
    await b.publish(lost('h2', 2));
    await b.clock.runFor(500);
    assert.deepEqual(
      second.notes.filter((n) => n.startsWith('lifeboat.')),
      ['lifeboat.agent.lost'],
    );
  });
  it('stores state, owed acts, outgoing events and position together', async () => {
    const b = new Bench();
    const commits: Changes[] = [];
    class Watched extends MemoryStateStore {
      override commit(...args: Parameters<MemoryStateStore['commit']>) {
        commits.push(args[2]);
        return super.commit(...args);
      }
    }
    b.start('a', { store: new Watched(b.clock), perform: () => new Promise(() => undefined) });
    await b.clock.runFor(100);
    commits.length = 0;
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    assert.equal(commits.length, 1);
    assert.deepEqual(Object.keys(commits[0] ?? {}).sort(), ['@meta', '@outbox', '@owed', '@positions', '@seen', 'lost']);
    assert.deepEqual(b.read(), ['isolation.requested inc-h1'], 'and only then lets the events out');
  });
});

describe('what cannot be taken', () => {
  it('is put aside once, with the reason and as it came; the next input is taken', async () => {
    const b = new Bench();
    b.twice = true;
    const p = b.start('a');
    await b.publish(raw(topics.agents, 'hello', { from: 'elsewhere' }), lost('h1', 1));
    await b.clock.runFor(1_000);
    const rejected = b.published().filter(({ event }) => event.type === 'lifeboat.event.rejected');
    assert.equal(rejected.length, 1, 'delivered twice, put aside once');
    const e = rejected[0]?.event;
    assert.ok(e?.type === 'lifeboat.event.rejected');
    assert.match(e.data.from, /^lifeboat\.agents\/\d\/0$/);
    assert.match(e.data.reason, /header ce_specversion/);
    assert.deepEqual([e.data.by, e.data.raw, e.data.headers], ['scheduler', 'hello', { from: 'elsewhere' }]);
    assert.deepEqual(p.shell.state?.lost.entries(), [['h1', 1]]);
  });
  it('is cut to a size that the bus takes', async () => {
    const b = new Bench();
    b.start('a');
    await b.publish(raw(topics.agents, 'x'.repeat(200_000)));
    await b.clock.runFor(1_000);
    const e = b.published()[0]?.event;
    assert.ok(e?.type === 'lifeboat.event.rejected' && e.data.raw.length === 65_536);
  });
  it('a decision that throws has its input put aside and changes nothing; the next input is taken', async () => {
    const b = new Bench();
    const p = b.start('a');
    await b.publish(lost('h1', 1, 'poison'), lost('h1', 2));
    await b.clock.runFor(1_000);
    assert.deepEqual(p.shell.state?.lost.entries(), [['h1', 1]]);
    const e = b.published().find(({ event }) => event.type === 'lifeboat.event.rejected')?.event;
    assert.ok(e?.type === 'lifeboat.event.rejected');
    assert.equal(e.data.reason, 'decision failed: poisoned');
    assert.ok(!p.notes.some((n) => n.startsWith('deposed')));
  });
  it('a result that the decision throws on leaves its act owed: it is performed anew a minute later, and nothing else waits', async () => {
    const b = new Bench();
    const p = b.start('a', { perform: async (e, c) => (c.attempt === 'a/1/1' ? 'poison' : b.perform(e, c)) });
    await b.publish(lost('h1', 1));
    await b.clock.runFor(500);
    await b.publish(lost('h2', 2));
    await b.clock.runFor(50_000);
    assert.deepEqual(p.shell.state?.acted.entries(), [['h2', 'done']]);
    assert.deepEqual(Object.keys((await b.stored())['@owed'] ?? {}), ['inc-h1/act/s1']);
    await b.clock.runFor(20_000);
    assert.deepEqual(p.shell.state?.acted.keys(), ['h1', 'h2']);
    assert.deepEqual(p.shell.figures.owed, 0);
    assert.deepEqual(letters(b), [['settled/inc-h1/act/s1', 'decision failed: poisoned result']]);
    assert.ok(!p.notes.some((n) => n.startsWith('deposed')));
    assert.ok(!Object.keys((await b.stored())['@meta'] ?? {}).some((k) => k.startsWith('failed')), 'forgotten once it went well');
  });
  it('a result that throws every time is told once, and is there for the next leader', async () => {
    const b = new Bench();
    const p = b.start('a', { perform: async () => 'poison' });
    await b.publish(lost('h1', 1));
    await b.clock.runFor(290_000);
    assert.equal(letters(b).length, 1);
    assert.equal(p.notes.filter((n) => n.startsWith('rejected settled/')).length, 5, 'once a minute, not in a circle');
    await p.stop();
    const next = b.start('b');
    await b.clock.runFor(1_000);
    assert.deepEqual(next.shell.state?.acted.entries(), [['h1', 'done']]);
  });
  it('ticks, observations and starts that throw do not end the leadership', async () => {
    const b = new Bench();
    const observe: ServiceWorld<Act, string, string>['observe'] = async (push, { signal }) => {
      for (const o of ['poison', 'no ticks', 'no starts', 'poison', 'fine']) push(o);
      await b.clock.sleep(1e9, signal);
    };
    const p = b.start('a', { world: { observe } });
    await b.clock.runFor(20_000);
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    assert.deepEqual(p.shell.state?.seen.keys(), ['fine', 'no starts', 'no ticks']);
    assert.deepEqual(p.shell.state?.acted.keys(), ['h1']);
    assert.deepEqual(letters(b), [
      ['observed', 'decision failed: poisoned observation'],
      ['tick', 'decision failed: poisoned tick'],
    ]);
    await p.stop();
    b.start('b');
    await b.clock.runFor(1_000);
    assert.deepEqual(letters(b).at(-1), ['started', 'decision failed: poisoned start']);
  });
  it('an event that the service does not read is passed over', async () => {
    const b = new Bench();
    const p = b.start('a');
    const other = { ...lost('h1', 1), headers: { ...lost('h1', 1).headers, ce_type: 'lifeboat.agent.reported' } };
    await b.publish({ ...other, value: JSON.stringify({ host: 'h1', session: 's', changed: [], gone: [], peers: [], at: 0 }) });
    await b.clock.runFor(1_000);
    assert.ok(p.notes.includes('lifeboat.agent.reported'));
    assert.deepEqual(b.published(), []);
  });
});
