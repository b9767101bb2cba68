import { hostname } from 'node:os';
import { openKafka } from '@lifeboat/adapters-kafka';
import { encode, type LifeboatEvent, type NewEvent } from '@lifeboat/contracts';
import * as desk from '@lifeboat/desk';
import { describeFailure } from '@lifeboat/kernel';
import type { Bus } from '@lifeboat/ports';

const NAME = `lifeboat-cli-${process.pid}`;

/** Whatever goes wrong says where the brokers were looked for. */
async function withBus<T>(brokers: readonly string[], work: (bus: Bus) => Promise<T>): Promise<T> {
  const bus = openKafka({ brokers: [...brokers], clientId: NAME });
  try {
    return await work(bus);
  } catch (e) {
    if (e instanceof desk.NotSo) throw e;
    throw new Error(`LIFEBOAT_KAFKA=${brokers.join(',')}: ${(e as Error).message}`, { cause: e });
  } finally {
    await bus.close();
  }
}

export const readEvents = (brokers: readonly string[]): Promise<LifeboatEvent[]> => withBus(brokers, (bus) => desk.readEvents(bus, NAME));

export const followEvents = (brokers: readonly string[], onEvent: (e: LifeboatEvent) => void, over: () => boolean): Promise<void> =>
  withBus(brokers, (bus) => desk.followEvents(bus, NAME, onEvent, over));

export const publish = (brokers: readonly string[], order: NewEvent, w: desk.Wish): Promise<void> =>
  withBus(brokers, async (bus) => {
    const published = await bus.publish([encode(desk.orderEvent(order, { source: `${w.by}@${hostname()}`, at: w.at }))]);
    if (!published.ok) throw new Error(describeFailure(published));
  });
