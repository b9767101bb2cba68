import { hostId } from '@lifeboat/kernel';
import { median } from '../e2e/timeline.ts';
import { HOSTS_A_RACK, hostName } from '../lab-nets/places.ts';
import { powerOff } from '../lab-nets/power.ts';
import { upNetLab } from '../lab-nets/stack.ts';
import type { RunFigure } from './index.ts';

const SESSION_MS = 4_000;
const ALLOWED_MS = SESSION_MS + 1_000;
const CONFIRMED_MS = 30_000;

/** Power cut → `fault.confirmed`, one host after another, each in a rack of its own; real ZooKeeper, networks and BMCs. */
export const run: RunFigure = async ({ full }) => {
  const racks = full ? 7 : 3;
  const lab = await upNetLab({
    racks,
    monitors: 1,
    sessionMs: SESSION_MS,
    // they stay off: that is no reason to hold the next one
    change: (t) => ({ ...t, brake: { clusterShare: 1, regionShare: 1, hosts: 1_000 } }),
    say: (l) => console.log(`  ${l}`),
  });
  const took: number[] = [];
  let others = 0;
  try {
    for (const r of lab.racks) {
      const n = (r - 1) * HOSTS_A_RACK + 1;
      const from = Date.now();
      await powerOff(n);
      const confirmed = await lab.recorder.until(
        'lifeboat.fault.confirmed',
        (e) => e.time >= from && e.data.hosts.includes(hostId(hostName(n))),
        CONFIRMED_MS,
      );
      took.push(confirmed.time - from);
      console.log(`  ${hostName(n)}: ${confirmed.time - from} ms to '${confirmed.data.verdict}' (session timeout ${SESSION_MS} ms)`);
    }
    others = lab.recorder.of('lifeboat.fault.confirmed').length - lab.racks.length;
  } finally {
    await lab.down();
  }
  const middle = median(took);
  return {
    value: `${middle} ms (median of ${took.length}, session timeout ${SESSION_MS} ms), ${others} false`,
    asked: `≤ ${ALLOWED_MS} ms, none false`,
    met: middle <= ALLOWED_MS && others === 0,
  };
};
