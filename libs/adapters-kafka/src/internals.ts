import { createRequire } from 'node:module';
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
    readonly partitions: readonly {
      readonly partition: number;
      /** The offset after its last record. */
      readonly highWatermark: string;
      readonly messages: readonly FetchedMessage[];
    }[];
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
  enforceRequestTimeout: boolean;
  requestTimeoutIntervalId?: NodeJS.Timeout;
  readonly inflight: ReadonlyMap<number, { readonly sentAt: number; readonly requestTimeout: number; timeoutRequest(): void }>;
  readonly pending: readonly unknown[];
  readonly throttleCheckTimeoutId: NodeJS.Timeout | null;
  isConnected(): boolean;
  destroy(): void;
  scheduleCheckPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
}

const QUIET = Symbol.for('lifeboat.kafka.quiet');
const TIMEOUT_CHECK_MS = 1_000;

/** Looks for overdue requests once a second, not ten times. */
function checkTimeouts(this: RequestQueue) {
  if (!this.enforceRequestTimeout) return;
  this.destroy();
  this.requestTimeoutIntervalId = setInterval(() => {
    for (const request of [...this.inflight.values()]) if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest();
    if (!this.isConnected()) this.destroy();
  }, TIMEOUT_CHECK_MS);
}

/**
 * kafkajs's request queue arms a timer after every answer, and the timer arms itself again, for ever, with a negative
 * delay: a thousand wake-ups a second for each connection, and a warning on Node 24. A timer is needed only while
 * requests wait. Applied once; left out when the code is not the code this was written against.
 */
export const quietRequestQueue = (): boolean => {
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  if (QUIET in prototype) return true;
  const checkPending = prototype.scheduleCheckPendingRequests;
  const known =
    String(checkPending).includes('this.throttledUntil - Date.now()') &&
    String(checkPending).includes('this.throttleCheckTimeoutId = setTimeout(') &&
    String(prototype.scheduleRequestTimeoutCheck).includes('}, Math.min(this.requestTimeout, 100))');
  if (!known) return false;
  const quiet = function (this: RequestQueue) {
    if (this.pending.length > 0) checkPending.call(this);
  };
  Object.assign(prototype, { [QUIET]: true, scheduleCheckPendingRequests: quiet, scheduleRequestTimeoutCheck: checkTimeouts });
  return true;
};
