import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process we started: the number alone may have been given to another since. */
export interface Pid {
  readonly pid: number;
  readonly started: string;
}

const startTime = (pid: number): string | undefined => {
  try {
    if (existsSync('/proc/self/stat')) {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
};

/** Of a process that was started just now. */
export const startOf = (pid: number): Pid => ({ pid, started: startTime(pid) ?? 'ended-at-once' });
export const alive = (p: Pid): boolean => startTime(p.pid) === p.started;

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The process ends when this one does, however this one ends. */
  readonly leashed?: boolean;
}

/** On Linux the kernel ends a leashed process with its parent, even when the parent is killed. */
const leash = '/usr/bin/setpriv';

export const launch = async (what: Launch): Promise<Pid> => {
  await mkdir(dirname(what.log), { recursive: true });
  const log = await open(what.log, 'a');
  try {
    const held = what.leashed === true && existsSync(leash);
    const child = spawn(held ? leash : what.command, held ? ['--pdeathsig', 'KILL', what.command, ...what.args] : [...what.args], {
      cwd: what.cwd,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, ...what.env },
    });
    await new Promise((resolve, reject) => {
      child.once('spawn', () => resolve(undefined));
      child.once('error', reject);
    });
    child.unref();
    return startOf(child.pid as number);
  } finally {
    await log.close();
  }
};

export const readPid = async (file: string): Promise<Pid | undefined> => {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const [pid, ...started] = text?.trim().split(' ') ?? [];
  const known = pid === undefined || started.length === 0 ? undefined : { pid: Number(pid), started: started.join(' ') };
  return known && alive(known) ? known : undefined;
};

export const writePid = async (file: string, p: Pid) => {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${p.pid} ${p.started}\n`);
};

export const signal = (p: Pid, name: NodeJS.Signals): void => {
  if (!alive(p)) return;
  try {
    process.kill(p.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

export const gone = async (p: Pid, ms: number): Promise<boolean> => {
  for (let waited = 0; alive(p); waited += 50) {
    if (waited >= ms) return false;
    await sleep(50);
  }
  return true;
};

/** Asks it to end, then makes it end. */
export const end = async (p: Pid, graceMs: number): Promise<void> => {
  signal(p, 'SIGTERM');
  signal(p, 'SIGCONT');
  if (await gone(p, graceMs)) return;
  signal(p, 'SIGKILL');
  await gone(p, 5_000);
};

export const forget = (file: string) => rm(file, { force: true });

/** The last lines of a log, for an error message. */
export const tailOf = async (file: string, lines = 15): Promise<string> =>
  (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-lines).join('\n');
