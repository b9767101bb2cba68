import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { lives, type Recorded, startOf } from '../lab-hosts/places.ts';

const execute = promisify(execFile);

/** What a program printed. Throws with its last words where it failed. */
export const run = async (words: readonly string[], limitMs = 60_000): Promise<string> => {
  const [program = '', ...args] = words;
  try {
    const { stdout } = await execute(program, args, { timeout: limitMs, maxBuffer: 1 << 24, encoding: 'utf8' });
    return stdout;
  } catch (e) {
    const { stderr = '', message } = e as { stderr?: string; message: string };
    throw new Error(`${words.join(' ').slice(0, 200)}: ${stderr.trim().slice(-600) || message}`);
  }
};

/** The same where failing is an ordinary answer: null. */
export const tryRun = (words: readonly string[], limitMs?: number): Promise<string | null> => run(words, limitMs).catch(() => null);

/** Lines of shell, one after the other, the first failure ends them. */
export const shell = (lines: readonly string[]) => run(['/bin/sh', '-ec', lines.join('\n')]);

/** In the background, apart from us; its record tells it from another process with its pid. */
export const launch = (words: readonly string[], log: string): Recorded => {
  const file = openSync(log, 'a');
  const [program = '', ...args] = words;
  const child = spawn(program, args, { detached: true, stdio: ['ignore', file, file] });
  closeSync(file);
  child.on('error', () => undefined);
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  return { pid: child.pid, start: startOf(child.pid) ?? '' };
};

export const endNow = (p: Recorded | null): void => {
  if (lives(p)) process.kill(p.pid, 'SIGKILL');
};

export const untilSo = async (what: string, limitMs: number, isSo: () => Promise<boolean>, everyMs = 200): Promise<void> => {
  const end = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`true lab: not within ${limitMs / 1000} s: ${what}`);
    await sleep(everyMs);
  }
};
