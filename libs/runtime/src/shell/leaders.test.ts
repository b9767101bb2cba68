import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryRegistryCore, MemoryStateStore } from '@lifeboat/adapters-memory';
import { epoch } from '@lifeboat/kernel';
import { type Act, Bench, lost } from './bench.test.ts';
import type { PerformContext } from './service.ts';

const STORY = ['isolation.requested inc-h1', 'isolation.withdrawn inc-h1'];

describe('one leader at a time', () => {
  it('the second stands by, sees nothing, and takes over when the first is gone', async () => {
    const b = new Bench();
    const first = b.start('a');
    const second = b.start('b');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    assert.equal(second.shell.figures.queued, 0);
    assert.deepEqual(second.notes, []);
    await first.stop();
    await b.publish(lost('h2', 2));
    await b.clock.runFor(1_000);
    assert.deepEqual(second.shell.state?.lost.keys(), ['h1', 'h2'], 'with what the first had stored');
    assert.equal(b.tries.filter((t) => t.operation.startsWith('inc-h1')).length, 1, 'what was settled is not done again');
  });
  it('one whose epoch the store has seen pass is deposed, and neither tells nor does anything any more', async () => {
    const b = new Bench();
    const stale = b.start('a');
    await b.clock.runFor(500);
    // another registry made another leader: both believe
    const elsewhere = new MemoryRegistryCore(b.clock, { sessionTimeoutMs: 4_000 });
    elsewhere.nextEpoch('scheduler', 10);
    b.start('b', { registry: elsewhere });
    await b.clock.runFor(100);
    b.registry.down();
    await b.publish(lost('h1', 1));
    await b.clock.runFor(60_000);
    assert.ok(stale.notes.includes('deposed: the store has seen a newer epoch'), stale.notes.join('; '));
    assert.deepEqual(
      b.tries.map((t) => t.epoch),
      [12],
    );
    assert.deepEqual(b.published().length, 2, 'told once, by the newer');
    assert.deepEqual(b.read(), STORY);
  });
  it('above an older registry: the next leader takes an epoch that the store has not seen', async () => {
    const b = new Bench();
    await b.store.claim('scheduler', epoch(700));
    const p = b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    assert.equal(p.notes[0], 'deposed: the store has seen a newer epoch');
    assert.match(p.notes[1] ?? '', /^leads 1\d\d\d$/);
    assert.deepEqual(b.read(), STORY);
  });
  it('an act that is under way when leadership is lost may not act, and its result is dropped', async () => {
    const b = new Bench();
    const late: (() => void)[] = [];
    const validWhenLate: boolean[] = [];
    const perform = async (e: Act, c: PerformContext): Promise<string> => {
      if (c.epoch > 1) return b.perform(e, c);
      await new Promise<void>((resolve) => late.push(resolve));
      validWhenLate.push(c.valid(), c.signal.aborted);
      return 'too late';
    };
    const p = b.start('a', { perform });
    await b.publish(lost('h1', 1));
    await b.clock.runFor(500);
    b.registry.down();
    await b.clock.runFor(10_000);
    b.registry.back();
    await b.clock.runFor(1_000);
    assert.deepEqual(p.shell.state?.acted.entries(), [['h1', 'done']], 'tried again under the new epoch');
    for (const go of late) go();
    await b.clock.runFor(5_000);
    assert.deepEqual(validWhenLate, [false, true]);
    const stored = await b.stored();
    assert.deepEqual(stored.acted, { h1: '"done"' });
    assert.deepEqual(b.read(), STORY, 'its result was told once');
  });
  it('a lease that runs out under it ends its reign; it stands again and goes on', async () => {
    const b = new Bench();
    const p = b.start('a');
    await b.clock.runFor(500);
    b.registry.down();
    await b.clock.runFor(10_000);
    assert.match(p.notes.at(-1) ?? '', /^deposed/);
    assert.equal(p.shell.state, null);
    b.registry.back();
    await b.publish(lost('h1', 1));
    await b.clock.runFor(10_000);
    assert.deepEqual(
      p.notes.filter((n) => n.startsWith('leads')),
      ['leads 1', 'leads 2'],
    );
    assert.deepEqual(b.read(), STORY);
  });
  it('that cannot claim the gates gives leadership up before it does anything', async () => {
    const b = new Bench();
    let claims = 0;
    const p = b.start('a', { world: { takeOver: async () => ++claims > 1 } });
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    assert.deepEqual(p.notes.slice(0, 2), ['deposed: the gates could not be claimed', 'leads 2']);
    assert.deepEqual(
      b.tries.map((t) => t.epoch),
      [2],
    );
  });
});

