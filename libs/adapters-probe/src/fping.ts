import { plainEnv, runProgram } from '@lifeboat/subprocess';

/** What fping said: who answered and how fast, or why nothing can be said about anybody. */
export type Pinged = Readonly<{ ok: true; alive: ReadonlyMap<string, string> }> | Readonly<{ ok: false; why: string }>;

/** `10.0.0.1 (0.05 ms)`, one line for each that answered (-a -e). */
export const readAlive = (stdout: string): Map<string, string> =>
  new Map([...stdout.matchAll(/^(\S+) \(([\d.]+ ms)\)$/gm)].map((m) => [m[1] ?? '', m[2] ?? '']));

/**
 * The pace of the packets: at most 1 ms between two, and all of them sent within a quarter of the time; each address is
 * asked twice, since one lost packet is no dead host.
 */
export const paceOf = (count: number, limitMs: number) => {
  const interval = Math.min(1, limitMs / 4 / Math.max(1, count));
  const perTry = Math.max(20, Math.floor((limitMs - 2 * interval * count) / 2));
  return { interval: interval < 0.01 ? '0' : interval.toFixed(2), perTry: String(perTry) };
};

/** Pings thousands of addresses with one process. Exit code 1 (some silent) and 2 (a name unknown) are ordinary. */
export const fping = async (program: string, addresses: readonly string[], limitMs: number): Promise<Pinged> => {
  const pace = paceOf(addresses.length, limitMs);
  const ran = await runProgram({
    command: '/usr/bin/env',
    args: [program, '-a', '-e', '-q', '-i', pace.interval, '-r', '1', '-B', '1', '-t', pace.perTry, '-f', '-'],
    input: `${addresses.join('\n')}\n`,
    env: plainEnv(),
    // fping keeps its own time; this is for one that hangs (a name server that does not answer).
    timeLimitMs: limitMs + 500,
    graceMs: 100,
  });
  if (ran.kind === 'not-started') return { ok: false, why: `${program}: ${ran.why}` };
  // Over its time: who answered, answered; about the others nothing is known.
  if (ran.kind === 'timeout') return { ok: false, why: `${program}: no end within ${limitMs} ms` };
  if (ran.code === 0 || ran.code === 1 || ran.code === 2) return { ok: true, alive: readAlive(ran.stdout) };
  const words = ran.stderr.trim().split('\n').at(-1) ?? '';
  return { ok: false, why: `${program}: ${ran.code === 127 ? 'not installed (Debian package fping)' : words || `exit code ${ran.code}`}` };
};
