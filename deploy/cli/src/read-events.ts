import { setTimeout as sleep } from 'node:timers/promises';
import { openKafka } from '@lifeboat/adapters-kafka';
import { decode, type LifeboatEvent, topics } from '@lifeboat/contracts';
import { describeFailure } from '@lifeboat/kernel';

/** The topics have been read to their end when nothing new has come for this long. */
const QUIET_MS = 1_500;
const LIMIT_MS = 120_000;

/** Every event that is still on the topics, in no particular order. Throws in words when the brokers cannot be reached. */
export async function readEvents(brokers: readonly string[]): Promise<LifeboatEvent[]> {
  const bus = openKafka({ brokers: [...brokers], clientId: `lifeboat-cli-${process.pid}` });
  const events = new Map<string, LifeboatEvent>();
  let last = performance.now();
  try {
    const subscription = await bus.subscribe({
      name: `lifeboat-cli-${process.pid}`,
      topics: Object.values(topics).filter((t) => t !== topics.deadLetters),
      from: {},
      onRecords: async (records) => {
        last = performance.now();
        for (const r of records) {
          const d = decode(r);
          if (d.ok) events.set(d.event.id, d.event);
        }
      },
    });
    if (!subscription.ok) throw new Error(`LIFEBOAT_KAFKA=${brokers.join(',')}: ${describeFailure(subscription)}`);
    const begun = performance.now();
    while (performance.now() - last < QUIET_MS && performance.now() - begun < LIMIT_MS) await sleep(100);
    if (!subscription.value.connected() && events.size === 0) throw new Error(`LIFEBOAT_KAFKA=${brokers.join(',')}: no broker answers`);
    await subscription.value.close();
    return [...events.values()];
  } finally {
    await bus.close();
  }
}
