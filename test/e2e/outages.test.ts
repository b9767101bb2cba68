import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { boot, cutAndWatch, lookAfterwards } from './evacuation.ts';
import { vmsOn } from './main-job.ts';
import { type Stack, upStack } from './stack.ts';
import { timelineOf } from './timeline.ts';

const OUTAGE_MS = 20_000;
const VMS = 6;

describe('a server that stands still for 20 s in the middle of an evacuation', { timeout: 900_000 }, () => {
  let stack: Stack;
  before(async () => {
    stack = await upStack((line) => console.log(line));
    await Promise.all([1, 2, 3].map((n) => boot(stack, n, VMS)));
  });
  after(async () => {
    await stack?.down();
  });

  for (const [name, n] of [
    ['redis', 1],
    ['kafka', 2],
    ['zookeeper', 3],
  ] as const)
    it(`${name}: goes on by itself, nothing lost, nothing doubled`, async () => {
      const server = stack.servers[name];
      const run = await cutAndWatch(stack, n, await vmsOn(stack, n), async () => {
        await server.pause();
        await sleep(OUTAGE_MS);
        await server.resume();
      });
      console.log([`${name}, ${run.vms.length} VMs:`, ...timelineOf(run)].join('\n'));
      const [closed] = stack.recorder.of('lifeboat.incident.closed', (e) => e.incident === run.incident);
      assert.equal(closed?.data.outcome, 'evacuated');
      assert.deepEqual(await lookAfterwards(stack, run), { forgotten: [], twice: [] });
      await stack.services.untilReady();
    });

  it('nothing was dead-lettered', () => {
    assert.deepEqual(
      stack.recorder.of('lifeboat.event.rejected').map((e) => e.data.reason),
      [],
    );
  });
});
