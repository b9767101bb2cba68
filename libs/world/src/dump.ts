import type { SimHost } from './model.ts';
import type { World } from './world.ts';

const EVERY_MS = 10_000;

/** How long a crash kernel takes until it speaks, and how long its dump takes from then on. */
export interface DumpTimes {
  readonly firstMs: number;
  readonly lastsMs: number;
}

/** The crash kernel of a host writes a dump, and says so now and then; `then`: it has ended. */
export function writeDump(world: World, h: SimHost, { firstMs, lastsMs }: DumpTimes, then: () => void): void {
  const { life } = h;
  const { host } = h.spec;
  const ends = world.now() + firstMs + lastsMs;
  const says = () => {
    if (h.life !== life) return world.happened({ kind: 'dump', host, is: 'lost' });
    if (world.now() >= ends) {
      world.happened({ kind: 'dump', host, is: 'ended' });
      return then();
    }
    world.happened({ kind: 'dump', host, is: 'said' });
    world.timers.after(Math.min(EVERY_MS, ends - world.now()), says);
  };
  world.timers.after(firstMs, says);
}
