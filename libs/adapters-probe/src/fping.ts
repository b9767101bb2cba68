import { plainEnv, runProgram } from '@lifeboat/subprocess';

/** What fping said: who answered and how fast, or why nothing can be said about anybody. */
export type Pinged = Readonly<{ ok: true; alive: ReadonlyMap<string, string> }> | Readonly<{ ok: false; why: string }>;

/** `10.0.0.1 (0.05 ms)`, one line for each that answered (-a -e). */
export const readAlive = (stdout: string): Map<string, string> =>
  new Map([...stdout.matchAll(/^(\S+) \(([\d.]+ ms)\)$/gm)].map((m) => [m[1] ?? '', m[2] ?? '']));

/** What fping takes for a packet and its answer. */
const PACKET_MS = 0.04;

/**
 * How long each of two tries may take, since one lost packet is no dead host. All packets go out at once: a thousand are a
 * tenth of a megabyte, and waking up for each of them, and for each line about it, costs four times as much as the pings.
 */
export const perTryMs = (count: number, limitMs: number): number => Math.max(20, Math.floor(limitMs / 2 - PACKET_MS * count));

/** Pings thousands of addresses with one process. Exit code 1 (some silent) and 2 (a name unknown) are ordinary. */
export const fping = async (program: string, addresses: readonly string[], limitMs: number): Promise<Pinged> => {
  const ran = await runProgram({
    command: '/usr/bin/env',
    args: [program, '-a', '-e', '-q', '-i', '0', '-r', '1', '-B', '1', '-t', String(perTryMs(addresses.length, limitMs)), '-f', '-'],
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
