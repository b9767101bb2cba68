import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { epoch } from '@lifeboat/kernel';
import { eventually, type Outage, refusedAs, taken, uniqueName, within } from './contract-tools.ts';
import type { OperationLedger, StateStore } from './state-store.ts';

export interface StateHarness {
  readonly store: StateStore;
  /** Empty: no other test has shown it an epoch. */
  readonly ledger: OperationLedger;
  readonly outage: Outage;
  /** A new connection to the same content, as a restarted service makes it. */
  reopen(): Promise<{ readonly store: StateStore; readonly ledger: OperationLedger }>;
  close(): Promise<void>;
}

const LIMIT = { timeout: 60_000 };
/** Every call has an end; two seconds is what the adapters promise. */
const ANSWER_MS = 4_000;
const e = epoch;
const put = (rows: Record<string, string>) => ({ put: rows, del: [] });
const del = (...keys: string[]) => ({ put: {}, del: keys });

export function stateContract(adapter: string, open: () => Promise<StateHarness>) {
  const test = (what: string, body: (h: StateHarness) => Promise<void>) =>
    it(what, LIMIT, async () => {
      const h = await open();
      try {
        await body(h);
      } finally {
        await h.close();
      }
    });
  describe(`StateStore: ${adapter}`, () => storeTests(test));
  describe(`OperationLedger: ${adapter}`, () => ledgerTests(test));
}

type Test = (what: string, body: (h: StateHarness) => Promise<void>) => void;

function storeTests(test: Test) {
  test('is empty at first, then holds what was committed', async ({ store }) => {
    const s = uniqueName('svc');
    assert.deepEqual(taken(await store.claim(s, e(1))), {});
    taken(await store.commit(s, e(1), { hosts: put({ h1: '{"a":1}', h2: '{"b":2}' }), positions: put({ 't/0': '7' }) }));
    const expected = { hosts: { h1: '{"a":1}', h2: '{"b":2}' }, positions: { 't/0': '7' } };
    assert.deepEqual(taken(await store.read(s)), expected);
    assert.deepEqual(taken(await store.claim(s, e(2))), expected);
  });
  test('puts, replaces and deletes in one commit; an emptied table is gone', async ({ store }) => {
    const s = uniqueName('svc');
    taken(await store.commit(s, e(1), { a: put({ x: '1', y: '2' }), b: put({ z: '3' }) }));
    taken(await store.commit(s, e(1), { a: { put: { x: '9', w: '4' }, del: ['y', 'nothing'] }, b: del('z') }));
    assert.deepEqual(taken(await store.read(s)), { a: { x: '9', w: '4' } });
  });
  test('keeps values as given', async ({ store }) => {
    const s = uniqueName('svc');
    const rows = { empty: '', 'a key {with} braces:and *': 'null', 主機: '"疏散 ✓ \u0000"', large: 'x'.repeat(1_000_000), number: '1e400' };
    taken(await store.commit(s, e(1), { t: put(rows) }));
    assert.deepEqual(taken(await store.read(s)), { t: rows });
  });
  test('takes thousands of rows in one commit', async ({ store }) => {
    const s = uniqueName('svc');
    const rows = Object.fromEntries(Array.from({ length: 9_000 }, (_, i) => [`h${i}`, `{"i":${i}}`]));
    taken(await store.commit(s, e(1), { t: put(rows) }));
    assert.deepEqual(taken(await store.claim(s, e(1))), { t: rows });
    taken(await store.commit(s, e(1), { t: del(...Object.keys(rows).slice(1)) }));
    assert.deepEqual(taken(await store.read(s)), { t: { h0: '{"i":0}' } });
  });
  test('takes commits in the order of the calls', async ({ store }) => {
    const s = uniqueName('svc');
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit(s, e(1), { t: put({ last: `${i}` }) })));
    for (const o of all) taken(o);
    assert.deepEqual(taken(await store.read(s)), { t: { last: '49' } });
  });
  test('keeps services apart', async ({ store }) => {
    const [a, b] = [uniqueName('svc'), uniqueName('svc')];
    taken(await store.claim(a, e(9)));
    taken(await store.commit(b, e(1), { t: put({ k: 'b' }) }));
    assert.deepEqual(taken(await store.read(a)), {});
  });
  test('refuses an older epoch at claim and at commit, and stores nothing of it', async ({ store }) => {
    const s = uniqueName('svc');
    taken(await store.claim(s, e(1)));
    taken(await store.commit(s, e(1), { a: put({ k: 'one' }) }));
    taken(await store.claim(s, e(2)));
    refusedAs(await store.commit(s, e(1), { a: put({ k: 'zombie' }), b: put({ k: 'zombie' }) }), 'STALE_EPOCH');
    refusedAs(await store.commit(s, e(1), { a: del('k') }), 'STALE_EPOCH');
    refusedAs(await store.claim(s, e(1)), 'STALE_EPOCH');
    assert.deepEqual(taken(await store.read(s)), { a: { k: 'one' } });
    taken(await store.claim(s, e(2)));
    taken(await store.commit(s, e(2), { a: put({ k: 'two' }) }));
  });
  test('a commit shows its epoch too; numbers are compared as numbers', async ({ store }) => {
    const s = uniqueName('svc');
    taken(await store.commit(s, e(10), { t: put({ k: 'ten' }) }));
    refusedAs(await store.commit(s, e(9), { t: put({ k: 'nine' }) }), 'STALE_EPOCH');
    refusedAs(await store.claim(s, e(9)), 'STALE_EPOCH');
    taken(await store.commit(s, e(2 ** 52), { t: put({ k: 'large' }) }));
    refusedAs(await store.claim(s, e(2 ** 52 - 1)), 'STALE_EPOCH');
  });
  test('reading shows no epoch', async ({ store }) => {
    const s = uniqueName('svc');
    taken(await store.claim(s, e(3)));
    taken(await store.read(s));
    taken(await store.commit(s, e(3), { t: put({ k: '1' }) }));
  });
  test('survives a new connection, gate and all', async ({ store, reopen }) => {
    const s = uniqueName('svc');
    taken(await store.claim(s, e(5)));
    taken(await store.commit(s, e(5), { t: put({ k: '1' }) }));
    const again = await reopen();
    refusedAs(await again.store.claim(s, e(4)), 'STALE_EPOCH');
    assert.deepEqual(taken(await again.store.claim(s, e(6))), { t: { k: '1' } });
    refusedAs(await store.commit(s, e(5), { t: put({ k: '2' }) }), 'STALE_EPOCH');
  });
  test('away: refuses within its limit, says so, and comes back with everything', async ({ store, outage }) => {
    const s = uniqueName('svc');
    taken(await store.commit(s, e(1), { t: put({ k: '1' }) }));
    await sleep(1_100); // an append-only file is synced every second
    await outage.away();
    refusedAs(await within('commit', ANSWER_MS, store.commit(s, e(1), { t: put({ k: '2' }) })), 'STORE_UNREACHABLE');
    refusedAs(await within('claim', ANSWER_MS, store.claim(s, e(1))), 'STORE_UNREACHABLE');
    refusedAs(await within('read', ANSWER_MS, store.read(s)), 'STORE_UNREACHABLE');
    await eventually('connected() is false', () => !store.connected(), ANSWER_MS);
    await outage.back();
    await eventually('it answers again', async () => (await store.read(s)).ok, 20_000);
    assert.equal(store.connected(), true);
    const kept = taken(await store.claim(s, e(1))).t?.k;
    assert.ok(kept === '1' || kept === '2', `what was refused may have been taken; nothing else is there: ${kept}`);
    taken(await store.commit(s, e(1), { t: put({ k: '3' }) }));
    assert.deepEqual(taken(await store.read(s)), { t: { k: '3' } });
  });
}

