import { setTimeout as sleep } from 'node:timers/promises';
import type { Say } from './install.ts';
import { places } from './places.ts';
import { alive, end, forget, launch, type Pid, readPid, tailOf, writePid } from './processes.ts';
import { type Ports, prepareServer, type Server, type ServerName, serverNames } from './servers.ts';

export { ensureJars, ensureTools, findProgram, type Say } from './install.ts';
export { alive, end, gone, launch, type Pid, signal } from './processes.ts';
export { type Ports, prepareServer, type Server, type ServerName, serverNames, usualPorts } from './servers.ts';
export { compileCache, mainOf, nodeFlags, type ServiceName, serviceNames } from './services.ts';

const READY_MS = 90_000;
const END_MS = 20_000;

export interface Place {
  readonly data: string;
  readonly ports: Ports;
}
/** Resolves when the server really serves; says what its log says when it does not. */
export const untilReady = async (server: Server, pid: Pid, log: string): Promise<void> => {
  const until = performance.now() + READY_MS;
  while (!(await server.ready())) {
    if (!alive(pid)) throw new Error(`${server.name} ended while starting; its log ${log} says:\n${await tailOf(log)}`);
    if (performance.now() > until)
      throw new Error(
        `${server.name} does not serve on ${server.address} after ${READY_MS / 1000} s; its log ${log} says:\n${await tailOf(log)}`,
      );
    await sleep(100);
  }
};

/** One server up, installing what is missing; does nothing when it is up already. */
const upOne = async (name: ServerName, place: Place, say: Say): Promise<Server> => {
  const at = places(place.data, name);
  const server = await prepareServer(name, at.folder, place.ports, (line) => say(`${name}: ${line}`));
  const running = await readPid(at.pid);
  if (running) {
    await untilReady(server, running, at.log);
    say(`${name}: already up on ${server.address} (pid ${running.pid})`);
    return server;
  }
  if (await server.ready())
    throw new Error(`${name}: something else already serves on ${server.address}; end it, or choose another port (--port ${name}=N)`);
  const began = performance.now();
  say(`${name}: starting`);
  const pid = await launch({ command: server.command, args: server.args, cwd: at.folder, log: at.log });
  await writePid(at.pid, pid);
  await untilReady(server, pid, at.log);
  say(`${name}: up on ${server.address} (pid ${pid.pid}, ${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return server;
};

export const up = async (names: readonly ServerName[], place: Place, say: Say): Promise<readonly Server[]> => {
  const servers: Server[] = [];
  for (const name of serverNames.filter((n) => names.includes(n))) servers.push(await upOne(name, place, say));
  return servers;
};

/** Ends what `up` started, and nothing else. */
export const down = async (names: readonly ServerName[], data: string, say: Say): Promise<void> => {
  await Promise.all(
    names.map(async (name) => {
      const at = places(data, name);
      const running = await readPid(at.pid);
      if (running) await end(running, END_MS);
      await forget(at.pid);
      say(running ? `${name}: ended (pid ${running.pid})` : `${name}: was not up`);
    }),
  );
};

export const status = (
  names: readonly ServerName[],
  data: string,
): Promise<readonly { name: ServerName; pid: number | undefined; log: string }[]> =>
  Promise.all(names.map(async (name) => ({ name, pid: (await readPid(places(data, name).pid))?.pid, log: places(data, name).log })));
