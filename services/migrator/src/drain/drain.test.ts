import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterId, hostId, type IncidentId, incidentId, instant } from '@lifeboat/kernel';
import type { MigrationRecord } from '@lifeboat/ports';
import type { MigrateResult, SetAsideEffect } from '../effects.ts';
import { Orders, v } from '../orders.test.ts';

const DRAIN = incidentId('inc-drain-h1-1');
const h1 = hostId('h1');

class Drain extends Orders {
  opens(o: { disable?: boolean; incident?: IncidentId; epoch?: number } = {}): this {
    return this.hear('lifeboat.drain.opened', {
      incident: o.incident ?? DRAIN,
      host: h1,
      cluster: clusterId('main'),
      cold: false,
      disable: o.disable ?? true,
      by: 'li.wei',
      epoch: o.epoch ?? 1,
      at: this.at,
    });
  }
  aside(): this {
    return this.settle('set-aside', { kind: 'set-aside', disabled: 'by-us', reason: 'Lifeboat drain' });
  }
  /** { 1: ['h2', 'h3'] }: VM 1 to h2, else h3. */
  leave(
    vms: Readonly<Record<number, readonly string[]>>,
    o: { cold?: boolean; stopped?: readonly number[]; epoch?: number; attempt?: number } = {},
  ): this {
    const placements = Object.entries(vms).map(([n, [to, ...others]]) => ({
      vm: v(Number(n)),
      from: h1,
      to: hostId(to ?? 'h2'),
      alternates: others.map(hostId),
      priority: Number(n),
      because: 'room',
    }));
    const { cold = false, stopped = [], epoch = 1, attempt = 1 } = o;
    return this.hear('lifeboat.migration.requested', {
      ...{ incident: DRAIN, host: h1, attempt, placements, cold, epoch },
      stopped: stopped.map(v),
      at: this.at,
    });
  }
  called(n: number, result: Partial<MigrateResult> = {}): this {
    return this.settle('migrate', { kind: 'shifting', how: 'live', adopted: false, known: [], ...result } as MigrateResult, n);
  }
  /** What Nova shows of each: where it is, its record. */
  seen(all: Readonly<Record<number, readonly [host: string, state: MigrationRecord['state'], vmState?: string, id?: string]>>): this {
    const rows = Object.entries(all);
    const vms = rows.map(([n, [host, , vmState = 'active']]) => ({
      ...{ vm: v(Number(n)), name: `v${n}`, host: hostId(host), task: null, fault: vmState === 'error' ? 'as Nova said' : null },
      ...{ status: { active: 'ACTIVE', resized: 'VERIFY_RESIZE', error: 'ERROR' }[vmState] ?? 'SHUTOFF', vmState },
    }));
    const records = rows.map(([n, [, state, , id = `m${n}`]]): MigrationRecord => {
      const how = state === 'arrived' ? 'cold' : 'live';
      return { id, vm: v(Number(n)), from: h1, to: hostId('h2'), how, state, status: state, createdAt: instant(0) };
    });
    return this.settle('watch-shifts', { kind: 'shifts', vms, records });
  }
  drainRecalled(): this {
    return this.hear('lifeboat.drain.recalled', { incident: DRAIN, host: h1, reason: 'ended by li.wei', epoch: 1, at: this.at });
  }
  get asked(): string[] {
    return this.acts.flatMap((e) => (e.kind === 'migrate' ? [`v${Number(e.vm.slice(-12))} ${e.how} to ${e.to}`] : []));
  }
  ends = (): string[] =>
    this.told.flatMap((e) =>
      e.type === 'lifeboat.vm.migrated'
        ? [`v${Number(e.data.vm.slice(-12))} ${e.data.how} to ${e.data.to}`]
        : e.type === 'lifeboat.migration.failed'
          ? [`v${Number(e.data.vm.slice(-12))} ${e.data.then}`]
          : [],
    );
}
const drain = (change?: ConstructorParameters<typeof Orders>[0]) => new Drain(change).opens().aside();

