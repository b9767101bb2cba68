import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface LineProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  /** Once, however it ended, also when it could not be started; `stderr` is its last words. */
  readonly onEnd: (end: { code: number | null; why: string }) => void;
}
export interface RunningLines {
  write(line: string): void;
  /** Ends it for good; `onEnd` is not called any more. */
  stop(): void;
}

/** A long-lived helper that speaks in lines. It ends with us: its standard input closes when we go. */
export const runLines = (p: LineProcess): RunningLines => {
  const child: ChildProcess = spawn(p.command, p.args, { env: { ...p.env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let over = false;
  let lastWords = '';
  const end = (code: number | null, why: string) => {
    if (over) return;
    over = true;
    p.onEnd({ code, why: lastWords.trim() === '' ? why : lastWords.trim() });
  };
  child.stderr?.setEncoding('utf8').on('data', (s: string) => (lastWords = (lastWords + s).slice(-1000)));
  child.stdin?.on('error', () => undefined);
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => over || p.onLine(line));
  child.on('error', (e) => end(null, e.message));
  child.on('close', (code, signal) => end(code, signal === null ? `ended with code ${code}` : `ended by ${signal}`));
  return {
    write: (line) => void child.stdin?.write(`${line}\n`),
    stop: () => {
      over = true;
      child.stdin?.end();
      child.kill('SIGKILL');
    },
  };
};
