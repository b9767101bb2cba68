import { parentPort } from 'node:worker_threads';
import type { Job, JobDone } from './crew.ts';
import { guardNamed, keptGuard, withoutGuard } from './guards.ts';
import { type SimulationChoices, simulate } from './simulate.ts';

parentPort?.on('message', (job: Job) => {
  void run(job).then((done) => parentPort?.postMessage(done));
});

async function run(job: Job): Promise<JobDone> {
  const r = await simulate({ ...choicesOf(job), ...(job.faults === undefined ? {} : { faults: job.faults }) });
  const { hash, virtualMs, incidents, evacuated, crashes } = r;
  return { job, hash, virtualMs, incidents, evacuated, crashes, violations: r.violations.map((v) => `${v.rule}: ${v.text}`) };
}

function choicesOf({ seed, without, kept }: Job): SimulationChoices {
  if (without === undefined) return { seed };
  const guard = guardNamed(without);
  return kept === true ? keptGuard(guard, seed) : withoutGuard(guard, seed);
}
