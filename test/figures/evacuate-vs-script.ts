import { boot, cutAndWatch, lookAfterwards, powerOnAndRelease } from '../e2e/evacuation.ts';
import { scriptRun } from '../e2e/script.ts';
import { type Stack, upStack } from '../e2e/stack.ts';
import { median } from '../e2e/timeline.ts';
import type { Figure } from './index.ts';

const [OURS, SCRIPTED] = [1, 6] as const;
const ASKED = 1.15;
const PUBLISHED: Readonly<Record<number, string>> = {
  10: 'Masakari, published: 20.5 s tuned, 290 s as delivered; bare script 7.7 s',
  40: 'Masakari, published: 73.2 s tuned, 355 s as delivered; bare script 25.2 s',
};
const seconds = (ms: number) => (ms / 1000).toFixed(1);

/** From host.isolated to the last VM ACTIVE without a task as Lifeboat saw it; the checks of its outcome are Nova's. */
const ours = async (stack: Stack, count: number): Promise<number> => {
  const run = await cutAndWatch(stack, OURS, await boot(stack, OURS, count));
  const { forgotten, twice } = await lookAfterwards(stack, run);
  if (forgotten.length + twice.length > 0) throw new Error(`not evacuated well: ${[...forgotten, ...twice].join('; ')}`);
  await powerOnAndRelease(stack, OURS);
  await stack.lab.deleteAll('e2e');
  return run.times['last vm.evacuated'] - run.times['host.isolated'];
};
const script = async (stack: Stack, count: number): Promise<number> => {
  const took = await scriptRun(stack.lab, stack.nova, SCRIPTED, await boot(stack, SCRIPTED, count));
  await stack.lab.deleteAll('e2e');
  return took;
};

/** The two take turns on one lab, with Lifeboat running beside both. */
export const run = async ({ full }: { readonly full: boolean }): Promise<Figure> => {
  const stack = await upStack((line) => console.log(line));
  try {
    const told: string[] = [];
    let worst = 0;
    for (const count of full ? [10, 40] : [10]) {
      const [a, b]: [number[], number[]] = [[], []];
      for (let i = 0; i < (full ? 3 : 2); i++) {
        a.push(await script(stack, count));
        b.push(await ours(stack, count));
        console.log(`${count} VMs, turn ${i + 1}: bare script ${seconds(a.at(-1) ?? 0)} s, Lifeboat ${seconds(b.at(-1) ?? 0)} s`);
      }
      const ratio = median(b) / median(a);
      worst = Math.max(worst, ratio);
      console.log(`${count} VMs: ${PUBLISHED[count]}`);
      told.push(`${count} VMs: ${ratio.toFixed(2)} x (${seconds(median(b))} s against ${seconds(median(a))} s)`);
    }
    return { value: told.join('; '), asked: `at most ${ASKED} x`, met: worst <= ASKED };
  } finally {
    await stack.down();
  }
};
