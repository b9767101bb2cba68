import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, launch, type Pid, signal } from '@lifeboat/local';
import { places } from '@lifeboat/local/places';
import { forget, readPid, tailOf, writePid } from '@lifeboat/local/processes';
import { repository, type ServiceName, serviceNames } from '@lifeboat/local/services';

const READY_MS = 60_000;
const END_MS = 20_000;

/** All services as processes under the project's own supervisor, which restarts what ends. */
export interface Services {
  readonly names: readonly ServiceName[];
  logOf(name: ServiceName): string;
  pidOf(name: ServiceName): Promise<Pid>;
  /** SIGKILL; resolves when the supervisor has started another and that one is ready, with the milliseconds that took. */
  kill(name: ServiceName): Promise<number>;
  untilReady(limitMs?: number): Promise<void>;
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** The first of `count` free ports in a row, below those that the kernel deals out. */
const portsInARow = async (count: number): Promise<number> => {
  for (let first = 17_100; first < 18_000; first += count) {
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports in a row from 17100 to 18000`);
};

export const startServices = async (
  data: string,
  config: string,
  env: Readonly<Record<string, string>>,
  limitMs = READY_MS,
): Promise<Services> => {
  const first = await portsInARow(serviceNames.length);
  const supervisor = join(repository, 'deploy/local/src/supervisor.ts');
  const at = places(data, 'supervisor');
  const started = await launch({
    command: process.execPath,
    args: [supervisor, data, config],
    cwd: repository,
    log: at.log,
    env: { ...env, LIFEBOAT_FIRST_PORT: String(first) },
    leashed: true,
  });
  await writePid(at.pid, started);

  const isReady = async (name: ServiceName): Promise<boolean> => {
    const url = `http://127.0.0.1:${first + serviceNames.indexOf(name)}/readyz`;
    return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (answer) => answer.ok,
      () => false,
    );
  };
  const untilReady = async (names: readonly ServiceName[], ms: number) => {
    const waiting = new Set(names);
    const until = performance.now() + ms;
    while (waiting.size > 0) {
      for (const name of [...waiting]) if (await isReady(name)) waiting.delete(name);
      if (waiting.size === 0) return;
      if (performance.now() > until) {
        const says = await Promise.all([...waiting].map(async (n) => `${n}:\n${await tailOf(places(data, n).log, 8)}`));
        throw new Error(`not ready after ${ms / 1000} s: ${says.join('\n')}`);
      }
      await sleep(200);
    }
  };
  const pidOf = async (name: ServiceName): Promise<Pid> => {
    const pid = await readPid(places(data, name).pid);
    if (pid === undefined) throw new Error(`${name} does not run`);
    return pid;
  };
  const services: Services = {
    names: serviceNames,
    logOf: (name) => places(data, name).log,
    pidOf,
    kill: async (name) => {
      const began = performance.now();
      const before = await pidOf(name);
      signal(before, 'SIGKILL');
      for (;;) {
        const now = await readPid(places(data, name).pid);
        if (now !== undefined && now.pid !== before.pid) break;
        if (performance.now() - began > READY_MS) throw new Error(`${name} was not started again`);
        await sleep(50);
      }
      await untilReady([name], READY_MS);
      return performance.now() - began;
    },
    untilReady: (ms = READY_MS) => untilReady(serviceNames, ms),
  };
  await services.untilReady(limitMs);
  return services;
};

/** The supervisor first: it ends its services and starts none again. Also after a run that was killed. */
export const endServices = async (data: string): Promise<void> => {
  for (const name of ['supervisor', ...serviceNames]) {
    const { pid } = places(data, name);
    const running = await readPid(pid);
    if (running !== undefined) await end(running, END_MS);
    await forget(pid);
  }
};

/** Lines of a service's log that are an error or worse. */
export const errorsIn = (log: string): string[] =>
  readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => /"level":"(error|fatal)"/.test(line));
