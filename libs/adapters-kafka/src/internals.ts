import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { ISocketFactory, logCreator } from 'kafkajs';

/**
 * What is used of kafkajs 2.2.4 (pinned, no longer changing) below its public API. Its consumer cannot read without a
 * group: every rejoin forgets the position and waits for a coordinator, and that is where it wedges when a broker
 * dies. Its cluster and broker objects, which speak the protocol, are sound; subscription.ts reads with them.
 */
export interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number | null;
}
export interface FetchedMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | undefined>>;
  readonly isControlRecord?: boolean;
}
export interface FetchAnswer {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly FetchedMessage[] }[];
  }[];
}
export interface Broker {
  fetch(request: {
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }[];
    }[];
  }): Promise<FetchAnswer>;
}
export interface Cluster {
  connect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[];
  findBroker(which: { readonly nodeId: string }): Promise<Broker>;
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string;
      readonly fromBeginning: boolean;
      readonly partitions: readonly { readonly partition: number }[];
    }[],
  ): Promise<
    readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]
  >;
}
export interface ClusterSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: unknown;
  readonly sasl?: unknown;
  readonly connectionTimeout: number;
  readonly authenticationTimeout: number;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  readonly retry: { readonly retries: number };
  readonly socketFactory: ISocketFactory;
}

const require = createRequire(import.meta.url);
const ClusterClass = require('kafkajs/src/cluster') as new (settings: object) => Cluster;
const { createLogger } = require('kafkajs/src/loggers') as {
  createLogger(options: { level: number; logCreator: logCreator }): unknown;
};

export const newCluster = (settings: ClusterSettings, log: { level: number; logCreator: logCreator }): Cluster =>
  new ClusterClass({
    ...settings,
    logger: createLogger(log),
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
  });

/** kafkajs's error for a position that the log no longer (or not yet) has. */
export const outOfRange = (error: unknown): { topic: string; partition: number } | undefined => {
  const e = error as { name?: string; topic?: string; partition?: number } | null;
  return e?.name === 'KafkaJSOffsetOutOfRange' && e.topic !== undefined && e.partition !== undefined
    ? { topic: e.topic, partition: e.partition }
    : undefined;
};

interface RequestQueue {
  pending: readonly unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/**
 * kafkajs's request queue arms a timer after every answer, and the timer arms itself again, for ever, with a negative
 * delay: a thousand wake-ups a second for each connection, and a warning on Node 24. A timer is needed only while
 * requests wait. Applied once; left out when the code is not the code this was written against.
 */
export const quietRequestQueue = (): boolean => {
  const Queue = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const original = Queue.prototype.scheduleCheckPendingRequests;
  if (QUIET in original) return true;
  const code = typeof original === 'function' ? original.toString() : '';
  if (!code.includes('this.throttledUntil - Date.now()') || !code.includes('this.throttleCheckTimeoutId = setTimeout(')) return false;
  const quiet = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttleCheckTimeoutId) original.call(this);
  };
  Queue.prototype.scheduleCheckPendingRequests = Object.assign(quiet, { [QUIET]: true });
  return true;
};
const QUIET = Symbol.for('lifeboat.kafka.quiet');

export type { Socket };
