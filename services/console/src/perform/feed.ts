import { decode, type LifeboatEvent } from '@lifeboat/contracts';
import { type Live, storyTopics } from '@lifeboat/desk';
import { describeFailure } from '@lifeboat/kernel';
import type { Bus, Clock } from '@lifeboat/ports';

const AGAIN_MS = 2_000;
const LOOK_MS = 100;
/** What comes twice comes soon. */
const REMEMBERED = 20_000;

export interface Feed {
  /** The topics have been read to where they ended when we began. */
  readonly caughtUp: boolean;
  readonly connected: boolean;
}
export interface Feeding {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly name: string;
  readonly live: Live;
  readonly signal: AbortSignal;
  /** Every event that is new, after the view has seen it. */
  readonly onEvent: (e: LifeboatEvent) => void;
  readonly trouble: (what: string) => void;
}

/** Feeds the view with every event, each once, until `signal` aborts. */
export function feed(of: Feeding): Feed & { readonly over: Promise<void> } {
  const is = { caughtUp: false, connected: false };
  const over = run(of, is);
  return {
    over,
    get caughtUp() {
      return is.caughtUp;
    },
    get connected() {
      return is.connected;
    },
  };
}

async function run(of: Feeding, is: { caughtUp: boolean; connected: boolean }): Promise<void> {
  const { bus, clock, name, live, signal } = of;
  // what is on the topics already comes one partition after the other: it is put in order of time first
  let past: LifeboatEvent[] | null = [];
  const seen = new Set<string>();
  const take = (e: LifeboatEvent) => {
    // told every second, and nobody looks at it afterwards
    if (e.type === 'lifeboat.round.completed' || seen.has(e.id)) return;
    seen.add(e.id);
    if (past !== null) past.push(e);
    else {
      if (seen.size > REMEMBERED) for (const id of [...seen].slice(0, REMEMBERED / 2)) seen.delete(id);
      live.observe(e);
      of.onEvent(e);
    }
  };
  while (!signal.aborted) {
    const subscription = await bus.subscribe({
      name,
      topics: storyTopics,
      from: {},
      onRecords: async (records) => {
        for (const r of records) {
          const d = decode(r);
          if (d.ok) take(d.event);
        }
      },
    });
    if (!subscription.ok) {
      of.trouble(describeFailure(subscription));
      await clock.sleep(AGAIN_MS, signal);
      continue;
    }
    while (!signal.aborted) {
      is.connected = subscription.value.connected();
      if (past !== null && subscription.value.caughtUp()) {
        for (const e of past.sort((a, b) => a.time - b.time || a.sequence - b.sequence)) live.observe(e);
        past = null;
        is.caughtUp = true;
      }
      await clock.sleep(LOOK_MS, signal);
    }
    await subscription.value.close();
  }
  is.connected = false;
}