describe('servers away for a minute', () => {
  for (const what of ['store', 'bus'] as const) {
    it(`the ${what}: nothing is lost, nothing done twice, and it goes on by itself`, async () => {
      const b = new Bench();
      const p = b.start('a');
      await b.publish(lost('h1', 1));
      await b.clock.runFor(500);
      await b.publish(lost('h2', 2));
      b.up[what] = false;
      await b.clock.runFor(60_000);
      b.up[what] = true;
      await b.publish(lost('h3', 3));
      await b.clock.runFor(5_000);
      assert.deepEqual(p.shell.state?.acted.keys(), ['h1', 'h2', 'h3']);
      assert.deepEqual([...b.done].sort(), ['inc-h1/act/s1', 'inc-h2/act/s1', 'inc-h3/act/s1']);
      assert.equal(b.tries.length, 3);
      assert.equal(b.read().length, 6);
      assert.ok(!p.notes.some((n) => n.startsWith('deposed')), 'and it leads on');
    });
    it(`the ${what}, when it is to take over: it waits and says so`, async () => {
      const b = new Bench();
      b.up[what] = false;
      const p = b.start('a');
      await b.clock.runFor(60_000);
      b.up[what] = true;
      await b.publish(lost('h1', 1));
      await b.clock.runFor(5_000);
      assert.ok(p.notes.some((n) => n.startsWith('trouble: ') && /UNREACHABLE/.test(n)));
      assert.ok(p.notes.filter((n) => n.startsWith('trouble')).length < 60, 'with back-off');
      assert.deepEqual(b.read(), STORY);
    });
  }
  it('ends at once when it is asked to stop meanwhile', async () => {
    const b = new Bench();
    const p = b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(500);
    b.up.store = false;
    await b.publish(lost('h2', 2));
    await b.clock.runFor(1_000);
    await p.stop();
    assert.match(p.notes.at(-1) ?? '', /^deposed: the lease was lost, or we are stopping/);
  });
});

describe('a state that was lost and begun anew', () => {
  it('has a new birth, so that its events are not taken for old ones', async () => {
    const b = new Bench();
    const first = b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    await first.stop();
    b.start('b', { store: new MemoryStateStore(b.clock) });
    await b.publish(lost('h2', 2));
    await b.clock.runFor(5_000);
    assert.deepEqual([...new Set(b.published().map(({ event }) => event.source))], ['scheduler/1', 'scheduler/2']);
    const again = b.published().filter(({ event }) => event.source === 'scheduler/2');
    assert.deepEqual(again.map(({ event }) => event.sequence).sort(), [1, 2, 3, 4], 'it counts from one again');
    assert.equal(b.read().filter((line) => line.endsWith('h2')).length, 2, 'and its readers take what is new');
  });
  it('has its old birth after a mere restart, and counts on', async () => {
    const b = new Bench();
    const first = b.start('a');
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    await first.stop();
    b.start('b');
    await b.publish(lost('h2', 2));
    await b.clock.runFor(5_000);
    const names = new Set(b.published().map(({ event }) => `${event.source} ${event.sequence}`));
    assert.deepEqual([...names].sort(), ['scheduler/1 1', 'scheduler/1 2', 'scheduler/1 3', 'scheduler/1 4']);
  });
  it('that cannot be read stops the service with table and key, and is left as it is', async () => {
    const b = new Bench();
    await b.store.commit('scheduler', epoch(0), { lost: { put: { h1: '{' }, del: [] } });
    const p = b.start('a');
    await b.clock.runFor(1_000);
    assert.match(p.notes[0] ?? '', /deposed: a bug: .*state of scheduler: table lost, key h1: not JSON/);
    assert.deepEqual((await b.stored()).lost, { h1: '{' });
  });
});
