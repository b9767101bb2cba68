import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../e2e/timeline.ts';
import { leaderOf } from '../lab-nets/exercise.ts';
import { type NetLab, upNetLab } from '../lab-nets/stack.ts';
import { zombieIsolation } from '../lab-nets/zombies.ts';
import type { RunFigure } from './index.ts';

const LEASE_MS = 1_000;
const ALLOWED_MS = 1_500;
const SETTLED_MS = 3_000;

/** The leader ends, or stands still; how long until the other one leads. */
const takeOver = async (lab: NetLab, how: 'SIGKILL' | 'SIGSTOP'): Promise<number> => {
  const leader = await leaderOf(lab.monitors);
  const began = performance.now();
  leader.signal(how);
  await leaderOf(lab.monitors, leader);
  const took = Math.round(performance.now() - began);
  if (how === 'SIGSTOP') leader.signal('SIGCONT');
  else await leader.restart();
  await sleep(SETTLED_MS);
  return took;
};

/** Two node-monitors on a real ZooKeeper: the leader is killed, or paused, and the standby leads. */
export const run: RunFigure = async ({ full }) => {
  const lab = await upNetLab({ monitors: 2, migrators: 2, leaseMs: LEASE_MS, say: (l) => console.log(`  ${l}`) });
  const took: number[] = [];
  try {
    for (let i = 0; i < (full ? 9 : 2); i++)
      for (const how of ['SIGKILL', 'SIGSTOP'] as const) {
        took.push(await takeOver(lab, how));
        console.log(`  ${how}: the standby leads after ${took.at(-1)} ms`);
      }
    if (!full) return result(took, 0);
    const z = await zombieIsolation(lab, 1);
    console.log(`  in the middle of an isolation: ${z.before} orders to power off, ${z.after} by zombies; the host is ${z.power}`);
    return result(took, z.after + (z.power === 'off' ? 1 : 0) + z.doubles.length);
  } finally {
    await lab.down();
  }
};

const result = (took: readonly number[], wrong: number) => {
  const middle = median(took);
  return {
    value: `${middle} ms (median of ${took.length}, the longest ${Math.max(...took)} ms, lease ${LEASE_MS} ms), ${wrong} acts of zombies`,
    asked: `≤ ${ALLOWED_MS} ms, none`,
    met: middle <= ALLOWED_MS && wrong === 0,
  };
};
