import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epoch, type FailureCode, hostId } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import { Acts, cloudVm, migration, record } from './acts.test.ts';

describe('one evacuation is asked for once', () => {
  it('looks at power and VM first, then at the ledger, then calls', async () => {
    const a = new Acts();
    assert.deepEqual(await a.perform(a.evacuation()), { kind: 'taken', adopted: false });
    assert.deepEqual(a.cloud.calls, ['vm', 'migrationsFrom h1', 'evacuate to h2']);
    assert.deepEqual(a.fence.calls, ['status bmc'], 'the device that proved it');
    assert.deepEqual([...a.ledger.entries().keys()], [a.evacuation().operation]);
  });
  it('the ledger knows of an earlier try: its call is waited for and looked for; not there, it is made', async () => {
    const a = new Acts();
    await a.ledger.admit(a.evacuation().operation, epoch(1), 'earlier');
    const from = a.clock.now();
    let calledAt = 0;
    a.cloud.before = (call) => {
      if (call.startsWith('evacuate ')) calledAt = a.clock.now();
    };
    assert.deepEqual(await a.perform(a.evacuation()), { kind: 'taken', adopted: false });
    assert.deepEqual(a.cloud.calls, ['vm', 'migrationsFrom h1', 'vm', 'evacuationsFrom h1', 'migrationsFrom h1', 'evacuate to h2']);
    assert.ok(calledAt - from >= 10_000);
  });
  it("the ledger knows of an earlier try, and Nova's record shows up meanwhile: adopted, no call", async () => {
    const a = new Acts();
    await a.ledger.admit(a.evacuation().operation, epoch(1), 'earlier');
    void a.clock.sleep(5_000).then(() => a.cloud.records.push(record('running')));
    assert.deepEqual(await a.perform(a.evacuation()), { kind: 'taken', adopted: true });
    assert.equal(a.evacuateCalls, 0);
  });
  it('the earlier try has moved it already: elsewhere, no call', async () => {
    const a = new Acts();
    await a.ledger.admit(a.evacuation().operation, epoch(1), 'earlier');
    void a.clock.sleep(5_000).then(() => {
      a.cloud.vms = [cloudVm({ host: hostId('h2') })];
    });
    assert.deepEqual(await a.perform(a.evacuation()), { kind: 'elsewhere' });
    assert.equal(a.evacuateCalls, 0);
  });
  it('performed twice at once, by an old leader and its successor: one call', async () => {
    const a = new Acts();
    a.cloud.before = (call) => {
      if (call.startsWith('evacuate ')) a.cloud.vms = [cloudVm({ task: 'rebuilding' })];
    };
    const other = a.world.perform(a.evacuation(), a.context(epoch(2), 'b/2/1'));
    const results = [await a.perform(a.evacuation()), await other];
    assert.equal(a.evacuateCalls, 1, JSON.stringify(results));
  });
});

