import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FenceMethod } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import type { FenceDevice } from './host-access.ts';

export interface FenceBench {
  readonly device: FenceDevice;
  /** A host that has power when the suite begins. */
  readonly host: HostId;
  readonly good: FenceMethod;
  /** The same kind of device, and nothing answers at its address. */
  readonly unreachable: FenceMethod;
  /** A device that takes the order to switch a powered host off and does nothing. */
  readonly lying: FenceMethod;
  close(): Promise<void>;
}

/** What every fence device promises; a wrong 'off' here is a disk destroyed. */
export const fenceDeviceContract = (name: string, open: () => Promise<FenceBench>) =>
  describe(`FenceDevice: ${name}`, () => {
    let bench: FenceBench;
    before(async () => {
      bench = await open();
    });
    after(() => bench.close());
    const power = async () => {
      const status = await bench.device.status(bench.host, bench.good);
      return status.ok ? status.value : status.code;
    };

    it('is ordered nothing by who may not any more when the device is about to be asked', async () => {
      assert.equal((await bench.device.off(bench.host, bench.good, () => false)).ok, false);
      assert.equal(await power(), 'on');
    });

    it('switches off, and status then says off', async () => {
      assert.equal(await power(), 'on');
      assert.deepEqual(await bench.device.off(bench.host, bench.good), { ok: true, value: undefined });
      assert.equal(await power(), 'off');
    });

    it('takes an order to switch off what is off already for obeyed', async () => {
      assert.deepEqual(await bench.device.off(bench.host, bench.good), { ok: true, value: undefined });
      assert.equal(await power(), 'off');
    });

    it('switches on again', async () => {
      assert.deepEqual(await bench.device.on(bench.host, bench.good), { ok: true, value: undefined });
      assert.equal(await power(), 'on');
    });

    it('says of a silent device that it is unreachable, within the limit, and nothing about power', async () => {
      for (const act of ['status', 'off'] as const) {
        const began = performance.now();
        const answer = await bench.device[act](bench.host, bench.unreachable);
        assert.equal(answer.ok ? 'ok' : answer.code, 'FENCE_UNREACHABLE');
        assert.ok(performance.now() - began < (bench.unreachable.timeLimitMs ?? 30_000) + 2_000);
      }
    });

    it('never calls a host off that a lying device left on', async () => {
      await bench.device.off(bench.host, bench.lying);
      const status = await bench.device.status(bench.host, bench.lying);
      assert.notEqual(status.ok ? status.value : status.code, 'off');
    });
  });
