import type { Outcome } from '@lifeboat/kernel';

export interface BusRecord {
  readonly topic: string;
  /** Records of one topic and key stay in order. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

export interface Delivered extends BusRecord {
  readonly partition: number;
  /** Grows within topic and partition; a record keeps its own for ever. */
  readonly offset: number;
}

/** 'topic/partition' → the next offset to read. A partition not named is read from its beginning. */
export type Positions = Readonly<Record<string, number>>;
export const partitionName = (topic: string, partition: number) => `${topic}/${partition}`;

export interface Subscription {
  /** Stops deliveries; resolves when no `onRecords` call is running any more. */
  close(): Promise<void>;
  /** False while the bus cannot be reached; for health. */
  connected(): boolean;
  /** Everything that was there when it was first looked at has been handed over: what is missing now was never told. */
  caughtUp(): boolean;
}

/**
 * An ordered, durable log. At-least-once: a record may come again (same offset: delivered twice; other offset: published
 * twice), it is never lost and never overtakes an earlier record of its topic and key.
 */
export interface Bus {
  /** In order. Resolves ok when every record is on enough brokers to survive; after a failure any of them may have been taken. */
  publish(records: readonly BusRecord[]): Promise<Outcome<undefined, 'BUS_UNREACHABLE'>>;
  /**
   * Delivers every record of `topics` from `from` on. The next records of a partition come when the promise of
   * `onRecords` has resolved: that is the back-pressure. `onRecords` must not do I/O of its own: a slow handler holds up
   * other partitions of the same broker. Does not depend on any group membership: each subscriber reads everything.
   */
  subscribe(request: {
    readonly name: string;
    readonly topics: readonly string[];
    readonly from: Positions;
    readonly onRecords: (records: readonly Delivered[]) => Promise<void>;
  }): Promise<Outcome<Subscription, 'BUS_UNREACHABLE'>>;
  connected(): boolean;
  close(): Promise<void>;
}
