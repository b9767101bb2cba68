import { hostname } from 'node:os';
import { Environment, type Variables, withFiles } from './environment.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What every process needs to be told. */
export interface ProcessSettings {
  readonly topologyPath: string;
  readonly listen: Readonly<{ host: string; port: number }>;
  readonly instance: string;
  readonly logLevel: LogLevel;
  /** The environment with every NAME_FILE read: for adapters that read their own names (OS_*). */
  readonly env: Variables;
}
export interface RegistrySettings {
  readonly connectString: string;
  /** Of the agents' sessions. */
  readonly sessionMs: number;
  /** Of a leader's lease. */
  readonly leaseMs: number;
}
export interface ServerSettings extends ProcessSettings {
  readonly brokers: readonly string[];
  readonly redisUrl: string;
  readonly zookeeper: RegistrySettings;
}

const HOST_PORT = /^(\[[0-9A-Fa-f:.]+\]|[^:\s,]+):\d{1,5}$/;

export const commonSettings = (e: Environment, env: Variables): ProcessSettings => ({
  topologyPath: e.text('LIFEBOAT_TOPOLOGY', 'set it to the path of the topology file, e.g. /etc/lifeboat/topology.yaml'),
  listen: e.address('LIFEBOAT_LISTEN', '127.0.0.1:0'),
  instance: e.optional('LIFEBOAT_INSTANCE') ?? `${hostname()}-${process.pid}`,
  logLevel: e.oneOf('LIFEBOAT_LOG_LEVEL', logLevels, 'info'),
  env,
});

export const registrySettings = (e: Environment): RegistrySettings => {
  const mend = 'set it to the ZooKeeper connect string, e.g. 10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181';
  const text = e.text('LIFEBOAT_ZOOKEEPER', mend);
  const [servers = '', ...path] = text.split('/');
  if (text !== '')
    for (const s of servers.split(',')) if (!HOST_PORT.test(s.trim())) e.complain('LIFEBOAT_ZOOKEEPER', `'${s}' is not host:port; ${mend}`);
  if (path.length > 0 && path.some((p) => p === ''))
    e.complain('LIFEBOAT_ZOOKEEPER', `the path after the servers has an empty part; ${mend}`);
  return {
    connectString: text,
    sessionMs: e.milliseconds('LIFEBOAT_SESSION_MS', 4_000, 500, 120_000),
    leaseMs: e.milliseconds('LIFEBOAT_LEASE_MS', 4_000, 500, 120_000),
  };
};

/** The settings of a service that is elected; `more` reads what else it needs, so that all complaints come together. */
export function readServerSettings<More>(
  raw: Variables,
  more: (e: Environment, env: Variables) => More,
): { settings: ServerSettings; more: More } {
  const { env, complaints } = withFiles(raw);
  const e = new Environment(env, complaints);
  const settings: ServerSettings = {
    ...commonSettings(e, env),
    brokers: e.list('LIFEBOAT_KAFKA', HOST_PORT, 'set it to the brokers, e.g. 10.0.0.1:9092,10.0.0.2:9092'),
    redisUrl: e.url('LIFEBOAT_REDIS', ['redis:', 'rediss:'], 'set it to the URL of Redis, e.g. redis://10.0.0.1:6379'),
    zookeeper: registrySettings(e),
  };
  const others = more(e, env);
  e.finish();
  return { settings, more: others };
}
