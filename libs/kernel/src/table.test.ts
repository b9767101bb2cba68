import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Table } from './table.ts';

const names = (n: number) => Array.from({ length: n }, (_, i) => `host-${i}`);
/** Puts and deletes in a fixed, well mixed order, and what a plain Map makes of them. */
const mixed = (steps: number): { table: Table<number>; map: Map<string, number> } => {
  let table = Table.empty<number>();
  const map = new Map<string, number>();
  for (let i = 0; i < steps; i++) {
    const key = `k${(i * 7919) % 97}`;
    if (i % 5 === 3) {
      table = table.delete(key);
      map.delete(key);
    } else {
      table = table.set(key, i);
      map.set(key, i);
    }
  }
  return { table, map };
};

describe('Table', () => {
  it('holds what a Map would hold, after any puts and deletes', () => {
    const { table, map } = mixed(1_000);
    assert.equal(table.size, map.size);
    assert.deepEqual(new Map(table.entries()), map);
    for (const k of names(3)) assert.equal(table.get(k), undefined);
    for (const [k, v] of map) assert.ok(table.has(k) && table.get(k) === v);
  });
  it('gives keys, entries and values in key order, whatever the order of putting', () => {
    const put = (keys: readonly string[]) => keys.reduce((t, k) => t.set(k, k), Table.empty<string>());
    const sorted = names(200).sort();
    for (const t of [put(names(200)), put(names(200).reverse()), Table.of(names(200).map((k) => [k, k] as const))]) {
      assert.deepEqual(t.keys(), sorted);
      assert.deepEqual(t.values(), sorted);
      assert.deepEqual(
        t.entries().map(([k]) => k),
        sorted,
      );
    }
  });
  it('never changes: what was read stays as it was when something is put or deleted', () => {
    const before = Table.of([
      ['a', 1],
      ['b', 2],
    ]);
    before.set('a', 9).set('c', 3).delete('b');
    assert.deepEqual(before.entries(), [
      ['a', 1],
      ['b', 2],
    ]);
    assert.equal(before.size, 2);
    assert.deepEqual(Table.empty().keys(), [], 'the shared empty table stays empty');
  });
  it('is itself when nothing changes, so that nothing is stored', () => {
    const t = Table.of<number | undefined>([
      ['a', 1],
      ['none', undefined],
    ]);
    assert.equal(t.set('a', 1), t);
    assert.equal(t.delete('b'), t);
    assert.notEqual(t.set('b', undefined), t, 'a key with the value undefined is there');
    assert.ok(t.set('b', undefined).has('b'));
  });

  it('changesSince names exactly what was put, put anew and deleted', () => {
    const before = Table.of<number>(names(300).map((k) => [k, 0] as const));
    const after = before.set('host-7', 1).set('new', 2).delete('host-8').set('host-9', 0);
    const { put, del } = after.changesSince(before);
    assert.deepEqual(Object.fromEntries(put), { 'host-7': 1, new: 2 });
    assert.deepEqual(del, ['host-8']);
    assert.deepEqual(before.changesSince(before), { put: [], del: [] });
  });
  it('changesSince, applied to what was, gives what is', () => {
    const was = mixed(400);
    const is = mixed(1_000);
    const { put, del } = is.table.changesSince(was.table);
    const patched = new Map(was.map);
    for (const k of del) patched.delete(k);
    for (const [k, v] of put) patched.set(k, v);
    assert.deepEqual(patched, is.map);
    assert.ok(put.every(([k, v]) => was.map.get(k) !== v) && del.every((k) => was.map.has(k)), 'and names nothing needlessly');
  });
});
