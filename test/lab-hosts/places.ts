import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where a lab host's machines, records and logs are. Host N of the lab is OpenStack's compute-N. */
export const stateDir = process.env.LIFEBOAT_LAB_HOSTS ?? '/run/lifeboat-lab-hosts';
export const hostDir = (n: number) => join(stateDir, `host-${n}`);

export const hostName = (n: number) => `compute-${n}`;
export const mgmtAddress = (n: number) => `127.0.11.${n}`;
export const prodAddress = (n: number) => `127.0.12.${n}`;
export const bmcAddress = (n: number) => `127.0.13.${n}`;
/** On its management and its production address: that it accepts is what 'the host answers' means in this lab. */
export const HOST_PORT = 2222;
export const BMC_PORT = 623;

/** What a host does when it gets power. */
export interface HostConfig {
  readonly compute: boolean;
  readonly agent?: Readonly<{ command: readonly string[]; env: Readonly<Record<string, string>> }>;
}

export const writeUnder = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
export const readOr = (path: string, otherwise: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
};
export const readConfig = (n: number): HostConfig => JSON.parse(readOr(join(hostDir(n), 'config.json'), '{"compute":false}')) as HostConfig;

/** A process as recorded: pid and start time, since pids are used again. */
export type Recorded = Readonly<{ pid: number; start: string }>;

export const startOf = (pid: number): string | null => {
  const fields = readOr(`/proc/${pid}/stat`, '').split(') ').at(-1)?.split(' ') ?? [];
  // A zombie is dead; where PID 1 does not reap it stays for ever.
  return fields.length < 20 || fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
};
export const readRecord = (path: string): Recorded | null => {
  const [pid, start] = readOr(path, '').trim().split(' ');
  return pid === undefined || start === undefined ? null : { pid: Number(pid), start };
};
export const lives = (r: Recorded | null): r is Recorded => r !== null && startOf(r.pid) === r.start;

/** Polls until true; false when the time is over. */
export const eventually = async (limitMs: number, isSo: () => boolean | Promise<boolean>): Promise<boolean> => {
  const end = performance.now() + limitMs;
  for (;;) {
    if (await isSo()) return true;
    if (performance.now() > end) return false;
    await new Promise((r) => setTimeout(r, 10));
  }
};
