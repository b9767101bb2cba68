import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FaultMix } from '@lifeboat/world';

/** One run to be made: a seed, and which guard is switched off in it (none when left out). */
export interface Job {
  readonly seed: number;
  readonly without?: string;
  /** With that guard on, and with the same faults: what the run without it is compared with. */
  readonly kept?: boolean;
  readonly faults?: FaultMix;
}
export interface JobDone {
  readonly job: Job;
  /** 'rule: sentence', in the order in which they broke. */
  readonly violations: readonly string[];
  readonly hash: string;
  readonly virtualMs: number;
  readonly incidents: number;
  readonly evacuated: number;
  readonly crashes: number;
}

/** A run takes half a second of a core; one that takes this long turns in circles. */
const LONGEST_MS = 90_000;
const file = new URL('./crew-worker.ts', import.meta.url);

/**
 * Makes runs in `workers` threads, as they get free; `next` gives the next job, or null when there is none left. Results
 * come in the order in which runs end: each run is the same whatever thread makes it.
 */
export async function crew(next: () => Job | null, onDone: (d: JobDone) => void, workers = 2): Promise<void> {
  await Promise.all(Array.from({ length: workers }, () => oneWorker(next, onDone)));
}

async function oneWorker(next: () => Job | null, onDone: (d: JobDone) => void): Promise<void> {
  let worker: Worker | null = null;
  for (let job = next(); job !== null; job = next()) {
    worker ??= new Worker(file);
    const done = await make(worker, job);
    if (done === null) {
      await worker.terminate();
      worker = null;
      onDone({
        ...nothing,
        job,
        violations: [`nothing-forgotten: the run did not come to its end in ${LONGEST_MS / 1000} s of real time`],
      });
    } else onDone(done);
  }
  await worker?.terminate();
}

/** null: it took too long. A run that throws is a bug of the simulation itself and ends everything. */
async function make(worker: Worker, job: Job): Promise<JobDone | null> {
  const limit = AbortSignal.timeout(LONGEST_MS);
  worker.postMessage(job);
  try {
    const [done] = (await once(worker, 'message', { signal: limit })) as [JobDone];
    return done;
  } catch (e) {
    if (limit.aborted) return null;
    throw new Error(`seed ${job.seed}: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
  }
}

const nothing = { hash: '', virtualMs: 0, incidents: 0, evacuated: 0, crashes: 0 };

/** The jobs of a list, one after another. */
export const inTurn = (jobs: Iterable<Job>): (() => Job | null) => {
  const iterator = jobs[Symbol.iterator]();
  return () => iterator.next().value ?? null;
};

export interface Sums {
  readonly runs: number;
  readonly bad: number;
  readonly virtualMs: number;
  readonly incidents: number;
  readonly evacuated: number;
  readonly crashes: number;
}
export const noSums: Sums = { runs: 0, bad: 0, virtualMs: 0, incidents: 0, evacuated: 0, crashes: 0 };
export const sum = (s: Sums, d: JobDone): Sums => ({
  runs: s.runs + 1,
  bad: s.bad + (d.violations.length > 0 ? 1 : 0),
  virtualMs: s.virtualMs + d.virtualMs,
  incidents: s.incidents + d.incidents,
  evacuated: s.evacuated + d.evacuated,
  crashes: s.crashes + d.crashes,
});
export const inWords = (s: Sums): string =>
  `${(s.virtualMs / 3_600_000).toFixed(0)} h virtual, ${s.incidents} incidents, ${s.evacuated} VMs evacuated, ${s.crashes} crashes`;
export const replay = (seed: number): string => `npm run sim -- --seed ${seed} --trace`;
