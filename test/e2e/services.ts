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
  /** What its health page says is wrong. */
  complaintsOf(name: ServiceName): Promise<readonly string[]>;
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

/** Where the services run, if not simply on this machine: in a network namespace of a lab, say. */
export interface Within {
  readonly command: readonly string[];
  /** Brings these ports of that place's loopback to ours, where readiness is asked for. */
  readonly expose: (ports: readonly number[]) => Promise<void>;
}

export const startServices = async (
  data: string,
  config: string,
  env: Readonly<Record<string, string>>,
  limitMs = READY_MS,
  within?: Within,
): Promise<Services> => {
  const first = await portsInARow(serviceNames.length);
  await within?.expose(serviceNames.map((_, i) => first + i));
  const supervisor = join(repository, 'deploy/local/src/supervisor.ts');
  const at = places(data, 'supervisor');
  const [command = '', ...args] = [...(within?.command ?? []), process.execPath, supervisor, data, config];
  const started = await launch({
    command,
    args,
    cwd: repository,
    log: at.log,
    env: { ...env, LIFEBOAT_FIRST_PORT: String(first) },
    leashed: true,
  });
  await writePid(at.pid, started);

  const ask = (name: ServiceName, page: 'readyz' | 'healthz') =>
    fetch(`http://127.0.0.1:${first + serviceNames.indexOf(name)}/${page}`, { signal: AbortSignal.timeout(2_000) });
  const untilReady = (names: readonly ServiceName[], ms: number) => untilAllReady(data, (name) => ask(name, 'readyz'), names, ms);
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
    complaintsOf: async (name) => {
      const report = (await (await ask(name, 'healthz')).json()) as { readonly complaints: readonly { readonly what: string }[] };
      return report.complaints.map((c) => c.what);
    },
  };
  await services.untilReady(limitMs);
  return services;
};

async function untilAllReady(data: string, ask: (name: ServiceName) => Promise<Response>, names: readonly ServiceName[], ms: number) {
  const isReady = (name: ServiceName): Promise<boolean> =>
    ask(name).then(
      (answer) => answer.ok,
      () => false,
    );
  const waiting = new Set(names);
  const until = performance.now() + ms;
  for (;;) {
    for (const name of [...waiting]) if (await isReady(name)) waiting.delete(name);
    if (waiting.size === 0) return;
    if (performance.now() > until) {
      const says = await Promise.all([...waiting].map(async (n) => `${n}:\n${await tailOf(places(data, n).log, 8)}`));
      throw new Error(`not ready after ${ms / 1000} s: ${says.join('\n')}`);
    }
    await sleep(200);
  }
}

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
