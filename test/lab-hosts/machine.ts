import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, lives, type Recorded, readRecord, startOf, writeUnder } from './places.ts';

/** A machine that can lose its power: a PID namespace and what belongs to it. */
export interface Machine {
  readonly name: string;
  /** Where its record, lock and log are: `init`, `ready`, `lock`, `host.log`. */
  readonly dir: string;
  /** Runs the machine's first process; begins with or ends in `namespaces`. It records itself with `recordItself`. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A host is a PID namespace: the kernel kills every process in it when its first one dies, also those that left the
 * process group or whose parent is gone, and lets that first one end only when all others have. So 'init is dead' is
 * 'nothing of this host lives'.
 */
export const namespaces = ['unshare', '--pid', '--mount', '--uts', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'] as const;

/**
 * Shell: the first process, as the machine's own /proc has it, into $DIR/init. It has to be a shell: the main thread of a
 * program with threads, as Node, can be dead before the others.
 */
export const recordItself = `read -r stat < /proc/self/stat
set -- \${stat##*) }
echo "\${stat%% *} \${20}" > "$DIR/init.new" && mv "$DIR/init.new" "$DIR/init"`;

const record = (dir: string) => join(dir, 'init');
const ready = (dir: string) => join(dir, 'ready');

export const statusOf = (dir: string): 'on' | 'off' => (lives(readRecord(record(dir))) ? 'on' : 'off');
/** The first process of a machine that is on. */
export const firstOf = (dir: string): number => {
  const first = readRecord(record(dir));
  if (!lives(first)) throw new Error(`${dir}: is off`);
  return first.pid;
};

/** Gives power and waits until the host is ready. Already on: nothing happens. */
export const switchOn = async (m: Machine, before: () => void = () => undefined): Promise<void> => {
  const unlock = await lock(m);
  try {
    if (statusOf(m.dir) === 'on') return;
    before();
    rmSync(ready(m.dir), { force: true });
    // its boot id is its own, as on a real machine
    writeUnder(join(m.dir, 'boot_id'), `${crypto.randomUUID()}\n`);
    const log = openSync(join(m.dir, 'host.log'), 'a');
    const [program = '', ...args] = m.command;
    const env = { ...process.env, DIR: m.dir, ...m.env };
    const child = spawn(program, args, { detached: true, env, cwd: '/', stdio: ['ignore', log, log] });
    closeSync(log);
    child.unref();
    const up = await eventually(20_000, () => readRecord(ready(m.dir)) !== null || child.exitCode !== null);
    if (!up || statusOf(m.dir) !== 'on') throw new Error(`${m.name} did not come up; see ${m.dir}/host.log`);
  } finally {
    unlock();
  }
};

/** Takes the power away: SIGKILL to everything of the host. Returns when nothing of it lives any more. */
export const switchOff = async (m: Pick<Machine, 'name' | 'dir'>): Promise<void> => {
  const first = readRecord(record(m.dir));
  if (!lives(first)) return;
  process.kill(first.pid, 'SIGKILL');
  if (!(await eventually(10_000, () => !lives(first)))) throw new Error(`${m.name}: process ${first.pid} does not die`);
};

/** One 'on' at a time; a lock whose owner is gone is no lock. */
const lock = async (m: Machine): Promise<() => void> => {
  const path = join(m.dir, 'lock');
  const me: Recorded = { pid: process.pid, start: startOf(process.pid) ?? '' };
  const taken = await eventually(25_000, () => {
    if (!lives(readRecord(path))) rmSync(path, { force: true });
    try {
      closeSync(openSync(path, 'wx'));
    } catch {
      return false;
    }
    writeUnder(path, `${me.pid} ${me.start}`);
    return true;
  });
  if (!taken) throw new Error(`${m.name}: somebody else has been switching it on for 25 s (${path})`);
  return () => rmSync(path, { force: true });
};
