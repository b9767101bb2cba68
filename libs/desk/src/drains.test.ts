import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { instant } from '@lifeboat/kernel';
import { bar, type DrainWish, drain, drainsIn, report, stopDrain } from './drains.ts';

const incident = 'inc-drain-h1-1' as never;
const v = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
let sequence = 0;
const told = (type: string, data: object): LifeboatEvent => {
  const time = instant(1_000 + 100 * ++sequence);
  return {
    type,
    data: { incident, host: 'h1', from: 'h1', at: time, ...data },
    incident,
    id: `${sequence}`,
    source: 'x',
    time,
    sequence,
  } as never;
};
const placements = [1, 2, 3].map((n) => ({ vm: v(n), from: 'h1', to: 'h2', alternates: [], priority: n, because: 'room' }));
const begun = [
  told('lifeboat.drain.opened', { by: 'li.wei', at: 1_000 }),
  told('lifeboat.migration.requested', { placements }),
  told('lifeboat.migration.started', { vm: v(1), to: 'h2', how: 'live' }),
  told('lifeboat.vm.migrated', { vm: v(1), to: 'h2', how: 'live', tookMs: 4_200 }),
  told('lifeboat.migration.started', { vm: v(2), to: 'h2', how: 'live' }),
];
const closed = told('lifeboat.drain.closed', {
  ...{ outcome: 'partly', reason: '1 of 2 VMs are left', disabled: true, whole: true, by: 'li.wei', openedAt: 1_000 },
  vms: [
    { vm: v(1), name: 'web-1', outcome: 'moved', host: 'h2', how: 'live', tookMs: 4_200 },
    { vm: v(2), name: 'gpu', outcome: 'left', host: 'h1', reason: 'it has a PCI device' },
  ],
});
const wish: DrainWish = { by: 'li.wei', at: instant(9_000), vms: [], go: false, decline: false, cold: undefined, disable: true };

describe('drains at the command line', () => {
  it('progress: how many are done, on their way, and for how long', () => {
    const [d] = drainsIn(begun);
    assert.match(bar(d as never, 6_000), /1 of 3 VMs done, 1 on their way, 5\.0 s/);
    assert.match(bar(drainsIn([...begun, told('lifeboat.drain.waiting', { reason: 'no room' })])[0] as never, 6_000), /waits: no room/);
  });
  it('one that needs somebody: where it is, and why', () => {
    const item = (n: number) => told('lifeboat.vm.unevacuable', { vm: v(n), reason: 'as it says', drained: true, actions: ['dismiss'] });
    const failed = told('lifeboat.migration.failed', { vm: v(2), reason: 'refused', then: 'never' });
    const [d] = drainsIn([...begun, item(1), failed, item(2)]);
    assert.deepEqual(
      d?.vms.filter((x) => x.over).map((x) => x.is),
      ['on h2 (live, 4.2 s): as it says', 'stays: as it says'],
    );
  });
  it('the report: each VM where, how, in what time, or why not', () => {
    const lines = report(drainsIn([...begun, closed])[0]?.closed as never).join('\n');
    assert.match(lines, /h1: partly after/);
    assert.match(lines, /web-1 +moved +h2 +live +4\.2 s/);
    assert.match(lines, /gpu +left +h1 +it has a PCI device/);
    assert.match(lines, /release --host/);
  });
  it('the plan is shown first; --yes orders it, with what was said', () => {
    const shown = drain([], 'h1', wish, ['the plan']);
    assert.deepEqual([shown.order, shown.lines[0]], [null, 'the plan']);
    const order = drain([], 'h1', { ...wish, go: true, cold: true, disable: false, vms: [v(1)] }, []).order;
    assert.deepEqual(order?.data, { host: 'h1', vms: [v(1)], cold: true, disable: false, by: 'li.wei', at: 9_000 });
    assert.equal('cold' in (drain([], 'h1', { ...wish, go: true }, []).order?.data ?? {}), false, 'left to the cluster');
  });
  it('a second one is refused; asked for without --yes it shows the first', () => {
    assert.throws(() => drain(begun, 'h1', { ...wish, go: true }, []), /li\.wei is draining h1/);
    assert.match(drain(begun, 'h1', wish, []).lines.join('\n'), /live to h2 …/);
    assert.equal(drain([...begun, closed], 'h1', { ...wish, go: true }, []).order?.type, 'lifeboat.drain.chosen');
  });
  it('--stop', () => assert.equal(stopDrain('h1', wish).order?.type, 'lifeboat.drain.halted'));
});
