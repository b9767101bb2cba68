import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import type { Say } from './install.ts';
import { places } from './places.ts';
import { end, forget, launch, readPid, tailOf, writePid } from './processes.ts';
import type { Ports } from './servers.ts';

/** What runs beside the servers (agents run on the hosts), and where each says how it is. The newest last: ports stay what they were. */
export const serviceNames = ['agent-watcher', 'node-monitor', 'fault-correlator', 'scheduler', 'migrator', 'notifier', 'console'] as const;
export type ServiceName = (typeof serviceNames)[number];
/** The first of as many ports in a row as there are services. */
export const firstPort = (text: string | undefined): number => {
  const port = text === undefined || text === '' ? 7101 : Number(text);
  if (Number.isInteger(port) && port > 0 && port + serviceNames.length <= 65_536) return port;
  throw new Error(
    `LIFEBOAT_FIRST_PORT: '${text}' is not a port; leave it out for 7101, or give the first of ${serviceNames.length} free ones`,
  );
};
export const portOf = (name: ServiceName) => firstPort(process.env.LIFEBOAT_FIRST_PORT) + serviceNames.indexOf(name);
export const repository = fileURLToPath(new URL('../../..', import.meta.url));
/**
 * How Node runs a service: compiled once and kept (a third less memory, a quicker start), and a young generation that suits
 * a few megabytes of state. deploy/images and deploy/systemd say the same.
 */
export const nodeFlags = ['--max-semi-space-size=2'] as const;
export const compileCache = (data: string): Record<string, string> => ({ NODE_COMPILE_CACHE: join(resolve(data), 'compiled') });
export const mainOf = (name: ServiceName) => join(repository, 'services', name, 'src', 'main.ts');

const HEALTHY_MS = 60_000;
const END_MS = 30_000;
const supervisorFile = fileURLToPath(new URL('./supervisor.ts', import.meta.url));

/**
 * The environment of the services: lifeboat.env of the config folder, over it <service>.env where there is one, over
 * both where the servers of this machine are and what the caller's environment says of LIFEBOAT_ and OS_.
 */
export const environmentOf = (name: ServiceName, config: string, servers: Readonly<Record<string, string>>): Record<string, string> => {
  const read = (file: string): Record<string, string> => {
    const path = join(config, file);
    return existsSync(path) ? (parseEnv(readFileSync(path, 'utf8')) as Record<string, string>) : {};
  };
  const given = Object.entries(process.env).filter(([k, v]) => v !== undefined && /^(LIFEBOAT|OS)_/.test(k)) as [string, string][];
  return {
    ...read('lifeboat.env'),
    ...servers,
    ...read(`${name}.env`),
    ...Object.fromEntries(given),
    LIFEBOAT_LISTEN: `127.0.0.1:${portOf(name)}`,
    LIFEBOAT_INSTANCE: `${name}-local`,
  };
};

/** What all services are told of this machine: where its servers are, and what else stands in the config folder. */
export const serversOf = (ports: Ports, config: string): Record<string, string> => ({
  LIFEBOAT_KAFKA: `127.0.0.1:${ports.kafka}`,
  LIFEBOAT_ZOOKEEPER: `127.0.0.1:${ports.zookeeper}`,
  LIFEBOAT_REDIS: `redis://127.0.0.1:${ports.redis}`,
  LIFEBOAT_TOPOLOGY: join(resolve(config), 'topology.yaml'),
  OS_CLIENT_CONFIG_FILE: join(resolve(config), 'clouds.yaml'),
});

const health = async (name: ServiceName): Promise<string> => {
  try {
    const answer = await fetch(`http://127.0.0.1:${portOf(name)}/healthz`, { signal: AbortSignal.timeout(1_000) });
    return answer.ok ? 'healthy' : `unhealthy (${answer.status}): ${(await answer.text()).slice(0, 300)}`;
  } catch {
    return 'no answer';
  }
};