describe('what speaks against a call', () => {
  const refusedCall = async (prepare: (a: Acts) => void, effect?: (a: Acts) => ReturnType<Acts['evacuation']>) => {
    const a = new Acts();
    prepare(a);
    const result = await a.perform(effect?.(a) ?? a.evacuation());
    assert.equal(a.evacuateCalls, 0);
    return result;
  };
  it('the host is powered on', async () => {
    const r = await refusedCall((a) => {
      a.fence.states = ['on'];
    });
    assert.ok(r.kind === 'host-alive' && /bmc now says that h1 is on/.test(r.detail));
  });
  it('a silent fence device does not: what was proven stays proven', async () => {
    const a = new Acts();
    a.fence.states = ['FENCE_UNREACHABLE'];
    assert.equal((await a.perform(a.evacuation())).kind, 'taken');
  });
  it('the VM is on another host', async () => {
    assert.deepEqual(await refusedCall((a) => void a.cloud.vms.splice(0, 1, cloudVm({ host: hostId('h3') }))), { kind: 'elsewhere' });
  });
  it('the VM does not exist', async () => {
    assert.deepEqual(await refusedCall((a) => void a.cloud.vms.pop()), { kind: 'gone' });
  });
  it('Nova has a running record of it: adopted', async () => {
    const r = await refusedCall((a) => {
      a.cloud.vms = [cloudVm({ task: 'rebuilding' })];
      a.cloud.records = [record('running')];
    });
    assert.deepEqual(r, { kind: 'taken', adopted: true });
  });
  it('Nova is rebuilding it, record or not', async () => {
    const r = await refusedCall((a) => {
      a.cloud.vms = [cloudVm({ task: 'rebuild_spawning' })];
      a.cloud.records = [record('failed')];
    });
    assert.ok(r.kind === 'refused' && r.then === 'same' && r.code === 'CLOUD_CONFLICT');
  });
  it('a task that hangs from before, or a record known to have ended, does not', async () => {
    const a = new Acts();
    a.cloud.vms = [cloudVm({ task: 'rebooting' })];
    a.cloud.records = [record('running', 'r0'), record('done', 'r-1')];
    assert.deepEqual(await a.perform(a.evacuation(['r0'])), { kind: 'taken', adopted: false });
    assert.equal(a.evacuateCalls, 1);
  });
  it("nor does its owner's stop that the dead host could not obey: it is remembered, whatever Nova answers", async () => {
    for (const fails of [undefined, 'CLOUD_TIMEOUT'] as const) {
      const a = new Acts();
      a.cloud.vms = [cloudVm({ task: 'powering-off' })];
      if (fails !== undefined) a.cloud.fails.evacuate = fails;
      const r = await a.perform(a.evacuation([]));
      assert.ok((r.kind === 'taken' || r.kind === 'unsure') && r.stopAsked === true, r.kind);
    }
  });
  it('it was migrating when its host failed, and that is not decided: by its task, and by its record though its task is gone', async () => {
    for (const [vm, migrations] of [
      [cloudVm({ task: 'migrating' }), []],
      [cloudVm({ task: 'resize_migrating' }), []],
      [cloudVm(), [migration('running')]],
      [cloudVm(), [migration('failed', 'm2'), migration('running')]],
    ] as const) {
      const r = await refusedCall((a) => {
        a.cloud.vms = [vm];
        a.cloud.migrations = [...migrations];
      });
      assert.ok(r.kind === 'refused' && r.then === 'same' && r.code === 'CLOUD_CONFLICT' && /decided/.test(r.detail));
    }
  });
  it('a migration that has ended does not', async () => {
    const a = new Acts();
    a.cloud.migrations = [migration('done'), migration('failed', 'm0')];
    assert.equal((await a.perform(a.evacuation())).kind, 'taken');
  });
  it('the VM or the records cannot be read', async () => {
    for (const what of ['vm', 'evacuationsFrom', 'migrationsFrom'] as const) {
      const r = await refusedCall((a) => {
        if (what !== 'migrationsFrom') a.cloud.vms = [cloudVm({ task: 'rebuilding' })];
        a.cloud.fails[what] = 'CLOUD_UNREACHABLE';
      });
      assert.ok(r.kind === 'refused' && r.then === 'same' && r.code === 'CLOUD_UNREACHABLE', what);
    }
  });
  it('the lease is lost right before the call', async () => {
    const r = await refusedCall((a) => {
      a.cloud.before = () => {
        a.lease = false;
      };
    });
    assert.ok(r.kind === 'refused' && r.code === 'LEASE_LOST');
  });
  it('the lease is lost while an earlier call is waited for', async () => {
    const a = new Acts();
    await a.ledger.admit(a.evacuation().operation, epoch(1), 'earlier');
    void a.clock.sleep(5_000).then(() => {
      a.lease = false;
    });
    assert.equal((await a.perform(a.evacuation())).kind, 'refused');
    assert.equal(a.evacuateCalls, 0);
  });
  it('the ledger has seen a newer epoch', async () => {
    const a = new Acts();
    assert.equal(await a.world.takeOver?.(epoch(5)), true);
    const r = await a.perform(a.evacuation(), a.context(epoch(4)));
    assert.ok(r.kind === 'refused' && r.code === 'STALE_EPOCH');
    assert.equal(a.evacuateCalls, 0);
    assert.equal(await a.world.takeOver?.(epoch(4)), false);
  });
});

describe("what Nova's answer means", () => {
  const meanings: [code: CloudFailure, kind: string, then?: string][] = [
    ['CLOUD_TIMEOUT', 'unsure'],
    ['CLOUD_FAILED', 'unsure'],
    ['CLOUD_BAD_ANSWER', 'unsure'],
    ['CLOUD_HOST_STILL_UP', 'not-shut-out'],
    ['CLOUD_NOT_FOUND', 'refused', 'next'],
    ['CLOUD_REFUSED', 'refused', 'next'],
    ['CLOUD_FORBIDDEN', 'refused', 'same'],
    ['CLOUD_UNAUTHORIZED', 'refused', 'same'],
    ['CLOUD_UNREACHABLE', 'refused', 'same'],
    ['CLOUD_CONFLICT', 'refused', 'same'],
  ];
  for (const [code, kind, then] of meanings) {
    it(`${code}: ${kind}${then === undefined ? '' : `, ${then}`}`, async () => {
      const a = new Acts();
      a.cloud.fails.evacuate = code;
      const r = await a.perform(a.evacuation());
      assert.deepEqual([r.kind, 'then' in r ? r.then : undefined, (r as { code: FailureCode }).code], [kind, then, code]);
      assert.equal(a.evacuateCalls, 1, 'it is not called again here');
    });
  }
  it('a process that loses its lease in the very moment of the call: nothing is asked of Nova', async () => {
    const a = new Acts();
    const call = a.perform(a.evacuation([]));
    a.cloud.before = (name) => {
      if (name.startsWith('evacuate ')) a.lease = false;
    };
    const r = await call;
    assert.ok(r.kind === 'refused' && r.then === 'same', JSON.stringify(r));
  });
});
