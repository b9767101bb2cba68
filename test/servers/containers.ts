import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureTopics } from '@lifeboat/adapters-kafka';
import { topics } from '@lifeboat/contracts';
import type { ServerName } from '@lifeboat/local';
import { GenericContainer, Wait } from 'testcontainers';
import type { Started } from './index.ts';
import { freePorts } from './ports.ts';

const READY_MS = 90_000;
const docker = (...args: string[]) => promisify(execFile)('docker', args, { timeout: 60_000 });

interface Image {
  readonly image: string;
  readonly inside: number | 'same';
  readonly env?: (port: number) => Record<string, string>;
  readonly command?: readonly string[];
  readonly address: (port: number) => string;
  readonly log: RegExp;
}

/** A port that stays the same over a restart: clients of a test reconnect to it. */
const images: Record<ServerName, Image> = {
  redis: {
    image: 'redis:7-bookworm',
    inside: 6379,
    command: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
    address: (port) => `redis://127.0.0.1:${port}`,
    log: /Ready to accept connections/,
  },
  zookeeper: {
    image: 'zookeeper:3.9',
    inside: 2181,
    env: () => ({ ZOO_TICK_TIME: '500', ZOO_CFG_EXTRA: 'minSessionTimeout=1000 maxSessionTimeout=60000', ZOO_MAX_CLIENT_CNXNS: '0' }),
    address: (port) => `127.0.0.1:${port}`,
    log: /PrepRequestProcessor \(sid:0\) started/,
  },
  kafka: {
    image: 'apache/kafka:3.9.1',
    inside: 'same',
    env: (port) => ({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://127.0.0.1:9093`,
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:9093',
      KAFKA_BROKER_HEARTBEAT_INTERVAL_MS: '500',
      KAFKA_BROKER_SESSION_TIMEOUT_MS: '3000',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    }),
    address: (port) => `127.0.0.1:${port}`,
    log: /Kafka Server started/,
  },
};

const topicsReady = async (address: string) => {
  const until = performance.now() + READY_MS;
  for (;;) {
    const made = await ensureTopics({ brokers: [address], clientId: 'lifeboat-test' }, Object.values(topics), {
      partitions: 4,
      replication: 1,
    });
    if (made.ok) return;
    if (performance.now() > until) throw new Error(made.detail);
    await sleep(200);
  }
};

export const containerServer = async (name: ServerName): Promise<Started> => {
  const what = images[name];
  const [port = 0] = await freePorts(1);
  let container = new GenericContainer(what.image)
    .withExposedPorts({ container: what.inside === 'same' ? port : what.inside, host: port })
    .withEnvironment(what.env?.(port) ?? {})
    .withWaitStrategy(Wait.forLogMessage(what.log))
    .withStartupTimeout(READY_MS);
  if (what.command) container = container.withCommand([...what.command]);
  const started = await container.start();
  const id = started.getId();
  const address = what.address(port);
  const ready = async () => {
    if (name === 'kafka') await topicsReady(address);
  };
  await ready();
  return {
    address,
    kill: async () => void (await docker('kill', id)),
    pause: async () => void (await docker('pause', id)),
    // one that runs is left alone, as SIGCONT leaves a process
    resume: async () => {
      const { stdout } = await docker('inspect', '--format', '{{.State.Paused}}', id);
      if (stdout.trim() === 'true') await docker('unpause', id);
    },
    restart: async () => {
      await docker('restart', '--time', '20', id);
      await ready();
    },
    stop: async () => void (await started.stop({ timeout: 0 })),
  };
};