const stopOne = async (data: string, name: string): Promise<boolean> => {
  const { pid } = places(data, name);
  const running = await readPid(pid);
  if (running) await end(running, END_MS);
  await forget(pid);
  return running !== undefined;
};

export const upServices = async (data: string, config: string, ports: Ports, say: Say): Promise<void> => {
  const at = places(data, 'supervisor');
  const topology = join(resolve(config), 'topology.yaml');
  if (!existsSync(topology))
    throw new Error(`--config: ${topology}: not there; put the topology file there, or name the folder that has it`);
  const running = await readPid(at.pid);
  const toldBefore = (await readFile(at.log, 'utf8').catch(() => '')).length;
  if (running) say(`services: already up (supervisor pid ${running.pid})`);
  else {
    // of a supervisor that was killed
    await Promise.all(serviceNames.map((name) => stopOne(data, name)));
    const args = [supervisorFile, resolve(data), resolve(config)];
    const pid = await launch({ command: process.execPath, args, cwd: repository, log: at.log, env: serversOf(ports, config) });
    await writePid(at.pid, pid);
  }
  const waiting = new Set<ServiceName>(serviceNames);
  const until = performance.now() + HEALTHY_MS;
  let refused: readonly ServiceName[] = [];
  while (waiting.size > refused.length && performance.now() < until) {
    for (const name of [...waiting])
      if ((await health(name)) === 'healthy') {
        waiting.delete(name);
        say(`${name}: healthy on http://127.0.0.1:${portOf(name)}/healthz`);
      }
    const said = (await readFile(at.log, 'utf8').catch(() => '')).slice(toldBefore);
    refused = [...waiting].filter((name) => said.includes(endedBySettings(name)));
    if (waiting.size > refused.length) await sleep(200);
  }
  const troubles = await Promise.all(
    [...waiting].map(async (n) => {
      const { log } = places(data, n);
      if (refused.includes(n)) return `${n}: its settings are refused: ${complaintsIn(await tailOf(log, 10))}`;
      return `${n}: not healthy after ${HEALTHY_MS / 1000} s: ${await health(n)}; its log ${log} says:\n${await tailOf(log, 5)}`;
    }),
  );
  if (troubles.length > 0)
    throw new Error(
      `${troubles.join('\n')}\nMend it in ${resolve(config)} (or the environment): what is not up is tried again every ${RETRY_MS / 1000} s. npm run local -- status tells.`,
    );
};

/** The exit code of a process whose settings are wrong; only a person can mend that. */
const EX_CONFIG = 78;
/** As the supervisor writes it. */
export const endedWords = (name: ServiceName, how: string) => `${name}: ended (${how})`;
const endedBySettings = (name: ServiceName) => endedWords(name, `exit ${EX_CONFIG}`);
/** The supervisor's longest pause between two starts. */
export const RETRY_MS = 30_000;

/** What is wrong, out of the last lines of a service's log: JSON lines, or plain ones from before the log was open. */
export const complaintsIn = (tail: string): string => {
  const said = tail.split('\n').map((line): { level?: string; msg?: string } => {
    try {
      return JSON.parse(line) as { level?: string; msg?: string };
    } catch {
      return { level: 'fatal', msg: line.trim() };
    }
  });
  const fatal = said.filter((l) => l.level === 'fatal' && l.msg !== undefined).map((l) => l.msg);
  return [...new Set(fatal)].join('; ');
};

export const downServices = async (data: string, say: Say): Promise<void> => {
  // the supervisor first: it ends its services, and starts none again
  const supervisor = await stopOne(data, 'supervisor');
  const left = await Promise.all(serviceNames.map((name) => stopOne(data, name)));
  say(supervisor || left.some(Boolean) ? 'services: ended' : 'services: were not up');
};

export const statusOfServices = (data: string) =>
  Promise.all(
    serviceNames.map(async (name) => {
      const pid = (await readPid(places(data, name).pid))?.pid;
      return { name, pid, log: places(data, name).log, health: pid === undefined ? 'down' : await health(name) };
    }),
  );