function ledgerTests(test: Test) {
  test('admits an operation once', async ({ ledger }) => {
    assert.deepEqual(taken(await ledger.admit('i1/fence/h1', e(1), 'a1')), { kind: 'go' });
    assert.deepEqual(taken(await ledger.admit('i1/fence/h1', e(1), 'a1')), { kind: 'running', epoch: 1, attempt: 'a1' });
    assert.deepEqual(taken(await ledger.admit('i1/fence/h1', e(2), 'a2')), { kind: 'running', epoch: 1, attempt: 'a1' });
    assert.deepEqual(taken(await ledger.admit('i1/fence/h2', e(2), 'a3')), { kind: 'go' });
  });
  test('lets only one of many through', async ({ ledger }) => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => ledger.admit('i1/evacuate/v1', e(1), `a${i}`)));
    assert.equal(all.map(taken).filter((a) => a.kind === 'go').length, 1);
  });
  test('tells the result of what is settled, for ever the first', async ({ ledger }) => {
    taken(await ledger.admit('i1/x', e(1), 'a1'));
    taken(await ledger.settle('i1/x', e(1), '{"done":"疏散"}', false));
    assert.deepEqual(taken(await ledger.admit('i1/x', e(1), 'a2')), { kind: 'settled', result: '{"done":"疏散"}' });
    taken(await ledger.settle('i1/x', e(1), 'other', false));
    taken(await ledger.settle('i1/x', e(1), 'late failure', true));
    assert.deepEqual(taken(await ledger.admit('i1/x', e(2), 'a3')), { kind: 'settled', result: '{"done":"疏散"}' });
  });
  test('what failed for sure may be admitted anew', async ({ ledger }) => {
    taken(await ledger.admit('i1/x', e(1), 'a1'));
    taken(await ledger.settle('i1/x', e(1), 'refused', true));
    assert.deepEqual(taken(await ledger.admit('i1/x', e(1), 'a2')), { kind: 'go' });
    assert.deepEqual(taken(await ledger.admit('i1/x', e(1), 'a3')), { kind: 'running', epoch: 1, attempt: 'a2' });
  });
  test('a newer leader may settle what an older one began, or what nobody did', async ({ ledger }) => {
    taken(await ledger.admit('i1/x', e(1), 'a1'));
    taken(await ledger.settle('i1/x', e(2), 'found done', false));
    taken(await ledger.settle('i1/y', e(2), 'found done', false));
    assert.equal(taken(await ledger.admit('i1/x', e(2), 'a2')).kind, 'settled');
    assert.equal(taken(await ledger.admit('i1/y', e(2), 'a2')).kind, 'settled');
  });
  test('refuses older epochs after a claim, at admit, at settle and at claim', async ({ ledger }) => {
    taken(await ledger.admit('i1/x', e(9), 'a1'));
    taken(await ledger.claim(e(10)));
    refusedAs(await ledger.admit('i1/x', e(9), 'a1'), 'STALE_EPOCH');
    refusedAs(await ledger.admit('i1/new', e(9), 'a1'), 'STALE_EPOCH');
    refusedAs(await ledger.settle('i1/x', e(9), 'done', false), 'STALE_EPOCH');
    refusedAs(await ledger.settle('i1/x', e(9), 'failed', true), 'STALE_EPOCH');
    refusedAs(await ledger.claim(e(9)), 'STALE_EPOCH');
    assert.deepEqual(taken(await ledger.admit('i1/new', e(10), 'a2')), { kind: 'go' });
    assert.deepEqual(taken(await ledger.admit('i1/x', e(10), 'a2')), { kind: 'running', epoch: 9, attempt: 'a1' });
  });
  test('an admission or a settlement shows its epoch as a claim does', async ({ ledger }) => {
    taken(await ledger.admit('i1/x', e(3), 'a1'));
    refusedAs(await ledger.admit('i1/y', e(2), 'a2'), 'STALE_EPOCH');
    taken(await ledger.settle('i1/x', e(4), 'done', false));
    refusedAs(await ledger.admit('i1/y', e(3), 'a2'), 'STALE_EPOCH');
  });
  test('forgets an incident when its time is over, and no other', async ({ ledger }) => {
    taken(await ledger.admit('i1/x', e(1), 'a1'));
    taken(await ledger.admit('i1/y', e(1), 'a1'));
    taken(await ledger.admit('i10/x', e(1), 'a1'));
    taken(await ledger.settle('i1/y', e(1), 'done', false));
    taken(await ledger.forget('i1', 500));
    taken(await ledger.forget('no such incident', 1));
    assert.equal(taken(await ledger.admit('i1/x', e(1), 'a2')).kind, 'running', 'not yet');
    await sleep(700);
    assert.equal(taken(await ledger.admit('i1/x', e(1), 'a2')).kind, 'go');
    assert.equal(taken(await ledger.admit('i1/y', e(1), 'a2')).kind, 'go');
    assert.equal(taken(await ledger.admit('i10/x', e(1), 'a2')).kind, 'running');
    refusedAs(await ledger.admit('i1/z', e(0), 'a2'), 'STALE_EPOCH');
  });
  test('survives a new connection', async ({ ledger, reopen }) => {
    taken(await ledger.admit('i1/x', e(2), 'a1'));
    const again = await reopen();
    assert.deepEqual(taken(await again.ledger.admit('i1/x', e(3), 'a2')), { kind: 'running', epoch: 2, attempt: 'a1' });
    refusedAs(await ledger.settle('i1/x', e(2), 'done', false), 'STALE_EPOCH');
  });
  test('away: no admission, so no act', async ({ ledger, outage }) => {
    await outage.away();
    refusedAs(await within('admit', ANSWER_MS, ledger.admit('i1/x', e(1), 'a1')), 'STORE_UNREACHABLE');
    refusedAs(await within('settle', ANSWER_MS, ledger.settle('i1/x', e(1), 'done', false)), 'STORE_UNREACHABLE');
    refusedAs(await within('claim', ANSWER_MS, ledger.claim(e(1))), 'STORE_UNREACHABLE');
    refusedAs(await within('forget', ANSWER_MS, ledger.forget('i1', 1)), 'STORE_UNREACHABLE');
    await outage.back();
    await eventually('it answers again', async () => (await ledger.claim(e(1))).ok, 20_000);
  });
}
