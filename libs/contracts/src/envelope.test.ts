import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EventId, hostId, incidentId, instant, vmId } from '@lifeboat/kernel';
import Type from 'typebox';
import { checkAgainst, decode, type EventOf, encode, type LifeboatEvent, type WireRecord } from './envelope.ts';
import { RegistrationSchema } from './model/evidence.ts';
import { Closed } from './model/words.ts';

const vm = vmId('00000000-0000-4000-8000-000000000001');
const lost: EventOf<'lifeboat.agent.lost'> = {
  type: 'lifeboat.agent.lost',
  data: {
    host: hostId('compute-01'),
    session: 's1',
    reason: 'session-lapsed',
    vms: [{ vm, state: 'running', since: instant(5) }],
    at: instant(1_000),
  },
  id: '0123456789abcdef0123456789abcdef' as EventId,
  source: 'agent-watcher/3',
  time: instant(1_760_000_000_123),
  sequence: 41,
};
const verified: LifeboatEvent = {
  type: 'lifeboat.vm.verified',
  data: { incident: incidentId('inc-h1-5'), vm, host: hostId('compute-02'), at: instant(9) },
  id: 'fedcba9876543210fedcba9876543210' as EventId,
  source: 'scheduler/7',
  time: instant(9),
  sequence: 1,
  incident: incidentId('inc-h1-5'),
  causation: '0123456789abcdef0123456789abcdef',
};

describe('encode', () => {
  it('writes CloudEvents 1.0 headers and JSON data', () => {
    assert.deepEqual(encode(lost), {
      topic: 'lifeboat.agents',
      key: 'compute-01',
      headers: {
        ce_specversion: '1.0',
        ce_id: '0123456789abcdef0123456789abcdef',
        ce_source: 'agent-watcher/3',
        ce_type: 'lifeboat.agent.lost',
        ce_time: '2025-10-09T08:53:20.123Z',
        ce_dataschema: 'lifeboat.agent.lost.v1.schema.json',
        ce_subject: 'compute-01',
        ce_sequence: '41',
        'content-type': 'application/json',
      },
      value: JSON.stringify(lost.data),
    } satisfies WireRecord);
  });
  it('names incident and cause where there are any', () => {
    const { headers } = encode(verified);
    assert.equal(headers.ce_incident, 'inc-h1-5');
    assert.equal(headers.ce_causation, '0123456789abcdef0123456789abcdef');
  });
  it('throws when an event does not fit its own schema, and names the field', () => {
    const bad = (data: object) => () => encode({ ...lost, data } as unknown as LifeboatEvent);
    assert.throws(bad({ ...lost.data, at: 1.5 }), /lifeboat\.agent\.lost: at must be integer/);
    assert.throws(bad({ ...lost.data, reason: 'bored' }), /lifeboat\.agent\.lost: reason /);
    assert.throws(
      bad({ ...lost.data, extra: 1 }),
      /lifeboat\.agent\.lost: .*extra/,
      'a producer may not add what the schema does not know',
    );
    assert.throws(
      () => encode({ ...lost, type: 'lifeboat.agent.bored' } as unknown as LifeboatEvent),
      /no such event: lifeboat\.agent\.bored/,
    );
  });
});

