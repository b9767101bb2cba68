import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FenceBench, fenceFaults, tryFault } from './fence-faults.ts';
import { labMethod } from './lab-hosts.ts';

const FIRST = 211;
const bench = new FenceBench(FIRST, fenceFaults.length + 2);
const [returning, mended] = [FIRST + fenceFaults.length, FIRST + fenceFaults.length + 1] as const;

describe('a host is isolated by a real BMC', { concurrency: 3 }, () => {
  before(() => bench.open());
  after(() => bench.close());

  for (const [i, fault] of fenceFaults.entries())
    it(`that ${fault.name}: ${fault.wanted === 'isolated' ? 'proven dead' : 'no proof, and a person is asked'}`, async () => {
      const row = await tryFault(bench, fault, FIRST + i);
      console.log(`${row.name}: ${row.told}, ${row.tookMs} ms`);
      assert.deepEqual(row.wrong, []);
    });

  it('that powers it on again by itself: its VMs are not evacuated', async () => {
    const came = await bench.isolate(returning, [labMethod(returning)]);
    assert.ok(came.told === 'isolated');
    assert.equal(await bench.evacuate(returning, came.proof), 'evacuated');
    await bench.hosts.start(returning);
    assert.equal(await bench.evacuate(returning, came.proof), 'host-alive');
  });

  it('that is mended while the incident waits: isolated then, without a word from anybody', async () => {
    bench.hosts.setFault(mended, 'lie', true);
    const came = await bench.isolate(mended, [labMethod(mended, { power_timeout: '2' }, 6_000)]);
    assert.equal(came.told, 'waits');
    bench.hosts.setFault(mended, 'lie', false);
    assert.ok(await bench.isIsolated(mended, 20_000));
    assert.equal(bench.hosts.powerStatus(mended), 'off');
  });
});
