import { parentPort } from 'node:worker_threads';
import type { Job, JobDone } from './crew.ts';
import { guardNamed } from './guards.ts';
import { simulate } from './simulate.ts';

parentPort?.on('message', (job: Job) => {
  void run(job).then((done) => parentPort?.postMessage(done));
});

async function run(job: Job): Promise<JobDone> {
  const off = job.without === undefined ? {} : guardNamed(job.without).off(job.seed);
  const r = await simulate({ seed: job.seed, ...off, ...(job.faults === undefined ? {} : { faults: job.faults }) });
  const { hash, virtualMs, incidents, evacuated, crashes } = r;
  return { job, hash, virtualMs, incidents, evacuated, crashes, violations: r.violations.map((v) => `${v.rule}: ${v.text}`) };
}
