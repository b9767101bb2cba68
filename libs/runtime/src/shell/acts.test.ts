import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bench, lost } from './bench.test.ts';
import { InputQueue } from './queue.ts';

describe('an owed act', () => {
  it('waits for its time', async () => {
    const b = new Bench();
    b.start('a');
    const from = b.clock.now();
    await b.publish(lost('h1', 1, 'later'));
    await b.clock.runFor(59_000);
    assert.equal(b.tries.length, 0);
    await b.clock.runFor(2_000);
    assert.equal(b.tries.length, 1);
    assert.ok((b.tries[0]?.at ?? 0) >= from + 60_000);
  });
  it('waits for its time across a change of leader, and not longer', async () => {
    const b = new Bench();
    const a = b.start('a');
    const from = b.clock.now();
    await b.publish(lost('h1', 1, 'later'));
    await b.clock.runFor(30_000);
    a.kill();
    b.start('b');
    await b.clock.runFor(40_000);
    assert.deepEqual(
      b.tries.map((t) => [t.epoch, t.at - from]),
      [[2, 60_000]],
    );
  });
  it('whose performer throws is tried again later, under another name', async () => {
    const b = new Bench();
    let tries = 0;
    const p = b.start('a', { perform: (e, c) => (++tries === 1 ? Promise.reject(new Error('slipped')) : b.perform(e, c)) });
    await b.publish(lost('h1', 1));
    await b.clock.runFor(3_000);
    assert.deepEqual(
      p.notes.filter((n) => n.startsWith('trouble')),
      ['trouble: performing inc-h1/act/s1 threw: Error: slipped'],
    );
    await b.clock.runFor(3_000);
    assert.deepEqual(
      b.tries.map((t) => t.attempt),
      ['a/1/2'],
    );
    assert.deepEqual(p.shell.state?.acted.keys(), ['h1']);
  });
  it('that nobody wants any more by the time it could be begun is not valid, though its process leads', async () => {
    const b = new Bench();
    let push: (o: string) => void = () => undefined;
    const valid: boolean[] = [];
    b.start('a', {
      world: {
        observe: (p: (o: string) => void, c: { signal: AbortSignal }) => {
          push = p;
          return new Promise<void>((resolve) => c.signal.addEventListener('abort', () => resolve()));
        },
      },
      perform: async (_, c) => {
        valid.push(c.valid());
        push('not h1');
        await b.clock.sleep(100);
        valid.push(c.valid());
        return 'looked';
      },
    });
    await b.publish(lost('h1', 1));
    await b.clock.runFor(1_000);
    assert.deepEqual(valid, [true, false]);
  });
  it('does not hold up other inputs', async () => {
    const b = new Bench();
    const p = b.start('a', { perform: (e, c) => (e.host === 'h1' ? new Promise(() => undefined) : b.perform(e, c)) });
    await b.publish(lost('h1', 1));
    await b.clock.runFor(100);
    await b.publish(lost('h2', 2));
    await b.clock.runFor(100);
    assert.deepEqual(p.shell.state?.acted.keys(), ['h2']);
    assert.deepEqual(p.shell.figures.owed, 1);
  });
});

describe('observations', () => {
  it('are decided on like everything else, and asked for anew when the observer ends or throws', async () => {
    const b = new Bench();
    let begun = 0;
    const observe = async (push: (o: string) => void) => {
      begun += 1;
      push(`view ${begun}`);
      if (begun === 1) throw new Error('lost sight');
    };
    const p = b.start('a', { world: { observe } });
    await b.clock.runFor(11_000);
    assert.ok(begun >= 2 && begun <= 3, `${begun} times in 11 s`);
    assert.ok(p.shell.state?.seen.has('view 1') && p.shell.state.seen.has('view 2'));
    assert.ok(p.notes.includes('trouble: observing threw: Error: lost sight'));
  });
  it('pushed after leadership is lost are dropped', async () => {
    const b = new Bench();
    let push: (o: string) => void = () => undefined;
    const observe = (p: (o: string) => void, c: { signal: AbortSignal }) => {
      push = p;
      return new Promise<void>((resolve) => c.signal.addEventListener('abort', () => resolve()));
    };
    const a = b.start('a', { world: { observe } });
    await b.clock.runFor(100);
    await a.stop();
    push('late');
    await b.clock.runFor(1_000);
    assert.deepEqual((await b.stored()).seen ?? {}, {});
  });
});

describe('the ticks', () => {
  it('come while it leads, and never pile up behind a slow decision', async () => {
    const b = new Bench();
    const p = b.start('a');
    await b.clock.runFor(10_100);
    assert.equal(p.notes.filter((n) => n === 'tick').length, 5);
    b.up.store = false;
    await b.publish(lost('h1', 1));
    await b.clock.runFor(20_000);
    assert.ok(p.shell.figures.queued <= 1, `${p.shell.figures.queued} wait`);
  });
});

describe('InputQueue', () => {
  it('makes whoever can wait do so while it is full, and lets all go when it is not, or when woken', async () => {
    const q = new InputQueue<number>(2);
    await q.room();
    q.put(1);
    q.put(2);
    let free = 0;
    const waiting = [q.room(), q.room()].map((r) => r.then(() => free++));
    await Promise.resolve();
    assert.equal(free, 0);
    assert.deepEqual(await q.take(1), [1]);
    await Promise.all(waiting);
    q.put(3);
    q.put(4);
    const woken = q.room();
    q.wake();
    await woken;
    assert.deepEqual(await q.take(10), [2, 3, 4], 'in order, everything that waits');
  });
  it('a waiting taker gets the first that comes, or nothing when woken', async () => {
    const q = new InputQueue<string>(2);
    const first = q.take(10);
    q.put('a');
    assert.deepEqual(await first, ['a']);
    const none = q.take(10);
    q.wake();
    assert.deepEqual(await none, []);
  });
});
