import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivered } from '@lifeboat/ports';

/** Read ahead of a slow handler by this many records, then read no further. */
const AHEAD = 2_000;
/** At most so many in one delivery. */
const TOGETHER = 500;
const AGAIN_MS = 1_000;

/** One partition of one subscription: how far it has been read, and what is still to be handed over, in order. */
export interface Feed {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read. */
  position(): number;
  /** Where reading goes on after the position was no longer there. */
  moveTo(offset: number): void;
  /** Says where the log ends; the first time counts. */
  endsAt(offset: number): void;
  /** All that was there when its end was first heard of has been handed over. */
  caughtUp(): boolean;
  room(): boolean;
  /** Resolves when there is room, or when the feed has stopped. */
  roomy(): Promise<void>;
  /** Takes the records from the position on; `next` is the offset after the last one read. */
  put(records: readonly Delivered[], next: number): void;
  /** Hands nothing over any more; resolves when no handler is running. */
  stop(): Promise<void>;
}

export const newFeed = (
  of: { readonly topic: string; readonly partition: number; readonly from: number },
  onRecords: (records: readonly Delivered[]) => Promise<void>,
  onFailure: (error: unknown) => void,
): Feed => {
  let position = of.from;
  let end: number | undefined;
  let queue: Delivered[] = [];
  let handing: Promise<void> | undefined;
  let waiters: (() => void)[] = [];
  const stopping = new AbortController();
  const stopped = () => stopping.signal.aborted;
  const room = () => queue.length < AHEAD;
  const wake = () => {
    for (const w of waiters) w();
    waiters = [];
  };

  const handOver = async () => {
    while (queue.length > 0 && !stopped()) {
      const records = queue.slice(0, TOGETHER);
      try {
        await onRecords(records);
        queue = queue.slice(records.length);
        if (room()) wake();
      } catch (error) {
        // never skipped: the same records again
        onFailure(error);
        await sleep(AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
    handing = undefined;
  };

  return {
    topic: of.topic,
    partition: of.partition,
    position: () => position,
    moveTo: (offset) => {
      position = offset;
    },
    endsAt: (offset) => {
      end ??= offset;
    },
    caughtUp: () => end !== undefined && position >= end && queue.length === 0,
    room,
    roomy: () => (room() || stopped() ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
    put: (records, next) => {
      if (stopped()) return;
      queue.push(...records.filter((r) => r.offset >= position));
      position = Math.max(position, next);
      if (queue.length > 0) handing ??= handOver();
    },
    stop: async () => {
      stopping.abort();
      wake();
      await handing;
    },
  };
};
