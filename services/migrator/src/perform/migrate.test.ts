import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epoch, hostId, instant } from '@lifeboat/kernel';
import type { ComputeService } from '@lifeboat/ports';
import type { FreeEffect, MigrateEffect, SetAsideEffect, ShiftWatchEffect } from '../effects.ts';
import { Acts, cloudVm, H1, H2, INCIDENT, migration, VM } from './acts.test.ts';

const act = { incident: INCIDENT, host: H1 } as const;
const asked: MigrateEffect = {
  ...act,
  kind: 'migrate',
  operation: `${INCIDENT}/migrate/1`,
  vm: VM,
  to: H2,
  how: 'live',
  cold: false,
  known: [],
};
const well = (host: typeof H1): ComputeService => ({ id: host, host, up: true, enabled: true, forcedDown: false, disabledReason: null });
const acts = (prepare: (a: Acts) => void = () => undefined): Acts => {
  const a = new Acts();
  a.cloud.service = { ...well(H1), enabled: false, disabledReason: 'Lifeboat drain for li.wei' };
  a.cloud.services = [well(H2)];
  prepare(a);
  return a;
};
const sent = (a: Acts): string[] =>
  a.cloud.calls.filter((c) => /^(liveMigrate|move|evacuate|forceDown|confirmMove|abort|reset|disable)/.test(c));

describe('one migration is asked for once', () => {
  it('looks at the VM, its records and both compute services, then calls', async () => {
    const a = acts();
    assert.deepEqual(await a.perform(asked), { kind: 'shifting', how: 'live', adopted: false, known: [] });
    assert.deepEqual(a.cloud.calls, ['vm', 'migrationsFrom h1', 'computeServices', 'liveMigrate to h2']);
    assert.deepEqual(a.fence.calls, [], 'no fence device has anything to do with it');
  });
  it('names the records that had been there before: none of them is this one', async () => {
    const a = acts((x) => x.cloud.migrations.push(migration('failed', 'm7')));
    const r = await a.perform({ ...asked, known: ['m1'] });
    assert.deepEqual(r.kind === 'shifting' ? r.known : r, ['m1', 'm7']);
  });
  it('how is decided by what it is now: stopped is moved cold, started again is not restarted unless allowed', async () => {
    const stopped = cloudVm({ vmState: 'stopped', status: 'SHUTOFF' });
    for (const [vm, how, cold, call] of [
      [stopped, 'live', false, 'move to h2'],
      [cloudVm(), 'cold', false, 'liveMigrate to h2'],
      [cloudVm(), 'cold', true, 'move to h2'],
      [cloudVm(), 'live', true, 'liveMigrate to h2'],
    ] as const) {
      const a = acts((x) => {
        x.cloud.vms = [vm];
      });
      await a.perform({ ...asked, how, cold });
      assert.deepEqual(sent(a), [call]);
    }
  });
  it('an earlier life had the call in hand: its record is adopted, also one that has ended well', async () => {
    for (const [state, host] of [
      ['running', H1],
      ['arrived', H2],
      ['done', H2],
    ] as const) {
      const a = acts();
      await a.ledger.admit(asked.operation, epoch(1), 'earlier');
      void a.clock.sleep(5_000).then(() => {
        a.cloud.vms = [cloudVm({ host })];
        a.cloud.migrations = [migration(state)];
      });
      assert.deepEqual(await a.perform(asked), { kind: 'shifting', how: 'live', adopted: true, known: [] }, state);
      assert.deepEqual(sent(a), []);
    }
  });
  it('by an old leader and its successor at once: one call', async () => {
    const a = acts();
    a.cloud.before = (call) => {
      if (call.startsWith('liveMigrate')) {
        a.cloud.vms = [cloudVm({ task: 'migrating' })];
        a.cloud.migrations = [migration('running')];
      }
    };
    const other = a.world.perform(asked, a.context(epoch(2), 'b/2/1'));
    await a.perform(asked);
    await other;
    assert.equal(sent(a).length, 1);
  });
  it('an answer that never came is unsure; a refusal means the next host, or later', async () => {
    for (const [code, kind, then] of [
      ['CLOUD_TIMEOUT', 'shift-unsure', undefined],
      ['CLOUD_FAILED', 'shift-unsure', undefined],
      ['CLOUD_REFUSED', 'shift-refused', 'next'],
      ['CLOUD_CONFLICT', 'shift-refused', 'same'],
      ['CLOUD_UNREACHABLE', 'shift-refused', 'same'],
    ] as const) {
      const a = acts((x) => {
        x.cloud.fails.liveMigrate = code;
      });
      const r = await a.perform(asked);
      assert.deepEqual([r.kind, 'then' in r ? r.then : undefined], [kind, then]);
    }
  });
});