describe('a host is drained', () => {
  it('new VMs are kept away first, with a reason that is no planned work yet', () => {
    const d = new Drain().opens();
    assert.match((d.owedOf('set-aside') as SetAsideEffect).reason, /^Lifeboat drain for li.wei/);
    d.aside();
    assert.deepEqual(d.words('host.set-aside'), ['host.set-aside h1']);
  });
  it('once it is empty it is planned work', () => {
    const d = drain();
    const closed = { incident: DRAIN, host: h1, by: 'li.wei', openedAt: d.at, at: d.at, disabled: true, whole: true };
    d.hear('lifeboat.drain.closed', { ...closed, vms: [], outcome: 'emptied' });
    assert.match((d.owedOf('set-aside') as SetAsideEffect).reason, /^Lifeboat maintenance/);
    assert.equal(d.aside().state.asides.size, 0);
    const partly = drain().hear('lifeboat.drain.closed', { ...closed, vms: [], outcome: 'partly' });
    assert.equal(partly.owedOf('set-aside'), undefined, 'what is left on it is still protected');
  });
  it('is not disabled where that is not wanted', () => {
    const d = new Drain().opens({ disable: false });
    assert.deepEqual([d.acts.length, d.words('host.set-aside')], [0, ['host.set-aside h1']]);
  });
  it('that has failed is refused; so is an order without a drain, or of an older epoch', () => {
    assert.deepEqual(new Drain().dead().opens().words('drain.failed'), ['drain.failed h1']);
    assert.deepEqual(new Drain().leave({ 1: ['h2'] }).asked, []);
    assert.deepEqual(
      new Drain()
        .opens({ epoch: 3 })
        .aside()
        .leave({ 1: ['h2'] }, { epoch: 2 }).asked,
      [],
    );
  });
  it('no act of it forces down, fences or evacuates', () => {
    const d = drain()
      .leave({ 1: ['h2'] })
      .called(1)
      .seen({ 1: ['h2', 'done'] });
    assert.deepEqual([...new Set(d.acts.map((e) => e.kind))], ['set-aside', 'migrate', 'watch-shifts']);
    assert.deepEqual(d.ends(), ['v1 live to h2']);
  });
  it('one that went over and is in error there has gone over, with the words of Nova; one that is well has none', () => {
    for (const [vmState, status, fault] of [
      ['error', 'ERROR', 'as Nova said'],
      ['active', 'ACTIVE', undefined],
    ] as const) {
      const d = drain()
        .leave({ 1: ['h2'] })
        .called(1)
        .seen({ 1: ['h2', 'failed', vmState] });
      const told = d.told.flatMap((e) => (e.type === 'lifeboat.vm.migrated' ? [[e.data.to, e.data.status, e.data.fault]] : []));
      assert.deepEqual(told, [['h2', status, fault]]);
    }
  });
  it('so many at a time: two away from it, two to a target', () => {
    const d = drain().leave({ 1: ['h2'], 2: ['h2'], 3: ['h3'] });
    assert.deepEqual(d.asked, ['v1 live to h2', 'v2 live to h2']);
    d.called(1)
      .called(2)
      .seen({ 1: ['h2', 'done'], 2: ['h1', 'running'] });
    assert.deepEqual(d.asked.slice(2), ['v3 live to h3']);
    const wide = drain({ shiftsPerSourceMost: 9 }).leave({ 1: ['h2'], 2: ['h2'], 3: ['h2'], 4: ['h3'] });
    assert.deepEqual(wide.asked, ['v1 live to h2', 'v2 live to h2', 'v4 live to h3']);
  });
  it('evacuations go first', () => {
    const d = drain()
      .dead('h9')
      .evacuate({ 5: ['h2'] }, { host: 'h9' })
      .leave({ 1: ['h3'] });
    assert.deepEqual(d.asked, []);
    d.taken(5).watched({ 5: { host: 'h2', records: [['r', 'done']] } });
    assert.deepEqual(d.asked, ['v1 live to h3']);
  });
});

describe('a VM leaves', () => {
  it('alive; where that fails on the next host; then it stays, for it is not to be restarted', () => {
    const d = drain()
      .leave({ 1: ['h2', 'h3'] })
      .called(1)
      .seen({ 1: ['h1', 'failed'] })
      .run(3);
    d.called(1).seen({ 1: ['h1', 'failed', 'active', 'm9'] });
    assert.deepEqual(d.asked, ['v1 live to h2', 'v1 live to h3']);
    assert.deepEqual(d.ends(), ['v1 never']);
  });
  it('or cold, where that is allowed, and it is confirmed there', () => {
    const d = drain({ liveTriesMost: 1 })
      .leave({ 1: ['h2'] }, { cold: true })
      .called(1)
      .seen({ 1: ['h1', 'failed'] })
      .run(3);
    assert.deepEqual(d.asked, ['v1 live to h2', 'v1 cold to h2']);
    d.called(1, { how: 'cold' }).seen({ 1: ['h2', 'arrived', 'resized', 'm9'] });
    d.settle('confirm', { kind: 'told-nova' }, 1).seen({ 1: ['h2', 'done', 'active', 'm9'] });
    assert.deepEqual(d.ends(), ['v1 cold to h2']);
  });
  it('cold at once where it is stopped', () => assert.deepEqual(drain().leave({ 1: ['h2'] }, { stopped: [1] }).asked, ['v1 cold to h2']));
  it('and an older record of it says nothing', () => {
    const d = drain()
      .leave({ 1: ['h2'] })
      .called(1, { known: ['m1'] })
      .seen({ 1: ['h1', 'failed'] });
    assert.equal(d.state.shifts.get(v(1))?.stage, 'running');
  });
  it('that hangs is ended by us, and then tried on the next host', () => {
    const d = drain({ liveLimitMs: 5_000 })
      .leave({ 1: ['h2', 'h3'] })
      .called(1)
      .run(6)
      .seen({ 1: ['h1', 'running'] });
    assert.equal(d.owedOf('abort', 1)?.record, 'm1');
    d.settle('abort', { kind: 'told-nova' }, 1)
      .seen({ 1: ['h1', 'failed'] })
      .run(3);
    assert.deepEqual(d.asked.at(-1), 'v1 live to h3');
  });
  it('refused by a target: the next one; asked for again when Nova knows nothing of it', () => {
    const d = drain().leave({ 1: ['h2', 'h3'] });
    d.settle('migrate', { kind: 'shift-refused', then: 'next', code: 'CLOUD_REFUSED', detail: 'disabled' }, 1).run(3);
    assert.deepEqual(d.asked.at(-1), 'v1 live to h3');
  });
});

