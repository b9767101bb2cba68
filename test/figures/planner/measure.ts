/** Shared by the planner's figures: times of repeated runs, and one failed rack of a region. */
import { cpus, loadavg } from 'node:os';
import type { HostId } from '@lifeboat/kernel';
import type { PlanAsk } from '@lifeboat/planner';
import type { Region } from './region.ts';

export interface Figure {
  readonly value: string;
  readonly asked: string;
  readonly met: boolean;
}

/** What a run took: by the wall clock, and of the processor alone, which the machine's other work does not lengthen much. */
export interface Took {
  readonly ms: number;
  /** Of all threads, the compiler's and the collector's too; fine-grained. */
  readonly cpu: number;
  /** Of the planning thread alone; counted by the system in ticks of some milliseconds. */
  readonly own: number;
}

const sum = ({ user, system }: { user: number; system: number }): number => (user + system) / 1000;

export const timed = <T>(f: () => T): Took & { result: T } => {
  const [from, cpu, own] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()];
  const result = f();
  return { ms: performance.now() - from, cpu: sum(process.cpuUsage(cpu)), own: sum(process.threadCpuUsage(own)), result };
};

/** Repeated runs; their wall times and their processor times, each ascending. */
export const times = (n: number, f: () => unknown): { readonly ms: number[]; readonly cpu: number[] } => {
  const runs = Array.from({ length: n }, () => timed(f));
  const ascending = (of: (t: Took) => number) => runs.map(of).sort((a, b) => a - b);
  return { ms: ascending((t) => t.ms), cpu: ascending((t) => t.cpu) };
};

/** Says where the numbers come from: a busy machine is slower by the processor's own time too. */
export const machine = (): string =>
  `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(1)}`;

export const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1] as number;
export const quarter = (sorted: readonly number[]): number => sorted[sorted.length >> 2] as number;

/** The slope of log(y) over log(x). */
export const exponent = (points: readonly (readonly [number, number])[]): number => {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (of: (p: readonly [number, number]) => number) => logs.reduce((n, p) => n + of(p), 0) / logs.length;
  const [mx, my] = [mean((p) => p[0]), mean((p) => p[1])];
  const up = logs.reduce((n, [x, y]) => n + (x - mx) * (y - my), 0);
  return up / logs.reduce((n, [x]) => n + (x - mx) ** 2, 0);
};

export const rackFailure = ({ fleet, clusters }: Region, racks = 1): PlanAsk => {
  const dead = new Set([...new Set(fleet.hosts.map((h) => h.rack))].slice(0, racks));
  const failedHosts: HostId[] = fleet.hosts.filter((h) => dead.has(h.rack)).map((h) => h.host);
  return { failedHosts, clusters };
};
