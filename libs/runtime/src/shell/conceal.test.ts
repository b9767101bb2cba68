import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epoch, instant, Table } from '@lifeboat/kernel';
import { type Stored, takeUp } from './batch.ts';
import { type Act, type ProbeState, probe } from './bench.test.ts';

const empty: Stored<ProbeState, Act> = {
  state: probe.initial,
  owed: Table.empty(),
  outbox: Table.empty(),
  positions: Table.empty(),
  seen: Table.empty(),
  meta: Table.empty(),
};
const letterOf = (concealed?: () => unknown): string => {
  const d = concealed === undefined ? probe : { ...probe, concealed };
  const { taken } = takeUp(d, empty, { kind: 'observed', observation: 'poison' }, instant(1), 'n1', epoch(1));
  const [e] = taken.told;
  return e?.type === 'lifeboat.event.rejected' ? e.data.raw : '';
};

describe('an input with secrets that a decision throws on', () => {
  it('is put aside as its service shows it; where there are none, as it came', () => {
    assert.equal(
      letterOf(() => ({ observation: '(6 characters)' })),
      '{"observation":"(6 characters)"}',
    );
    assert.match(letterOf(), /poison/);
  });
});
