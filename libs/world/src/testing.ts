import { VirtualClock } from '@lifeboat/adapters-memory';
import { instant } from '@lifeboat/kernel';
import { SimCloud } from './cloud.ts';
import { Nova } from './nova/nova.ts';
import { type RegionOptions, region, simulatedRegion } from './region.ts';
import { World } from './world.ts';

/** Lets virtual time pass until the promise has settled. */
export async function driven<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let over = false;
  const watched = promise.finally(() => {
    over = true;
  });
  // a rejection is the caller's to see, not an unhandled one meanwhile
  watched.catch(() => undefined);
  await clock.settle();
  while (!over)
    if (!(await clock.step(instant(Number.MAX_SAFE_INTEGER))))
      throw new Error('driven: nothing left to wait for, and the promise has not settled');
  return watched;
}

/** A small world on a virtual clock, with its Nova and a view of it. */
export function smallWorld(options: Partial<RegionOptions> = {}) {
  const clock = new VirtualClock();
  const world = new World(region({ ...simulatedRegion, ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0, ...options }), {
    clock,
    seed: options.seed ?? 1,
  });
  const nova = new Nova(world);
  const cloud = new SimCloud(nova, { observer: 'migrator-1' });
  const hosts = [...world.hosts.keys()];
  const host = (n: number) => {
    const h = hosts[n];
    if (h === undefined) throw new Error(`no host ${n}`);
    return h;
  };
  const firstVmOn = (n: number) => {
    const vm = world.runningOn(host(n))[0];
    if (vm === undefined) throw new Error(`host ${n} runs no VM`);
    return vm;
  };
  return { clock, world, nova, cloud, host, firstVmOn };
}
