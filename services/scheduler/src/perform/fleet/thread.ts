import { parentPort, workerData } from 'node:worker_threads';
import { openOpenStack } from '@lifeboat/adapters-openstack';
import { wallClock } from '@lifeboat/backbone';
import type { Topology } from '@lifeboat/contracts';
import { complain, failed } from '@lifeboat/kernel';
import { warmUp } from '@lifeboat/planner';
import type { FromThread, ToThread } from './in-worker.ts';
import { FleetKeeper } from './keeper.ts';

/** What the planner's thread is started with. */
export interface ThreadData {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly topology: Topology;
}

/** Of what the OpenStack client says; that tokens come and go is no news. */
const worthTelling: ReadonlySet<string> = new Set(['retry', 'cell-silent', 'token-failed']);
/** Thousands of VMs may have the same mistake in their metadata. */
const COMPLAINTS_MOST = 50;
const port = parentPort;
if (port === null) throw new Error('this file is the planner’s thread: it is started by PlannerInWorker, not by itself');
const { env, topology } = workerData as ThreadData;
const post = (m: FromThread) => port.postMessage(m);
const clock = wallClock();
warmUp();
let wrong: { readonly told: readonly string[]; readonly more: number } = { told: [], more: 0 };
const opened = openOpenStack({
  env,
  clock,
  topology: () => topology,
  log: (event, fields) => {
    if (worthTelling.has(event)) post({ kind: 'log', event, fields });
  },
  complaints: (all) => {
    wrong = { told: all.slice(0, COMPLAINTS_MOST).map(complain), more: Math.max(0, all.length - COMPLAINTS_MOST) };
  },
});
if (!opened.ok) throw new Error(opened.complaints.map(complain).join('\n'));
const cloud = opened.value;
const keeper = new FleetKeeper({ cloud, clock, topology: () => topology });

const complaints = (): string[] => [
  ...cloud.troubles(),
  ...wrong.told,
  ...(wrong.more > 0 ? [`${wrong.more} more complaints of the fleet`] : []),
];

port.on('message', (m: ToThread) => {
  switch (m.kind) {
    case 'ping':
      post({ kind: 'pong', figures: keeper.figures(), complaints: complaints() });
      return;
    case 'hear':
      keeper.hear(m.news);
      return;
    case 'plan':
      keeper.plan(m.question).then(
        (answer) => post({ kind: 'planned', id: m.id, answer }),
        (bug: Error) =>
          post({ kind: 'planned', id: m.id, answer: failed('PLANNER_LOST', `a bug in the planner: ${bug.stack ?? bug.message}`) }),
      );
  }
});
await keeper.keep((seen) => post({ kind: 'seen', seen }), new AbortController().signal);
