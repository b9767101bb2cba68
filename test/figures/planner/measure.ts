/** Shared by the planner's figures: wall times of repeated runs, and one failed rack of a region. */
import type { HostId } from '@lifeboat/kernel';
import type { PlanAsk } from '@lifeboat/planner';
import type { Region } from './region.ts';

export interface Figure {
  readonly value: string;
  readonly asked: string;
  readonly met: boolean;
}

export const timed = <T>(f: () => T): { ms: number; result: T } => {
  const from = performance.now();
  const result = f();
  return { ms: performance.now() - from, result };
};

/** Wall times, ascending. On a shared machine the lower ones are the program's own, the upper ones its neighbours'. */
export const times = (n: number, f: () => unknown): number[] => Array.from({ length: n }, () => timed(f).ms).sort((a, b) => a - b);
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