describe('what speaks against a migration', () => {
  const cases: [what: string, prepare: (a: Acts) => void, kind: string, then?: string][] = [
    ['somebody else is migrating it', (a) => a.cloud.migrations.push(migration('running')), 'shift-refused', 'same'],
    ['Nova is at work on it', (a) => a.cloud.vms.splice(0, 1, cloudVm({ task: 'powering-off' })), 'shift-refused', 'same'],
    ['it is locked', (a) => a.cloud.vms.splice(0, 1, cloudVm({ locked: true })), 'shift-refused', 'never'],
    ['it is in error', (a) => a.cloud.vms.splice(0, 1, cloudVm({ vmState: 'error' })), 'shift-refused', 'never'],
    ['it is paused', (a) => a.cloud.vms.splice(0, 1, cloudVm({ vmState: 'paused' })), 'shift-refused', 'never'],
    ['it is elsewhere', (a) => a.cloud.vms.splice(0, 1, cloudVm({ host: hostId('h3') })), 'shifted'],
    ['it does not exist', (a) => a.cloud.vms.pop(), 'gone'],
    ['its host is down', (a) => Object.assign(a.cloud, { service: { ...a.cloud.service, up: false } }), 'shift-refused', 'same'],
    [
      'its host is forced down',
      (a) => Object.assign(a.cloud, { service: { ...a.cloud.service, forcedDown: true } }),
      'shift-refused',
      'same',
    ],
    ['its target is disabled', (a) => a.cloud.services.splice(0, 1, { ...well(H2), enabled: false }), 'shift-refused', 'next'],
    ['its target is down', (a) => a.cloud.services.splice(0, 1, { ...well(H2), up: false }), 'shift-refused', 'next'],
    ['the records cannot be read', (a) => Object.assign(a.cloud.fails, { migrationsFrom: 'CLOUD_TIMEOUT' }), 'shift-refused', 'same'],
    ['the lease is lost', (a) => Object.assign(a, { lease: false }), 'shift-refused', 'same'],
  ];
  for (const [what, prepare, kind, then] of cases)
    it(what, async () => {
      const a = acts((x) => void prepare(x));
      const r = await a.perform(asked);
      assert.deepEqual([r.kind, 'then' in r ? r.then : undefined], [kind, then]);
      assert.deepEqual(sent(a), []);
    });
  it('an order of an older epoch, at the gate', async () => {
    const a = acts();
    await a.world.takeOver?.(epoch(5));
    const r = await a.perform(asked, a.context(epoch(4)));
    assert.ok(r.kind === 'shift-refused' && r.code === 'STALE_EPOCH');
    assert.deepEqual(sent(a), []);
  });
});

describe('a host is set aside', () => {
  const effect: SetAsideEffect = { ...act, kind: 'set-aside', operation: `${INCIDENT}/set-aside/1`, reason: 'Lifeboat drain for li.wei' };
  const enabled = (a: Acts) => {
    a.cloud.service = well(H1);
  };
  it('disabled with the reason, and never forced down', async () => {
    const a = acts(enabled);
    assert.equal((await a.perform(effect)).kind, 'set-aside');
    assert.deepEqual(sent(a), ['disable h1 Lifeboat drain for li.wei']);
  });
  it('what others have disabled stays as they want it', async () => {
    const a = acts((x) => {
      x.cloud.service = { ...well(H1), enabled: false, disabledReason: 'new fan' };
    });
    assert.deepEqual(await a.perform(effect), { kind: 'set-aside', disabled: 'by-others', reason: 'new fan' });
    assert.deepEqual(sent(a), []);
  });
  for (const [what, change, then] of [
    ['down', { up: false }, 'never'],
    ['forced down', { forcedDown: true }, 'never'],
  ] as const)
    it(`not one that is ${what}`, async () => {
      const a = acts((x) => {
        x.cloud.service = { ...well(H1), ...change };
      });
      const r = await a.perform(effect);
      assert.deepEqual([r.kind, 'then' in r ? r.then : '', sent(a)], ['not-set-aside', then, []]);
    });
  it('again later where Nova did not answer, never where it may not', async () => {
    for (const [code, then] of [
      ['CLOUD_TIMEOUT', 'again'],
      ['CLOUD_FORBIDDEN', 'never'],
    ] as const) {
      const a = acts((x) => {
        enabled(x);
        x.cloud.fails.disable = code;
      });
      const r = await a.perform(effect);
      assert.equal('then' in r ? r.then : '', then);
    }
  });
});

