import { FleetModel } from '@lifeboat/planner';
import type { Figure } from './measure.ts';
import { region } from './region.ts';

const used = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** What the model itself holds, told host by host and VM by VM; run with --expose-gc for a steady figure. */
export const run = async (_: { full: boolean }): Promise<Figure> => {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  globalThis.gc ??= runInNewContext('gc') as typeof globalThis.gc;
  const { fleet } = region({ hosts: 10_000, seed: 1, vmsPerHost: 40 });
  // Strings of their own, as they would come off the wire: not shared with the generator's.
  const model = new FleetModel();
  const before = used();
  for (const h of fleet.hosts) model.upsertHost(JSON.parse(JSON.stringify(h)));
  for (const g of fleet.groups) model.upsertGroup(JSON.parse(JSON.stringify(g)));
  for (const v of fleet.vms) model.upsertVm(JSON.parse(JSON.stringify(v)));
  model.layout;
  const bytes = used() - before;
  // Read after measuring: so the generator's own fleet was there before and after.
  const [hosts, vms] = [fleet.hosts.length, fleet.vms.length];
  const mb = bytes / 1024 / 1024;
  const known = model.vms.size;
  return {
    value: `${mb.toFixed(0)} MB for ${hosts} hosts and ${vms} VMs (${known} known): ${(bytes / vms).toFixed(0)} B a VM`,
    asked: '<= 200 MB for 10,000 hosts and 400,000 VMs',
    met: mb <= 200 && known === vms,
  };
};
