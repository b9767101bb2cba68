import { writeFileSync } from 'node:fs';

/**
 * Loaded into a service's process beside its own code: how late its timers are, sampled every 10 ms, and how much of that this
 * thread itself was computing (the rest it waited for a processor); as a file that is written anew every second and begins anew at
 * SIGUSR2.
 */
export interface Delays {
  readonly samples: number;
  readonly late: Readonly<{ p50: number; p99: number; max: number }>;
  readonly own: Readonly<{ p50: number; p99: number; max: number }>;
}

const EVERY_MS = 10;
const file = process.env['LIFEBOAT_FIGURE_DELAYS'];
let late: number[] = [];
let own: number[] = [];
let expected = performance.now() + EVERY_MS;
let used = cpuMs();

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function sample(): void {
  const now = performance.now();
  const cpu = cpuMs();
  const by = Math.max(0, now - expected);
  late.push(by);
  own.push(Math.min(by, cpu - used));
  expected = now + EVERY_MS;
  used = cpu;
  setTimeout(sample, EVERY_MS).unref();
}

const spread = (all: readonly number[]) => {
  const sorted = [...all].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
};

function write(): void {
  const delays: Delays = { samples: late.length, late: spread(late), own: spread(own) };
  if (file !== undefined) writeFileSync(file, JSON.stringify(delays));
  setTimeout(write, 1_000).unref();
}

if (file !== undefined) {
  process.on('SIGUSR2', () => {
    late = [];
    own = [];
  });
  sample();
  write();
}
