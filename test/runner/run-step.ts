import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import { installDebianPackages, missingDebianPackages } from '../../deploy/toolchain/apt.mjs';
import { onlyLate } from './late.ts';
import { repository, type Step } from './steps.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
export const none: Counts = { passed: 0, failed: 0, skipped: 0 };
export const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});
const less = (a: Counts, b: Counts): Counts => add(a, { passed: -b.passed, failed: -b.failed, skipped: -b.skipped });

const say = (line: string) => console.log(line);
/** What went wrong and where in our files; the runner's own frames say nothing. */
const wordsOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return typeof cause === 'string' ? cause : inspect(cause);
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at .*file:/.test(line) && !line.includes('node_modules'));
  const below = cause.cause === undefined ? [] : [`caused by ${wordsOf(cause.cause)}`];
  return [`${cause.name}: ${cause.message}`, ...frames.slice(0, 4), ...below].join('\n');
};
const indented = (text: string) => text.trim().replaceAll(/^/gm, '      ');
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Runs all of a step, failures or not; the step's time limit ends whatever is left. */
export async function runStep(step: Step, stop: AbortSignal): Promise<Counts> {
  const hindered = await installPackages(step);
  if (hindered !== null) say(`  ! ${hindered}\n    What needs it fails below.`);
  const limit = AbortSignal.timeout(step.limitMinutes * 60_000);
  const either = AbortSignal.any([stop, limit]);
  let counts = none;
  for (const [name, file, ...args] of step.programs) counts = add(counts, await runProgram(name, file, args, either));
  if (step.files.length > 0) {
    const first = await runFiles(step, step.files, either);
    counts = add(counts, first.counts);
    if (first.late.length > 0) {
      say(
        `  ${first.late.length === 1 ? 'one file was' : `${first.late.length} files were`} only late; once more, and this time it counts:`,
      );
      counts = add(counts, (await runFiles({ ...step, secondTry: false }, first.late, either)).counts);
    }
  }
  if (!limit.aborted) return counts;
  say(`  ✖ not done within ${step.limitMinutes} minutes`);
  return add(counts, { ...none, failed: counts.failed === 0 ? 1 : 0 });
}

async function installPackages(step: Step): Promise<string | null> {
  const names = step.packages.flatMap((list) => readFileSync(join(repository, list), 'utf8').split('\n'));
  const wanted = [...new Set(names.map((line) => line.replace(/#.*/, '').trim()))].filter((name) => name !== '');
  const missing = wanted.length === 0 ? [] : missingDebianPackages(wanted);
  return missing.length === 0 ? null : installDebianPackages(missing, (line) => say(`  ${line}`));
}

const runProgram = (name: string, file: string, args: readonly string[], signal: AbortSignal): Promise<Counts> =>
  new Promise((ended) => {
    const started = performance.now();
    const child = spawn(process.execPath, [file, ...args], { cwd: repository, stdio: ['ignore', 'inherit', 'inherit'], signal });
    child.on('error', (e) => say(`  ${name}: ${e.message}`));
    child.on('close', (code) => {
      say(`  ${code === 0 ? '✔' : '✖'} ${name} (${seconds(performance.now() - started)})`);
      ended({ ...none, [code === 0 ? 'passed' : 'failed']: 1 });
    });
  });

/** What a step that ran out of time was waiting for. */
function tellWhereItStops(tests: ReturnType<typeof run>, signal: AbortSignal): void {
  const running = new Map<string, string[]>();
  tests.on('test:dequeue', (event) => {
    if (event.file !== undefined && event.name !== event.file) running.set(event.file, [...(running.get(event.file) ?? []), event.name]);
  });
  tests.on('test:complete', (event) => {
    const file = event.file ?? '';
    running.set(file, running.get(file)?.filter((name) => name !== event.name) ?? []);
  });
  signal.addEventListener('abort', () => {
    for (const [file, names] of running) if (names.length > 0) say(`  ✖ ${relative(repository, file)} was at: ${names.join(' > ')}`);
  });
}

/**
 * One line for each file that passes; for one that fails, what failed and what it printed. Where the step allows a second try, files
 * that were only late are not counted but returned (docs/decisions/021-a-second-try-for-what-was-late.md).
 */
function runFiles(step: Step, files: readonly string[], signal: AbortSignal): Promise<{ counts: Counts; late: readonly string[] }> {
  const complaints = new Map<string, string[]>();
  const printed = new Map<string, string>();
  const late: string[] = [];
  const keep = (event: { file?: string | undefined; message: string }) => {
    const file = event.file ?? '';
    printed.set(file, `${printed.get(file) ?? ''}${event.message}`.slice(-4_000));
  };
  return new Promise((ended, broke) => {
    const tests = run({ files: files.map((f) => join(repository, f)), cwd: repository, concurrency: step.parallel, signal });
    tests.on('test:stdout', keep);
    tests.on('test:stderr', keep);
    tellWhereItStops(tests, signal);
    tests.on('test:fail', (event) => {
      const cause = event.details.error.cause ?? event.details.error;
      // a suite fails because a test in it did: that one has been told
      if ((event.details.error as { failureType?: string }).failureType === 'subtestsFailed') return;
      const file = event.file ?? '';
      complaints.set(file, [...(complaints.get(file) ?? []), `${event.name}\n${indented(wordsOf(cause))}`]);
    });
    const ours = new Set(files.map((f) => join(repository, f)));
    let counts = none;
    let untold = none;
    let empty = 0;
    tests.on('test:summary', (event) => {
      const { tests: all, passed, skipped, todo } = event.counts;
      const these = { passed, failed: all - passed - skipped - todo, skipped: skipped + todo };
      if (event.file === undefined) {
        counts = add(less(these, untold), { ...none, failed: empty });
        return;
      }
      const file = relative(repository, event.file);
      if (all === 0) {
        empty += 1;
        say(`  ✖ ${file}: none of its tests ran; one that cannot run here says so by a test that is skipped`);
        return;
      }
      say(`  ${event.success ? '✔' : '✖'} ${file}: ${told(these)} (${seconds(event.duration_ms)})`);
      if (event.success) return;
      // a test of a contract is told with the contract's file, which is none of ours: it belongs to whichever file has just failed
      const causes: string[] = [];
      for (const [of, said] of complaints) {
        if (of !== event.file && ours.has(of)) continue;
        for (const complaint of said) say(`    ✖ ${complaint}`);
        causes.push(...said);
        complaints.delete(of);
      }
      if (step.secondTry && !signal.aborted && onlyLate(causes)) {
        late.push(file);
        untold = add(untold, these);
      }
      if (printed.has(event.file)) say(`    it printed:\n${indented(printed.get(event.file) ?? '')}`);
    });
    tests.on('error', broke);
    tests.on('end', () => {
      // a file that ended before its first test has no summary
      for (const [of, said] of complaints) for (const complaint of said) say(`  ✖ ${relative(repository, of)}: ${complaint}`);
      ended({ counts, late });
    });
    tests.resume();
  });
}

export const told = (c: Counts) => `${c.passed} passed, ${c.failed} failed, ${c.skipped} skipped`;
