import { failed } from '@lifeboat/kernel';
import type { Bus, Subscription } from '@lifeboat/ports';
import { Publisher } from './publisher.ts';
import type { KafkaOptions } from './settings.ts';
import { openSubscription } from './subscription.ts';

export type { KafkaLog, KafkaOptions } from './settings.ts';
export { ensureTopics } from './topics.ts';

/** Connects in the background; until it has, `connected` is false and `publish` waits for it within its limit. */
export const openKafka = (options: KafkaOptions): Bus => {
  const publisher = new Publisher(options);
  const subscriptions = new Set<Subscription>();
  let closed = false;
  return {
    publish: (records) => publisher.publish(records),
    subscribe: async (request) => {
      if (closed) return failed('BUS_UNREACHABLE', 'the bus is closed');
      const opened = await openSubscription(options, request);
      if (!opened.ok) return opened;
      const inner = opened.value;
      const subscription: Subscription = {
        connected: () => inner.connected(),
        caughtUp: () => inner.caughtUp(),
        close: () => {
          subscriptions.delete(subscription);
          return inner.close();
        },
      };
      subscriptions.add(subscription);
      if (closed) await subscription.close();
      return { ok: true, value: subscription };
    },
    connected: () => !closed && publisher.connected() && [...subscriptions].every((s) => s.connected()),
    close: async () => {
      closed = true;
      await Promise.all([publisher.close(), ...[...subscriptions].map((s) => s.close())]);
    },
  };
};
