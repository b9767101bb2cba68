import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VmId } from '@lifeboat/kernel';
import { boot, cutAndWatch, lookAfterwards, powerOnAndRelease, type Run } from './evacuation.ts';
import { vmsOn } from './main-job.ts';
import { novaApi, until } from './nova.ts';
import { type Stack, upStack } from './stack.ts';
import { timelineOf } from './timeline.ts';

/** Each by itself; and Nova, and all of them together. */
const SINGLE_MS = 20_000;
const OUTAGE_MS = 60_000;
const VMS = 6;
interface Pausable {
  pause(): Promise<void>;
  resume(): Promise<void>;
}

describe('servers stand still', { timeout: 1_500_000 }, () => {
  let stack: Stack;
  const server = (name: 'redis' | 'kafka' | 'zookeeper' | 'nova'): Pausable => (name === 'nova' ? novaApi : stack.servers[name]);
  const outage = async (of: readonly Pausable[], ms = OUTAGE_MS, meanwhile: () => Promise<void> = async () => undefined) => {
    try {
      await Promise.all(of.map((s) => s.pause()));
      await Promise.all([sleep(ms), meanwhile()]);
    } finally {
      await Promise.all(of.map((s) => s.resume()));
    }
  };
  const vmsHere = async (n: number): Promise<readonly VmId[]> => {
    const there = await vmsOn(stack, n);
    return there.length >= VMS ? there : [...there, ...(await boot(stack, n, VMS - there.length))];
  };
  /** Its VMs each once elsewhere, nobody else suspected, and all of it back by itself. */
  const endedWell = async (what: string, run: Run) => {
    console.log([`${what}, ${run.vms.length} VMs:`, ...timelineOf(run)].join('\n'));
    const [closed] = stack.recorder.of('lifeboat.incident.closed', (e) => e.incident === run.incident);
    assert.equal(closed?.data.outcome, 'evacuated');
    assert.deepEqual(await lookAfterwards(stack, run), { forgotten: [], twice: [] });
    const failed = stack.recorder.of('lifeboat.fault.confirmed', (e) => e.time >= run.cutAt).flatMap((e) => e.data.hosts);
    assert.deepEqual([...new Set(failed)], [run.host]);
    await stack.services.untilReady();
  };
  before(async () => {
    stack = await upStack((line) => console.log(line));
  });
  after(async () => {
    await stack?.down();
  });

  for (const [name, n] of [
    ['redis', 1],
    ['kafka', 2],
    ['zookeeper', 3],
  ] as const)
    it(`${name}, 20 s in the middle of an evacuation: goes on by itself, nothing lost, nothing doubled`, async () => {
      const run = await cutAndWatch(stack, n, await vmsHere(n), () => outage([server(name)], SINGLE_MS));
      await endedWell(name, run);
    });

  it("Nova's API, a minute in the middle of an evacuation: the same, and the migrator's health says so meanwhile", async () => {
    await Promise.all([1, 2, 3].map((n) => powerOnAndRelease(stack, n)));
    const ofNova = async () => (await stack.services.complaintsOf('migrator')).filter((c) => c.startsWith('OpenStack'));
    const says = () =>
      until("the migrator's health says that Nova does not answer", OUTAGE_MS, async () =>
        (await ofNova()).some((c) => /CLOUD_(TIMEOUT|UNREACHABLE)/.test(c)),
      );
    const run = await cutAndWatch(stack, 4, await vmsHere(4), () => outage([novaApi], OUTAGE_MS, says));
    await endedWell("Nova's API", run);
    assert.deepEqual(await ofNova(), []);
  });

  it('all of them at once for a minute, and a host dies meanwhile: it is seen to once they are back, and only it', async () => {
    const vms = await vmsHere(5);
    let away: Promise<void> = Promise.resolve();
    const hosts = {
      powerCut: async (n: number) => {
        away = outage([server('redis'), server('kafka'), server('zookeeper'), novaApi]);
        await sleep(2_000);
        await stack.hosts.powerCut(n);
      },
    };
    const run = await cutAndWatch({ ...stack, hosts }, 5, vms);
    await away;
    await endedWell('all at once', run);
  });

  it('nothing was dead-lettered', () => {
    assert.deepEqual(
      stack.recorder.of('lifeboat.event.rejected').map((e) => e.data.reason),
      [],
    );
  });
});