describe('a drain is ended', () => {
  it('what waits is given back, what is on its way arrives, and nothing is tried again', () => {
    const d = drain()
      .leave({ 1: ['h2'], 2: ['h3', 'h4'], 3: ['h2'] })
      .called(1)
      .called(2)
      .drainRecalled();
    assert.deepEqual(d.ends(), ['v3 ended']);
    d.seen({ 1: ['h2', 'done'] }).seen({ 2: ['h1', 'failed'] });
    assert.deepEqual(d.ends().slice(1), ['v1 live to h2', 'v2 ended']);
  });
  it('by the failure of its host: what waits is given back at once', () => {
    const d = drain()
      .leave({ 1: ['h2'], 2: ['h2'], 3: ['h2'] })
      .called(1)
      .called(2)
      .isolate();
    assert.deepEqual(d.ends(), ['v3 ended']);
  });
});

describe('its host fails while a VM is on its way', () => {
  const dies = () =>
    drain()
      .leave({ 1: ['h2'] })
      .called(1)
      .dead()
      .evacuate({ 1: ['h3'], 2: ['h3'] });
  it('that VM is not evacuated before its migration is decided, the others are', () => {
    const d = dies();
    assert.deepEqual(d.calls, ['v2 to h3']);
    d.seen({ 1: ['h1', 'running'] }).run(5);
    assert.deepEqual(d.calls, ['v2 to h3']);
    d.seen({ 1: ['h1', 'failed'] });
    assert.deepEqual([d.calls, d.ends()], [['v2 to h3', 'v1 to h3'], ['v1 ended']]);
  });
  it('and it is never asked to leave a dead host alive', () => {
    const d = dies()
      .seen({ 1: ['h1', 'failed'] })
      .run(30);
    assert.deepEqual(d.asked, ['v1 live to h2']);
  });
  it('a VM whose migration had not begun when it died is let go of, and evacuated', () => {
    const d = dies().seen({ 1: ['h1', 'waiting'] });
    assert.deepEqual([d.owedOf('free', 1)?.record, d.calls], ['m1', ['v2 to h3']]);
    d.settle('free', { kind: 'revived' }, 1);
    assert.deepEqual([d.ends(), d.calls.at(-1)], [['v1 ended'], 'v1 to h3']);
    d.evacuate({ 1: ['h3'] }, { attempt: 2 });
  });
  it('not before the host is proven dead, nor when Nova does not let go of it', () => {
    const d = drain()
      .leave({ 1: ['h2'] })
      .called(1)
      .isolate()
      .seen({ 1: ['h1', 'waiting'] });
    assert.equal(d.owedOf('free', 1), undefined);
    d.fenced()
      .settle('shut-out', { kind: 'shut-out' })
      .evacuate({ 1: ['h3'] })
      .seen({ 1: ['h1', 'waiting'] });
    d.settle('free', { kind: 'revive-failed', code: 'CLOUD_TIMEOUT', detail: 'away' }, 1);
    assert.deepEqual(d.calls, []);
    assert.equal(d.seen({ 1: ['h1', 'waiting'] }).owedOf('free', 1)?.record, 'm1');
  });
  it('nor while the call is in hand', () => {
    const d = drain()
      .leave({ 1: ['h2'] })
      .dead()
      .evacuate({ 1: ['h3'] });
    assert.deepEqual(d.calls, []);
    d.settle('migrate', { kind: 'shift-refused', then: 'same', code: 'CLOUD_CONFLICT', detail: 'down' }, 1).run(3);
    assert.deepEqual(d.calls, ['v1 to h3']);
  });
});
