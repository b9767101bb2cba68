import { fenceAgents } from '@lifeboat/adapters-fence';
import { hostId, type VmId } from '@lifeboat/kernel';
import { hostName, labMethod } from '../lab-hosts/lab-hosts.ts';
import { boot, cutAndWatch, type Run } from './evacuation.ts';
import { scriptRun } from './script.ts';
import { SESSION_MS, type Stack } from './stack.ts';
import { type Floor, floorLine, floorMs, median, sinceCut, timelineOf } from './timeline.ts';

const VICTIM = 1;
const SCRIPTED = 6;
const PER_SCRIPT = 12;
/** By host: 12 on the one that fails, and others beside it; with those that the script has moved, more than 40. */
const VMS = { [VICTIM]: 12, 2: 4, 3: 4, 4: 4, 5: 4, 6: 4 } as const;

/** One look at a host's fence device, the middle one of three. */
export const fenceStatusMs = async (n: number): Promise<number> => {
  const device = fenceAgents();
  const all: number[] = [];
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    const status = await device.status(hostId(hostName(n)), labMethod(n));
    if (!status.ok) throw new Error(`the BMC of ${hostName(n)}: ${status.detail}`);
    all.push(performance.now() - began);
  }
  return median(all);
};

export const vmsOn = async (stack: Stack, n: number): Promise<VmId[]> =>
  (await stack.lab.listServers('e2e')).filter((s) => s.host === stack.host(n)).map((s) => s.vm);

/** What must be there before: the floor's last part, measured here and now, and VMs on every host. */
export const prepareMainJob = async (stack: Stack): Promise<Floor> => {
  const fenceMs = await fenceStatusMs(VICTIM);
  const scripted = await boot(stack, SCRIPTED, PER_SCRIPT);
  const novaMs = await scriptRun(stack.lab, stack.nova, SCRIPTED, scripted);
  await Promise.all(Object.entries(VMS).map(([n, count]) => boot(stack, Number(n), count)));
  return { sessionMs: SESSION_MS, fenceMs, novaMs };
};

/** The main job: the power cut of a host with all its VMs. */
export const mainJob = async (stack: Stack, n = VICTIM): Promise<Run> => cutAndWatch(stack, n, await vmsOn(stack, n));

export const report = (run: Run, floor: Floor): string =>
  [
    `${run.vms.length} VMs of ${run.host}:`,
    ...timelineOf(run),
    floorLine(floor),
    `  ours beside it: ${((sinceCut(run, 'last vm.verified') - floorMs(floor)) / 1000).toFixed(1)} s to the last VM verified`,
  ].join('\n');
