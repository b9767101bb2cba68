import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end, gone, launch, type Pid, prepareServer, type ServerName, signal, untilReady, usualPorts } from '@lifeboat/local';
import type { Started } from './index.ts';
import { freePorts } from './ports.ts';

const say = (line: string) => process.stderr.write(`${line}\n`);
/** What must go when this process goes. The kernel's leash holds on Linux; this is for the rest, and for the folders. */
const running = new Map<string, Pid | undefined>();
const endAll = () => {
  for (const [folder, pid] of running) {
    if (pid) signal(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
  running.clear();
};
let watching = false;
const endWithThisProcess = () => {
  if (watching) return;
  watching = true;
  process.once('exit', endAll);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => {
      endAll();
      process.kill(process.pid, name);
    });
};

export const processServer = async (name: ServerName): Promise<Started> => {
  endWithThisProcess();
  const folder = await mkdtemp(join(tmpdir(), `lifeboat-${name}-`));
  running.set(folder, undefined);
  const log = join(folder, 'server.log');
  const [port = 0, controller = 0] = await freePorts(2);
  const server = await prepareServer(name, folder, { ...usualPorts, [name]: port, kafkaController: controller }, say);
  const start = async () => {
    const pid = await launch({ command: server.command, args: server.args, cwd: folder, log, leashed: true });
    running.set(folder, pid);
    await untilReady(server, pid, log);
    return pid;
  };
  let pid = await start();
  return {
    address: server.address,
    kill: async () => {
      signal(pid, 'SIGKILL');
      if (!(await gone(pid, 5_000))) throw new Error(`${name}: pid ${pid.pid} survives SIGKILL`);
    },
    pause: async () => signal(pid, 'SIGSTOP'),
    resume: async () => signal(pid, 'SIGCONT'),
    restart: async () => {
      await end(pid, 20_000);
      pid = await start();
    },
    stop: async () => {
      // its data goes with it: no need to end gently
      signal(pid, 'SIGKILL');
      await gone(pid, 5_000);
      running.delete(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
};
