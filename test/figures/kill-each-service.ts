import { type Killable, killable, killDuring } from '../e2e/kills.ts';
import { upStack } from '../e2e/stack.ts';
import type { Figure } from './index.ts';

const LEAST_VMS = 10;
const QUICK: readonly Killable[] = ['migrator', 'scheduler'];

export const run = async ({ full }: { readonly full: boolean }): Promise<Figure> => {
  const stack = await upStack((line) => console.log(line));
  try {
    const services = full ? killable : QUICK;
    const cell = (s: string | number, width: number) => String(s).padEnd(width);
    console.log(['killed', 'VMs', 'outcome', 'back after', 'all verified', 'started twice', 'forgotten'].map((h) => cell(h, 18)).join(''));
    let [twice, forgotten, open] = [0, 0, 0];
    for (const [i, service] of services.entries()) {
      const row = await killDuring(stack, service, (i % stack.hosts.numbers.length) + 1, LEAST_VMS);
      const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
      const cells = [service, row.vms, row.outcome, seconds(row.backMs), seconds(row.verifiedMs), row.twice.length, row.forgotten.length];
      console.log(cells.map((c) => cell(c, 18)).join(''));
      for (const line of [...row.twice, ...row.forgotten]) console.log(`  ${line}`);
      twice += row.twice.length;
      forgotten += row.forgotten.length;
      open += row.outcome === 'evacuated' ? 0 : 1;
    }
    return {
      value: `${services.length} services killed: ${twice} VMs started twice, ${forgotten} forgotten, ${open} incidents not ended as evacuated`,
      asked: '0, 0, 0',
      met: twice + forgotten + open === 0,
    };
  } finally {
    await stack.down();
  }
};
