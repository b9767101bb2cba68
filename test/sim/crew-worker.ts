import { parentPort } from 'node:worker_threads';
import type { Job, JobDone } from './crew.ts';
import { guardNamed, withoutGuard } from './guards.ts';
import { simulate } from './simulate.ts';

parentPort?.on('message', (job: Job) => {
  void run(job).then((done) => parentPort?.postMessage(done));
});

async function run(job: Job): Promise<JobDone> {
  const choices = job.without === undefined ? { seed: job.seed } : withoutGuard(guardNamed(job.without), job.seed);
  const r = await simulate({ ...choices, ...(job.faults === undefined ? {} : { faults: job.faults }) });
  const { hash, virtualMs, incidents, evacuated, crashes } = r;
  return { job, hash, virtualMs, incidents, evacuated, crashes, violations: r.violations.map((v) => `${v.rule}: ${v.text}`) };
}
