import { setTimeout as sleep } from 'node:timers/promises';
import { decode, type LifeboatEvent, topics } from '@lifeboat/contracts';
import { describeFailure } from '@lifeboat/kernel';
import type { Bus } from '@lifeboat/ports';

const LIMIT_MS = 120_000;
const LOOK_MS = 50;
/** Brokers that have let us in and say nothing. */
const SILENT_MS = 10_000;

export const storyTopics = Object.values(topics).filter((t) => t !== topics.deadLetters);

/** Hands over every event, old and new, each once, as it comes; until `over` says so. Throws in words when the brokers cannot be reached. */
export async function followEvents(
  bus: Bus,
  name: string,
  onEvent: (e: LifeboatEvent) => void,
  over: (is: { caughtUp: boolean; connected: boolean }) => boolean,
): Promise<void> {
  const seen = new Set<string>();
  const subscription = await bus.subscribe({
    name,
    topics: storyTopics,
    from: {},
    onRecords: async (records) => {
      for (const r of records) {
        const d = decode(r);
        if (!d.ok || seen.has(d.event.id)) continue;
        seen.add(d.event.id);
        onEvent(d.event);
      }
    },
  });
  if (!subscription.ok) throw new Error(describeFailure(subscription));
  const { value } = subscription;
  try {
    while (!over({ caughtUp: value.caughtUp(), connected: value.connected() })) await sleep(LOOK_MS);
  } finally {
    await value.close();
  }
}

/** Every event that is on the topics by now, in no particular order. */
export async function readEvents(bus: Bus, name: string): Promise<LifeboatEvent[]> {
  const events: LifeboatEvent[] = [];
  const begun = performance.now();
  let heard = begun;
  await followEvents(
    bus,
    name,
    (e) => events.push(e),
    ({ caughtUp, connected }) => {
      const now = performance.now();
      if (connected) heard = now;
      if (now - heard > SILENT_MS) throw new Error('no broker answers');
      return caughtUp || now - begun > LIMIT_MS;
    },
  );
  return events;
}
