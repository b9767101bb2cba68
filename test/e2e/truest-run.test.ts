import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { whyNot } from '../nova-libvirt-lab/lab.ts';
import { hostName } from '../nova-libvirt-lab/places.ts';
import { errorsIn } from './services.ts';
import { timelineOf } from './timeline.ts';
import { drainRun } from './true-drain.ts';
import { powerCutRun, VICTIM, withTrueStack } from './true-run.ts';

/** Gluster holds a dead host's locks for 10 to 11 s. */
const STORAGE_LEASE_MS = 12_000;
const say = (line: string) => console.log(line);
const hindered = whyNot();

describe('the truest run: Nova with libvirt, guests with disks on shared storage, BMCs, two networks', { timeout: 480_000 }, () => {
  it('a host whose power is cut over IPMI: its guests answer from other hosts with their disks, each ran once; another one is drained alive', {
    skip: hindered ?? false,
  }, async () => {
    await withTrueStack({ storage: 'gluster', policy: { storageLeaseMs: STORAGE_LEASE_MS } }, say, async (stack, guests) => {
      const run = await powerCutRun(stack, guests);
      say([`${run.vms.length} guests of ${run.host}:`, ...timelineOf(run), ...run.lines].join('\n'));
      assert.deepEqual(run.wrong, []);
      const { of } = stack.recorder;
      const [closed] = of('lifeboat.incident.closed', (e) => e.incident === run.incident);
      assert.equal(closed?.data.outcome, 'evacuated');
      assert.deepEqual(closed?.data.vms.map((v) => v.vm).sort(), [...run.vms].sort());
      // nothing before the storage has let go
      assert.ok(run.times['first evacuation.started'] - run.times['host.isolated'] >= STORAGE_LEASE_MS);
      assert.equal(of('lifeboat.evacuation.failed', (e) => e.incident === run.incident).length, 0);
      const drain = await drainRun(stack, guests, 2);
      say([`drain of ${hostName(2)}, ${(drain.tookMs / 1000).toFixed(1)} s:`, ...drain.lines, ...drain.wrong].join('\n'));
      assert.deepEqual(drain.wrong, []);
      assert.deepEqual(
        of('lifeboat.event.rejected').map((e) => e.data.reason),
        [],
      );
      assert.deepEqual(
        stack.services.names.flatMap((name) => errorsIn(stack.services.logOf(name)).slice(0, 3)),
        [],
      );
      // the agent of the host that came back was started by the unit file's own line
      assert.match(readFileSync(stack.agentLog(VICTIM), 'utf8'), new RegExp(`"host":"${hostName(VICTIM)}"`));
    });
  });
});
