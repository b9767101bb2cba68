import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureTopics } from '@lifeboat/adapters-kafka';
import { topics } from '@lifeboat/contracts';
import { ensureJars, ensureTools, type Say } from './install.ts';

const run = promisify(execFile);
export const serverNames = ['redis', 'zookeeper', 'kafka'] as const;
export type ServerName = (typeof serverNames)[number];
export interface Ports {
  readonly redis: number;
  readonly zookeeper: number;
  readonly kafka: number;
  readonly kafkaController: number;
}
/** The usual ones, so that tools find them. */
export const usualPorts: Ports = { redis: 6379, zookeeper: 2181, kafka: 9092, kafkaController: 9093 };

/** How to start one server on a folder, and how to know that it serves. */
export interface Server {
  readonly name: ServerName;
  readonly address: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly ready: () => Promise<boolean>;
}

const HOST = '127.0.0.1';
const PARTITIONS = 4;
const smallJava = (heap: string) => [
  `-Xmx${heap}`,
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Djava.awt.headless=true',
];
const lines = (...l: string[]) => `${l.join('\n')}\n`;

/** What a server answers to a few bytes, or ''. */
const ask = (port: number, question: string): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = net.connect({ host: HOST, port }, () => socket.write(question));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (d) => {
      answer += d.toString();
      if (answer.startsWith('+PONG')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });

const redis = async (folder: string, ports: Ports, say: Say): Promise<Server> => {
  const tools = await ensureTools(['redis-server'], say);
  const config = join(folder, 'redis.conf');
  await writeFile(
    config,
    lines(
      `bind ${HOST}`,
      `port ${ports.redis}`,
      `dir ${JSON.stringify(folder)}`,
      'daemonize no',
      'appendonly yes',
      'appendfsync everysec',
      'save ""',
      'maxmemory-policy noeviction',
    ),
  );
  return {
    name: 'redis',
    address: `redis://${HOST}:${ports.redis}`,
    command: tools['redis-server'],
    args: [config],
    ready: async () => (await ask(ports.redis, 'PING\r\n')).startsWith('+PONG'),
  };
};

const logging = async (folder: string): Promise<string> => {
  const file = join(folder, 'log4j.properties');
  await writeFile(
    file,
    lines(
      'log4j.rootLogger=WARN, out',
      'log4j.appender.out=org.apache.log4j.ConsoleAppender',
      'log4j.appender.out.layout=org.apache.log4j.PatternLayout',
      'log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %c %m%n',
    ),
  );
  return `-Dlog4j.configuration=file:${file}`;
};

const zookeeper = async (folder: string, ports: Ports, say: Say): Promise<Server> => {
  const { java } = await ensureTools(['java'], say);
  const jars = await ensureJars(say);
  const config = join(folder, 'zoo.cfg');
  await writeFile(
    config,
    lines(
      `dataDir=${folder}`,
      `clientPortAddress=${HOST}`,
      `clientPort=${ports.zookeeper}`,
      // half a second is how fast a lapsed session is noticed
      'tickTime=500',
      'minSessionTimeout=1000',
      'maxSessionTimeout=60000',
      'maxClientCnxns=0',
      'admin.enableServer=false',
      'autopurge.purgeInterval=1',
      '4lw.commands.whitelist=srvr,ruok,mntr',
    ),
  );
  return {
    name: 'zookeeper',
    address: `${HOST}:${ports.zookeeper}`,
    command: java,
    args: [
      ...smallJava('128m'),
      await logging(folder),
      '-cp',
      join(jars, '*'),
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      config,
    ],
    ready: async () => (await ask(ports.zookeeper, 'srvr')).includes('Mode:'),
  };
};

/** A UUID as Kafka writes it, 16 bytes in base64url. Its tools take one that begins with '-' for an option: so none does. */
export const kafkaClusterId = (uuid: string): string => {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('base64url');
};

const kafka = async (folder: string, ports: Ports, say: Say): Promise<Server> => {
  const { java } = await ensureTools(['java'], say);
  const jars = await ensureJars(say);
  const data = join(folder, 'log');
  const config = join(folder, 'server.properties');
  await writeFile(
    config,
    lines(
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@${HOST}:${ports.kafkaController}`,
      'controller.listener.names=CONTROLLER',
      'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      `listeners=PLAINTEXT://${HOST}:${ports.kafka},CONTROLLER://${HOST}:${ports.kafkaController}`,
      `advertised.listeners=PLAINTEXT://${HOST}:${ports.kafka}`,
      `log.dirs=${data}`,
      // a broker that was killed may register again this much later, not after nine seconds
      'broker.heartbeat.interval.ms=500',
      'broker.session.timeout.ms=3000',
      'auto.create.topics.enable=false',
      `num.partitions=${PARTITIONS}`,
      'default.replication.factor=1',
      'offsets.topic.num.partitions=1',
      'offsets.topic.replication.factor=1',
      'transaction.state.log.num.partitions=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      'log.retention.hours=168',
      'log.cleaner.dedupe.buffer.size=2097152',
      'num.network.threads=2',
      'num.io.threads=2',
      'background.threads=2',
      'message.max.bytes=4194304',
    ),
  );
  const log4j = await logging(folder);
  if (!existsSync(join(data, 'meta.properties'))) {
    const clusterId = kafkaClusterId(randomUUID());
    await run(
      java,
      [...smallJava('128m'), log4j, '-cp', join(jars, '*'), 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config],
      { timeout: 60_000 },
    );
  }
  const address = `${HOST}:${ports.kafka}`;
  const shape = { partitions: PARTITIONS, replication: 1 };
  return {
    name: 'kafka',
    address,
    command: java,
    args: [...smallJava('384m'), log4j, '-cp', join(jars, '*'), 'kafka.Kafka', config],
    ready: async () => (await ensureTopics({ brokers: [address], clientId: 'lifeboat-local' }, Object.values(topics), shape)).ok,
  };
};

const makers = { redis, zookeeper, kafka };
/** Installs what is missing, writes the server's settings into `folder`, formats its storage at the first time. */
export const prepareServer = async (name: ServerName, folder: string, ports: Ports, say: Say): Promise<Server> => {
  await mkdir(folder, { recursive: true });
  return makers[name](folder, ports, say);
};
