import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileCache, mainOf, nodeFlags, type ServiceName } from '@lifeboat/local';
import { freePorts } from '../../servers/ports.ts';

export interface RunningService {
  readonly name: ServiceName;
  readonly pid: number;
  readonly log: string;
  readonly url: string;
  /** How it ended, if it has. */
  readonly ended: () => string | null;
  readonly end: () => Promise<void>;
}

/** Every service begins once without settings, says so and ends: what it is made of is compiled then, as after any first start. */
export async function compileOnce(names: readonly ServiceName[], folder: string): Promise<void> {
  for (const name of names) {
    const child = spawn(process.execPath, [...nodeFlags, mainOf(name)], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'] ?? '', ...compileCache(folder) },
    });
    await new Promise((resolve) => child.once('exit', resolve));
  }
}

export async function startService(name: ServiceName, folder: string, env: Readonly<Record<string, string>>): Promise<RunningService> {
  const [port = 0] = await freePorts(1);
  const log = join(folder, `${name}.log`);
  const file = openSync(log, 'w');
  const child = spawn(process.execPath, [...nodeFlags, mainOf(name)], {
    stdio: ['ignore', file, file],
    env: {
      PATH: process.env['PATH'] ?? '',
      ...compileCache(folder),
      ...env,
      LIFEBOAT_LISTEN: `127.0.0.1:${port}`,
      LIFEBOAT_INSTANCE: name,
    },
  });
  closeSync(file);
  let how: string | null = null;
  const ended = new Promise<void>((resolve) =>
    child.once('exit', (code, signal) => {
      how = `${name} ended (${signal ?? `code ${code}`}): ${lastWords(log)}`;
      resolve();
    }),
  );
  if (child.pid === undefined) throw new Error(`${name} could not be started`);
  const end = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(late);
  };
  return { name, pid: child.pid, log, url: `http://127.0.0.1:${port}`, ended: () => how, end };
}

/** What is no line of the log itself: of Node, or of a library that gave up; else its last line. */
const lastWords = (log: string): string => {
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const raw = lines.filter((line) => !line.startsWith('{'));
  return (raw.length > 0 ? raw : lines.slice(-1)).join('\n').slice(-3_000);
};

export async function untilReady(service: RunningService, limitMs: number): Promise<void> {
  const until = performance.now() + limitMs;
  for (;;) {
    const answer = await fetch(`${service.url}/readyz`, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
    if (answer?.ok) return;
    if (performance.now() > until)
      throw new Error(`${service.name} is not ready: ${(await answer?.text()) ?? readFileSync(service.log, 'utf8').slice(-2_000)}`);
    await sleep(200);
  }
}

export interface Usage {
  /** Of the process and of those that it has started and that have ended (fping). */
  readonly cpuMs: number;
  readonly pssMb: number;
  readonly rssMb: number;
}
const TICK_MS = 10;

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  // utime, stime, cutime, cstime: fields 14 to 17 of proc(5); the slice begins with field 3
  const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + (fields[i] ?? 0), 0);
  const memory = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mb = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0) / 1024;
  return { cpuMs: ticks * TICK_MS, pssMb: mb('Pss'), rssMb: mb('Rss') };
}
