import { timelineOf } from '../e2e/timeline.ts';
import { drainRun, type TrueDrain } from '../e2e/true-drain.ts';
import { heldLocksRun, lyingDeviceRun, powerCutRun, silentAgentRun, type TrueRun, withTrueStack } from '../e2e/true-run.ts';
import type { Figure } from './index.ts';

const say = (line: string) => console.log(line);
const seconds = (ms: number) => (ms / 1000).toFixed(1);
const STORAGE_LEASE_MS = 12_000;

const told = (name: string, run: TrueRun): TrueRun => {
  say(
    [`${name}: ${run.vms.length} guests of ${run.host}`, ...timelineOf(run), ...run.lines, ...run.wrong.map((w) => `  WRONG: ${w}`)].join(
      '\n',
    ),
  );
  return run;
};

/** Nothing simulated. --full: with the locks of a dead host still held, and where only isolation prevents a split brain. */
export const run = async ({ full }: { readonly full: boolean }): Promise<Figure> => {
  const runs: TrueRun[] = [];
  let restarted = '';
  let drain: TrueDrain | null = null as TrueDrain | null;
  await withTrueStack({ storage: 'gluster', policy: { storageLeaseMs: STORAGE_LEASE_MS } }, say, async (stack, guests) => {
    if (full) restarted = `; silent agent restarted over SSH after ${seconds(await silentAgentRun(stack, 3))} s`;
    runs.push(told('power cut, storage lease awaited', await powerCutRun(stack, guests)));
    drain = await drainRun(stack, guests, 2);
    say(['a healthy host drained by live migration:', ...drain.lines, ...drain.wrong.map((w) => `  WRONG: ${w}`)].join('\n'));
  });
  if (full) {
    await withTrueStack({ storage: 'gluster-slow', policy: { storageLeaseMs: 0 } }, say, async (stack, guests) => {
      runs.push(told('power cut, locks held for half a minute that nobody told of', await heldLocksRun(stack, guests)));
    });
    await withTrueStack({ storage: 'bindfs' }, say, async (stack, guests) => {
      runs.push(told('both networks cut, fence device lies at first, no locks', await lyingDeviceRun(stack, guests)));
    });
  }
  const wrong = runs.reduce((n, r) => n + r.wrong.length, drain?.wrong.length ?? 1);
  const [first] = runs;
  return {
    value: `${wrong} guests twice, lost or damaged in ${runs.length} runs; all answer on the production network ${seconds(first?.answeredMs ?? 0)} s after the power cut (storage lease ${seconds(STORAGE_LEASE_MS)} s in it), host released ${seconds(first?.releasedMs ?? 0)} s after power on; a healthy host drained alive in ${seconds(drain?.tookMs ?? 0)} s${restarted}`,
    asked: '0',
    met: wrong === 0,
  };
};
