import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { alive } from '@lifeboat/local';
import { startOf } from '@lifeboat/local/processes';

const LIMIT_MS = 20 * 60_000;

/** One at a time on this machine: the lab has its hosts only once. A lock whose owner is gone is no lock. */
export const takeLock = async (name: string): Promise<() => void> => {
  const path = join(tmpdir(), `${name}.lock`);
  const until = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      const me = startOf(process.pid);
      writeSync(file, `${me.pid} ${me.started}`);
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
    }
    const [pid, started] = readFileSync(path, 'utf8').split(' ');
    if (started !== undefined && !alive({ pid: Number(pid), started })) rmSync(path, { force: true });
    else if (performance.now() > until) throw new Error(`${path}: process ${pid} has held it for ${LIMIT_MS / 60_000} min`);
    else await sleep(500);
  }
};
