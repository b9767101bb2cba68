import { milestones, type Run } from './evacuation.ts';

const seconds = (ms: number) => (ms / 1000).toFixed(1);

export interface Floor {
  readonly sessionMs: number;
  /** One look at the fence device. */
  readonly fenceMs: number;
  /** Nova's own time for as many VMs, by the bare script. */
  readonly novaMs: number;
}
export const floorMs = (f: Floor) => f.sessionMs + f.fenceMs + f.novaMs;

export const sinceCut = (run: Run, milestone: (typeof milestones)[number]) => run.times[milestone] - run.cutAt;

/** From the power cut on, in seconds. */
export const timelineOf = (run: Run): string[] =>
  ['power cut', ...milestones].map((m) => {
    const at = m === 'power cut' ? 0 : sinceCut(run, m as (typeof milestones)[number]);
    return `  ${seconds(at).padStart(7)} s  ${m}`;
  });

export const floorLine = (f: Floor): string =>
  `  floor: ${seconds(floorMs(f))} s = session ${seconds(f.sessionMs)} + fence status ${seconds(f.fenceMs)} + Nova's own ${seconds(f.novaMs)}`;

export const median = (all: readonly number[]): number => {
  const sorted = [...all].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};
