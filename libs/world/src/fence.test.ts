import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FenceMethod } from '@lifeboat/contracts';
import type { FenceDevice } from '@lifeboat/ports';
import { fenceDeviceContract } from '@lifeboat/ports/fence-device.contract';
import { machineUuidOf, SimFence } from './fence.ts';
import { driven, smallWorld } from './testing.ts';

const method = (name: string): FenceMethod => ({ name, agent: 'fence_redfish', parameters: {}, timeLimitMs: 20_000 });
const bench = () => {
  const small = smallWorld();
  const fence = new SimFence(small.world, { observer: 'migrator-1' });
  const timely: FenceDevice = {
    status: (h, m) => driven(small.clock, fence.status(h, m)),
    off: (h, m, may) => driven(small.clock, fence.off(h, m, may)),
    on: (h, m) => driven(small.clock, fence.on(h, m)),
  };
  return { ...small, fence: timely, bmc: small.world.fence(small.host(0), 'bmc'), strip: small.world.fence(small.host(0), 'strip') };
};
const said = (o: { ok: true; value: unknown } | { ok: false; code: string }) => (o.ok ? (o.value ?? 'ok') : o.code);

fenceDeviceContract('simulated, ignoring orders', async () => {
  const b = bench();
  b.strip.ignoresOrders = true;
  // a device of another host, cut off
  const other = b.world.host(b.host(0)).fences as Map<string, typeof b.bmc>;
  other.set('silent', { ...b.bmc, name: 'silent', reachable: false });
  return {
    device: b.fence,
    host: b.host(0),
    good: method('bmc'),
    lying: method('strip'),
    unreachable: method('silent'),
    close: () => b.world.close(),
  };
});

describe('SimFence', () => {
  it('knows whose machine it switches, and switches that one', async () => {
    const b = bench();
    const fence = new SimFence(b.world, { observer: 'node-monitor-1' });
    const [own, other] = [b.host(0), b.host(1)];
    const identity = (m: string) => driven(b.clock, fence.identity(own, method(m)));
    assert.deepEqual(await identity('bmc'), { ok: true, value: machineUuidOf(own) });
    assert.deepEqual(await identity('strip'), { ok: true, value: null });
    b.bmc.wiredTo = other;
    assert.deepEqual(await identity('bmc'), { ok: true, value: machineUuidOf(other) });
    await b.fence.off(own, method('bmc'));
    assert.deepEqual([b.world.powered(own), b.world.powered(other)], [true, false]);
    assert.equal(said(await b.fence.status(own, method('bmc'))), 'off');
  });
  it('takes the guests with the power', async () => {
    const b = bench();
    const vm = b.firstVmOn(0);
    await b.fence.off(b.host(0), method('bmc'));
    assert.equal(b.world.vm(vm).copies.size, 0);
    assert.equal(b.world.powered(b.host(0)), false);
  });
  it('fails, times out and lies as it is told to', async () => {
    const b = bench();
    b.bmc.failing = true;
    assert.equal(said(await b.fence.off(b.host(0), method('bmc'))), 'FENCE_REFUSED');
    b.bmc.failing = false;
    b.bmc.lies = true;
    assert.equal(said(await b.fence.off(b.host(0), method('bmc'))), 'ok');
    assert.equal(said(await b.fence.status(b.host(0), method('bmc'))), 'off');
    assert.equal(b.world.powered(b.host(0)), true);
    assert.equal(said(await b.fence.status(b.host(0), method('no such'))), 'FENCE_MISCONFIGURED');
  });
  it('obeys an order late that was given up', async () => {
    const b = bench();
    b.bmc.slowMs = 30_000;
    assert.equal(said(await b.fence.off(b.host(0), method('bmc'))), 'FENCE_TIMEOUT');
    assert.equal(b.world.powered(b.host(0)), true);
    await b.clock.runFor(20_000);
    assert.equal(b.world.powered(b.host(0)), false);
  });
  it('brings power back by itself where it is set to', async () => {
    const b = bench();
    b.bmc.powersBackOnMs = 10_000;
    await b.fence.off(b.host(0), method('bmc'));
    assert.equal(said(await b.fence.status(b.host(0), method('bmc'))), 'off');
    await b.clock.runFor(120_000);
    assert.equal(b.world.host(b.host(0)).os, 'up');
  });
  it('does not answer without the power of its rack, nor to one who is cut off', async () => {
    const b = bench();
    b.world.cutObserver('migrator-1', true);
    assert.equal(said(await b.fence.status(b.host(0), method('bmc'))), 'FENCE_UNREACHABLE');
    b.world.healObserver('migrator-1');
    assert.equal(said(await b.fence.status(b.host(0), method('bmc'))), 'on');
    b.world.failRack(b.world.host(b.host(0)).spec.rack);
    assert.equal(said(await b.fence.status(b.host(0), method('bmc'))), 'FENCE_UNREACHABLE');
  });
});
