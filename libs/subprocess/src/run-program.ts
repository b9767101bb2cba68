import { type ChildProcess, spawn } from 'node:child_process';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Given on standard input, which is then closed. Secrets go here, never into `args`: those everyone can read. */
  readonly input?: string;
  /** The whole environment; nothing is inherited, so that a service's secrets stay with the service. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeLimitMs: number;
  /** Between the polite signal and the one that cannot be refused. */
  readonly graceMs?: number;
  /** What is kept of each stream. */
  readonly maxOutput?: number;
}

export type Ran =
  | Readonly<{ kind: 'ended'; code: number | null; signal: string | null; stdout: string; stderr: string }>
  | Readonly<{ kind: 'timeout'; stdout: string; stderr: string }>
  | Readonly<{ kind: 'not-started'; why: string }>;

const signalGroup = (child: ChildProcess, signal: NodeJS.Signals) => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already: that is what was wanted.
  }
};

/**
 * Runs a program as its own process group. When the limit is over the whole group gets SIGTERM, then SIGKILL: a fence
 * agent's ipmitool must not outlive the agent and switch something off later. Always answers within limit + grace.
 */
export const runProgram = (p: Program): Promise<Ran> =>
  new Promise((resolve) => {
    const max = p.maxOutput ?? 4_000_000;
    const graceMs = p.graceMs ?? 500;
    const child = spawn(p.command, p.args, { detached: true, env: { ...p.env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (s: string) => {
        if (text[name].length < max) text[name] = (text[name] + s).slice(0, max);
      });
    }
    // EPIPE when the program does not read its input; its exit code tells the story.
    child.stdin.on('error', () => undefined);
    child.stdin.end(p.input ?? '');

    const timers: NodeJS.Timeout[] = [];
    let settled = false;
    const settle = (ran: Ran) => {
      if (settled) return;
      settled = true;
      for (const t of timers) clearTimeout(t);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(ran);
    };
    let late = false;
    const overdue = () => {
      late = true;
      signalGroup(child, 'SIGTERM');
      timers.push(
        setTimeout(() => {
          signalGroup(child, 'SIGKILL');
          settle({ kind: 'timeout', ...text });
        }, graceMs),
      );
    };
    timers.push(setTimeout(overdue, p.timeLimitMs));
    child.on('error', (e) => settle({ kind: 'not-started', why: e.message }));
    child.on('exit', (code, signal) => {
      // Its children may hold the pipes open; what the program itself wrote arrives within a moment.
      const end = () => {
        if (late) signalGroup(child, 'SIGKILL');
        settle(late ? { kind: 'timeout', ...text } : { kind: 'ended', code, signal, ...text });
      };
      child.once('close', end);
      timers.push(setTimeout(end, 250));
    });
  });

/** Where system programs lie, whatever the caller's PATH says. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** An environment that gives the program nothing of ours and the same texts everywhere. */
export const plainEnv = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: SYSTEM_PATH,
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  ...more,
});
