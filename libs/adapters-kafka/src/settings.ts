import { Kafka, type KafkaConfig, type logCreator, logLevel, type SASLOptions } from 'kafkajs';
import { type Cluster, newCluster, quietRequestQueue } from './internals.ts';
import type { Sockets } from './sockets.ts';

export type KafkaLog = (level: 'debug' | 'info' | 'warn', message: string, about: Readonly<Record<string, unknown>>) => void;

export interface KafkaOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: Exclude<KafkaConfig['ssl'], undefined>;
  readonly sasl?: SASLOptions;
  readonly log?: KafkaLog;
}

const REQUEST_MS = 10_000;
const CONNECT_MS = 3_000;
/** After this long without an answer a client is thrown away and a new one made. */
export const SILENT_MS = 15_000;

/** Each attempt asks another broker first: one that is dead must not stand in the way for ever. */
const rotated = (brokers: readonly string[], attempt: number) => {
  const first = attempt % Math.max(1, brokers.length);
  return [...brokers.slice(first), ...brokers.slice(0, first)];
};

const base = (options: KafkaOptions, sockets: Sockets, attempt: number) => ({
  brokers: rotated(options.brokers, attempt),
  clientId: options.clientId,
  ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
  ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
  connectionTimeout: CONNECT_MS,
  authenticationTimeout: REQUEST_MS,
  requestTimeout: REQUEST_MS,
  enforceRequestTimeout: true,
  // kafkajs retries inside a client whose picture of the cluster may be stale; we retry with a new client instead
  retry: { retries: 0 },
  socketFactory: sockets.factory,
});

const logsTo =
  (options: KafkaOptions): logCreator =>
  () =>
  (entry) => {
    const { message, error } = entry.log;
    options.log?.('debug', `kafkajs: ${message}`, error === undefined ? {} : { error });
  };

export const clientOf = (options: KafkaOptions, sockets: Sockets, attempt: number): Kafka => {
  quietRequestQueue();
  return new Kafka({ ...base(options, sockets, attempt), logLevel: logLevel.ERROR, logCreator: logsTo(options) });
};

export const clusterOf = (options: KafkaOptions, sockets: Sockets, attempt: number): Cluster => {
  quietRequestQueue();
  return newCluster(base(options, sockets, attempt), { level: logLevel.ERROR, logCreator: logsTo(options) });
};

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The promise, or an error after `ms`; `onLate` ends what is still under way. */
export const within = async <T>(ms: number, what: string, promise: Promise<T>, onLate: () => void = () => {}): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: no answer within ${ms} ms`));
      onLate();
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};
