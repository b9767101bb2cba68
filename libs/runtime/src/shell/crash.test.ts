import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { topics } from '@lifeboat/contracts';
import { type Act, Bench, type Death, lost, type Process, type ProcessOptions } from './bench.test.ts';
import type { PerformContext } from './service.ts';

/** What is left when all has come to rest: the same for every run, whatever died on the way. */
interface Outcome {
  readonly state: unknown;
  readonly owed: unknown;
  readonly positions: unknown;
  readonly read: readonly string[];
  /** Ids of what was told about an event: the same in every run. About a result: one per operation, under whichever leader. */
  readonly ids: readonly string[];
  readonly distinct: number;
  readonly done: readonly string[];
}

/** One run of the story; `b` takes over where `a` dies. */
async function run(
  death: Death | null,
  perform?: (b: Bench) => ProcessOptions['perform'],
): Promise<{ b: Bench; a: Process; outcome: Outcome }> {
  const b = new Bench();
  const own = perform?.(b);
  const options: ProcessOptions = own === undefined ? {} : { perform: own };
  const a = b.start('a', { ...options, ...(death === null ? {} : { death, onDeath: () => void b.start('b', options) }) });
  await b.publish(lost('h1', 1));
  await b.clock.runFor(200);
  await b.publish(lost('h2', 2), lost('h3', 3), { topic: topics.agents, key: 'h4', headers: {}, value: 'not an event' });
  await b.clock.runFor(200);
  await b.publish(lost('h1', 4, 's2'), lost('h2', 2));
  await b.clock.runFor(10_000);
  const stored = await b.stored();
  const published = b.published();
  const aboutEvents = published.filter(({ event }) => event.type !== 'lifeboat.isolation.withdrawn').map(({ event }) => event.id);
  return {
    b,
    a,
    outcome: {
      state: { lost: stored.lost, acted: stored.acted },
      owed: stored['@owed'] ?? {},
      positions: stored['@positions'],
      read: [...b.read()].sort(),
      ids: [...new Set<string>(aboutEvents)].sort(),
      distinct: new Set(published.map(({ event }) => event.id)).size,
      done: [...b.done].sort(),
    },
  };
}

describe('a crash at any call to the outside', () => {
  it('changes nothing of what comes out in the end', async () => {
    const calm = await run(null);
    assert.deepEqual(calm.outcome.state, { lost: { h1: '2', h2: '1', h3: '1' }, acted: { h1: '"done"', h2: '"done"', h3: '"done"' } });
    assert.deepEqual(calm.outcome.owed, {});
    assert.deepEqual(calm.outcome.done, ['inc-h1/act/s1', 'inc-h1/act/s2', 'inc-h2/act/s1', 'inc-h3/act/s1']);
    const calls = calm.a.gate.calls;
    assert.ok(calls > 20, `the story makes ${calls} calls`);
    let died = 0;
    for (let call = 1; call <= calls; call++) {
      for (const when of ['before', 'after'] as const) {
        const { outcome, a } = await run({ call, when });
        if (a.gate.dead) died += 1;
        assert.deepEqual(outcome, calm.outcome, `died ${when} call ${call} of ${calls}`);
      }
    }
    assert.ok(died >= 2 * calls - 2, 'all but the last, which is still waiting at the end, did die');
  });

  it('lets every owed act be tried again by who takes over, under its own epoch', async () => {
    const hung: string[] = [];
    // the first leader's acts hang for ever: they are owed when it dies
    const hangs = (b: Bench) => (e: Act, c: PerformContext) => {
      if (c.epoch > 1) return b.perform(e, c);
      hung.push(c.attempt);
      return new Promise<string>(() => undefined);
    };
    const b = new Bench();
    const options = { perform: hangs(b) };
    const a = b.start('a', options);
    await b.publish(lost('h1', 1), lost('h2', 2));
    await b.clock.runFor(1_000);
    assert.equal(hung.length, 2);
    a.kill();
    b.start('b', options);
    await b.clock.runFor(10_000);
    assert.deepEqual(
      b.tries.map((t) => [t.operation, t.epoch]),
      [
        ['inc-h1/act/s1', 2],
        ['inc-h2/act/s1', 2],
      ],
    );
    assert.equal(new Set([...hung, ...b.tries.map((t) => t.attempt)]).size, 4, 'every try has a name of its own');
    assert.deepEqual((await b.stored())['@owed'] ?? {}, {});
  });

  it('publishes again what was perhaps not published, with the same ids and numbers', async () => {
    const b = new Bench();
    const a = b.start('a');
    await b.publish(lost('h1', 1));
    b.answersLost = 3;
    await b.clock.runFor(300);
    a.kill();
    b.start('b');
    await b.clock.runFor(10_000);
    const names = b.published().map(({ event }) => `${event.id} ${event.source} ${event.sequence}`);
    assert.ok(names.length > 3, 'they were published again');
    assert.equal(new Set(names).size, 2);
    assert.deepEqual(b.read(), ['isolation.requested inc-h1', 'isolation.withdrawn inc-h1']);
  });
});