describe('decode', () => {
  it('reads back what was encoded', () => {
    for (const e of [lost, verified]) assert.deepEqual(decode(encode(e)), { ok: true, event: e });
  });
  it('lets keys pass that a later version may have added, at any depth', () => {
    const data = { ...lost.data, colour: 'red', vms: [{ ...lost.data.vms[0], cpu: 3 }] };
    const decoded = decode({ ...encode(lost), value: JSON.stringify(data) });
    assert.ok(decoded.ok, decoded.ok ? '' : decoded.reason);
  });

  const record = encode(lost);
  const headers = (change: Record<string, string | undefined>) => ({
    headers: Object.fromEntries(Object.entries({ ...record.headers, ...change }).filter(([, v]) => v !== undefined)) as Record<
      string,
      string
    >,
    value: record.value,
  });
  const data = (change: object) => ({ headers: record.headers, value: JSON.stringify({ ...lost.data, ...change }) });
  const complaints: [what: string, r: Pick<WireRecord, 'headers' | 'value'>, named: RegExp][] = [
    ['no CloudEvent at all', { headers: {}, value: 'hello' }, /^header ce_specversion: '1\.0' wanted, got 'nothing'$/],
    ['another version of CloudEvents', headers({ ce_specversion: '0.3' }), /^header ce_specversion: .*'0\.3'/],
    ['no type', headers({ ce_type: undefined }), /^header ce_type: missing$/],
    ['an unknown type', headers({ ce_type: 'lifeboat.agent.bored' }), /^header ce_type: no such event 'lifeboat\.agent\.bored'$/],
    ['no id', headers({ ce_id: undefined }), /^header ce_id: /],
    ['an id that is none', headers({ ce_id: 'ABC' }), /^header ce_id: 32 hex digits/],
    ['no time', headers({ ce_time: undefined }), /^header ce_time: not a time: 'nothing'$/],
    ['a time that is none', headers({ ce_time: 'yesterday' }), /^header ce_time: .*'yesterday'/],
    ['no sequence', headers({ ce_sequence: undefined }), /^header ce_sequence: .*'nothing'/],
    ['a sequence that is no whole number', headers({ ce_sequence: '1.5' }), /^header ce_sequence: .*'1\.5'/],
    ['an empty sequence', headers({ ce_sequence: '' }), /^header ce_sequence: /],
    ['a sequence below nought', headers({ ce_sequence: '-1' }), /^header ce_sequence: .*'-1'/],
    ['no source', headers({ ce_source: undefined }), /^header ce_source: missing$/],
    ['data that is not JSON', { ...record, value: '{"host":' }, /^data: not JSON: /],
    ['data that is no object', { ...record, value: '[]' }, /^data\.\(whole\) must be object/],
    ['a field that is missing', data({ session: undefined }), /^data\..*session/],
    ['a field of another kind', data({ at: 'now' }), /^data\.at must be integer/],
    ['a word that the schema does not know', data({ reason: 'bored' }), /^data\.reason /],
    ['a field deep inside', data({ vms: [{ vm, state: 'dancing', since: 1 }] }), /^data\.vms\.0\.state /],
    ['an id with a path in it', data({ host: '../etc' }), /^data\.host /],
  ];
  for (const [what, r, named] of complaints) {
    it(`answers ${what} with the header or field and what is wrong, and never throws`, () => {
      const decoded = decode(r);
      assert.equal(decoded.ok, false);
      assert.match(decoded.ok ? '' : decoded.reason, named);
    });
  }
});

describe('checkAgainst', () => {
  const Schema = Closed({ name: Type.String({ minLength: 1 }), hosts: Type.Array(Closed({ port: Type.Integer({ minimum: 1 }) })) });
  it('gives back what fits', () => {
    const value = { name: 'a', hosts: [{ port: 22 }] };
    assert.deepEqual(checkAgainst(Schema, value), { ok: true, value });
  });
  it('names the first field that does not fit, by its path', () => {
    const problem = (value: unknown): string => {
      const checked = checkAgainst(Schema, value);
      return checked.ok ? 'fits' : checked.problem;
    };
    assert.match(problem(null), /^\(whole\) must be object/);
    assert.match(problem({ hosts: [] }), /name/);
    assert.match(problem({ name: '', hosts: [] }), /^name must not have fewer than 1 characters/);
    assert.match(problem({ name: 'a', hosts: [{ port: 22 }, { port: 0 }] }), /^hosts\.1\.port must be >= 1/);
    assert.match(
      problem({ name: 'a', hosts: [], colour: 'red' }),
      /colour/,
      'a key that is not known is named: it is often a slip of the pen',
    );
  });
  it('is closed for what agents write, too', () => {
    const checked = checkAgainst(RegistrationSchema, { host: 'h1' });
    assert.match(checked.ok ? '' : checked.problem, /bootId/);
  });
});
