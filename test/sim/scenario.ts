import assert from 'node:assert/strict';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { sentence } from '@lifeboat/story';
import type { World } from '@lifeboat/world';
import type { SimulationChoices, Stage } from './simulate.ts';
import { type Told, tell } from './stories.ts';

/** A story that an operator can read, and that was so: each line is found among what was told, in this order, in its time. */
export interface Scenario {
  readonly healMs: number;
  readonly happens: (s: Stage) => void;
  /**
   * A line each: `10 s .. 16 s  fault-correlator  host power failure at compute-01`: from, until, who, what (part of the
   * sentence). `never  migrator  is proven dead`: nowhere in the story.
   */
  readonly story: string;
  readonly more?: Partial<SimulationChoices>;
}

const LINE = /^\s*([\d.]+) s \.\. +([\d.]+) s +(\S+) +(.+?)\s*$/;
const NEVER = /^\s*never +(\S+) +(.+?)\s*$/;

export async function play({ healMs, happens, story, more }: Scenario): Promise<Told> {
  let start = 0;
  const told = await tell(
    healMs,
    (s) => {
      start = s.world.now();
      happens(s);
    },
    more,
  );
  assert.deepEqual(told.violations, [], told.trace.slice(-30).join('\n'));
  const lines = told.events.map((e) => ({ at: (e.time - start) / 1000, who: whoOf(e), what: sentence(e) }));
  /** What this one told: everything would drown a reader. */
  const asTold = (who: string | undefined) =>
    lines
      .filter((l) => l.who === who && !l.what.includes('reports'))
      .map((l) => `${l.at.toFixed(1).padStart(7)} s  ${l.who.padEnd(16)}  ${l.what}`)
      .join('\n');
  let after = 0;
  for (const line of story.split('\n').filter((l) => l.trim() !== '')) {
    const never = NEVER.exec(line);
    if (never !== null) {
      const [, who, what = ''] = never;
      const found = lines.find((l) => l.who === who && l.what.includes(what));
      assert.equal(found, undefined, `was told at ${found?.at} s, and should never be:${line}\n${asTold(who)}`);
      continue;
    }
    const [, from, until, who, what = ''] = LINE.exec(line) ?? assert.fail(`not a line of a story: ${line}`);
    const index = lines.findIndex(
      (l, i) => i >= after && l.who === who && l.what.includes(what) && l.at >= Number(from) && l.at <= Number(until),
    );
    assert.ok(index >= 0, `not found in this order and time:${line}\n${asTold(who)}`);
    after = index;
  }
  return told;
}

const whoOf = (e: LifeboatEvent): string => (e.source.split('/')[0] ?? '').replace(/\.\d+$/, '');

/** Every VM that ran on `host` at first runs once, and not there. */
export const movedOnce = (t: Told, from: string): void => {
  assert.ok(t.vms.length > 0, 'the story is about a host with VMs');
  for (const vm of t.vms) {
    const at = [...t.world.vm(vm).copies.keys()];
    assert.ok(at.length === 1 && at[0] !== from, `${vm} runs on ${at.join(', ') || 'no host'}`);
  }
};
export const nobodyMoved = (t: Told): void => {
  assert.equal(t.of('lifeboat.evacuation.started').length, 0);
  assert.equal(t.of('lifeboat.host.isolated').length, 0, 'nobody was isolated');
};
export const everyHost = (world: World) => [...world.hosts.keys()];
