import { openKafka } from '@lifeboat/adapters-kafka';
import { decode, type EventOf, type EventType, type LifeboatEvent, topics } from '@lifeboat/contracts';
import { describeFailure } from '@lifeboat/kernel';

/** Everything that is told on the topics, as any reader of Kafka sees it. */
export interface Recorder {
  readonly events: readonly LifeboatEvent[];
  /** Records that are no events of ours, with why. */
  readonly unreadable: readonly string[];
  of<T extends EventType>(type: T, fits?: (e: EventOf<T>) => boolean): EventOf<T>[];
  /** Resolves with the first event that fits, of those that came and those to come. */
  until<T extends EventType>(type: T, fits: (e: EventOf<T>) => boolean, limitMs: number): Promise<EventOf<T>>;
  /** Resolves once `isSo` holds of what has been told. */
  untilSo(what: string, isSo: () => boolean, limitMs: number): Promise<void>;
  close(): Promise<void>;
}

export const openRecorder = async (brokers: readonly string[]): Promise<Recorder> => {
  const events: LifeboatEvent[] = [];
  const known = new Set<string>();
  const unreadable: string[] = [];
  const waiting = new Set<() => void>();
  const bus = openKafka({ brokers, clientId: 'e2e-recorder' });
  const subscribed = await bus.subscribe({
    name: 'e2e-recorder',
    topics: Object.values(topics),
    from: {},
    onRecords: async (records) => {
      for (const r of records) {
        const read = decode(r);
        if (!read.ok) unreadable.push(`${r.topic}/${r.partition}@${r.offset}: ${read.reason}`);
        // told again after a crash: the same id
        else if (!known.has(read.event.id)) {
          known.add(read.event.id);
          events.push(read.event);
        }
      }
      for (const look of [...waiting]) look();
    },
  });
  if (!subscribed.ok) throw new Error(describeFailure(subscribed));

  const of = <T extends EventType>(type: T, fits: (e: EventOf<T>) => boolean = () => true): EventOf<T>[] =>
    (events.filter((e) => e.type === type) as EventOf<T>[]).filter(fits);
  const untilSo = (what: string, isSo: () => boolean, limitMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`not within ${limitMs / 1000} s: ${what}`));
      }, limitMs);
      const look = () => {
        if (!isSo()) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    events,
    unreadable,
    of,
    untilSo,
    until: async (type, fits, limitMs) => {
      await untilSo(type, () => of(type, fits).length > 0, limitMs);
      return of(type, fits)[0] as EventOf<typeof type>;
    },
    close: () => bus.close(),
  };
};