describe('what is under way', () => {
  it('is read records first, then the VMs', async () => {
    const a = acts((x) => x.cloud.migrations.push(migration('running')));
    const effect: ShiftWatchEffect = { ...act, kind: 'watch-shifts', operation: 'watch-shifts/1', vms: [VM], since: instant(0) };
    const r = await a.perform(effect);
    assert.deepEqual(a.cloud.calls, ['migrationsFrom h1', 'vms 1']);
    assert.ok(r.kind === 'shifts' && r.vms.length === 1 && r.records.length === 1);
  });
  it('a cold move is confirmed only where it waits for that', async () => {
    const effect = { ...act, kind: 'confirm', operation: `${INCIDENT}/confirm/1`, vm: VM } as const;
    const waits = cloudVm({ vmState: 'resized', status: 'VERIFY_RESIZE', host: H2 });
    for (const [vm, calls] of [
      [waits, ['confirmMove']],
      [{ ...waits, task: 'resize_confirming' }, []],
      [cloudVm({ host: H2 }), []],
    ] as const) {
      const a = acts((x) => {
        x.cloud.vms = [vm];
      });
      await a.perform(effect);
      assert.deepEqual(sent(a), calls);
    }
  });
  it('a live migration is ended only while its VM lies where it was', async () => {
    const effect = { ...act, kind: 'abort', operation: `${INCIDENT}/abort/1`, vm: VM, record: '7' } as const;
    for (const [host, calls] of [
      [H1, ['abortMigration 7']],
      [H2, []],
    ] as const) {
      const a = acts((x) => {
        x.cloud.vms = [cloudVm({ host, task: 'migrating' })];
      });
      await a.perform(effect);
      assert.deepEqual(sent(a), calls);
    }
  });
});

describe('a VM is let go of whose migration had not begun when its host died', () => {
  const proof = { host: H1, kind: 'fence' as const, method: 'bmc', at: instant(1), detail: '' };
  const effect: FreeEffect = { ...act, kind: 'free', operation: `${INCIDENT}/free/1`, vm: VM, record: 'm1', proof };
  const waits = (x: Acts) => {
    x.cloud.vms = [cloudVm({ task: 'migrating' })];
    x.cloud.migrations = [migration('waiting')];
  };
  it('its power and its record are looked at first; then its task is reset', async () => {
    const a = acts(waits);
    assert.deepEqual(await a.perform(effect), { kind: 'revived' });
    assert.deepEqual(a.cloud.calls, ['migrationsFrom h1', 'vm', 'resetToError']);
    assert.deepEqual(a.fence.calls, ['status bmc']);
  });
  it('one that Nova has let go of needs nothing', async () => {
    const a = acts((x) => x.cloud.migrations.push(migration('waiting')));
    assert.deepEqual(await a.perform(effect), { kind: 'revived' });
    assert.deepEqual(sent(a), []);
  });
  const cases: [what: string, prepare: (a: Acts) => void][] = [
    ['its host is powered on', (a) => a.fence.states.splice(0, 1, 'on')],
    ['it was begun: its guest may be at the other end', (a) => a.cloud.migrations.splice(0, 1, migration('running'))],
    ['its record is not there', (a) => a.cloud.migrations.pop()],
    ['it is elsewhere', (a) => a.cloud.vms.splice(0, 1, cloudVm({ host: H2, task: 'migrating' }))],
    ['the records cannot be read', (a) => Object.assign(a.cloud.fails, { migrationsFrom: 'CLOUD_TIMEOUT' })],
    ['the lease is lost', (a) => Object.assign(a, { lease: false })],
  ];
  for (const [what, prepare] of cases)
    it(`not where ${what}`, async () => {
      const a = acts((x) => {
        waits(x);
        prepare(x);
      });
      assert.deepEqual([(await a.perform(effect)).kind, sent(a)], ['revive-failed', []]);
    });
  it('then it is evacuated, whatever that record goes on saying; another undecided one still holds it', async () => {
    const a = acts((x) => x.cloud.migrations.push(migration('waiting')));
    assert.equal((await a.perform(a.evacuation([]))).kind, 'refused');
    assert.equal((await a.perform(a.evacuation(['migration m1'], 2))).kind, 'taken');
    const b = acts((x) => x.cloud.migrations.push(migration('running', 'm2'), migration('waiting')));
    assert.equal((await b.perform(b.evacuation(['migration m1']))).kind, 'refused');
  });
});
