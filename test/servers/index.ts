import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ServerName } from '@lifeboat/local';
import { containerServer } from './containers.ts';
import { processServer } from './processes.ts';

/** A real server for tests, on a free port, its data in a fresh temporary folder that goes with it. */
export interface TestServer {
  /** SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** SIGSTOP: connected, but answers nothing. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Up again on the same port with the same data; ends it first where it still runs. Resolves when it serves. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}
export interface Started extends TestServer {
  readonly address: string;
}

const dockerAnswers = async (): Promise<boolean> => {
  try {
    await promisify(execFile)('docker', ['info'], { timeout: 3_000 });
    return true;
  } catch {
    return false;
  }
};

const chooseStart = async (): Promise<(name: ServerName) => Promise<Started>> => {
  const forced = process.env.LIFEBOAT_TEST_SERVERS;
  if (forced !== undefined && forced !== 'process' && forced !== 'docker')
    throw new Error(`LIFEBOAT_TEST_SERVERS: ${forced}: wanted process or docker`);
  return (forced ?? ((await dockerAnswers()) ? 'docker' : 'process')) === 'docker' ? containerServer : processServer;
};
let chosen: ReturnType<typeof chooseStart> | undefined;
const start = async (name: ServerName): Promise<Started> => {
  chosen ??= chooseStart();
  return (await chosen)(name);
};

export const startRedis = async (): Promise<TestServer & { readonly url: string }> => {
  const server = await start('redis');
  return { ...server, url: server.address };
};
export const startZooKeeper = async (): Promise<TestServer & { readonly connect: string }> => {
  const server = await start('zookeeper');
  return { ...server, connect: server.address };
};
/** All of Lifeboat's topics are there. */
export const startKafka = async (): Promise<TestServer & { readonly brokers: readonly string[] }> => {
  const server = await start('kafka');
  return { ...server, brokers: [server.address] };
};
