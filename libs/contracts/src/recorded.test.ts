import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { decode, encode } from './envelope.ts';
import { definitions } from './generate/json-schema.ts';

const folder = resolve(import.meta.dirname, '../recorded');
interface Recording {
  readonly topic: string;
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly data: Record<string, unknown>;
}
const recordings = readdirSync(folder).map((file) => ({
  file,
  recording: JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recording,
}));
const read = (r: Recording) => {
  const decoded = decode({ headers: r.headers, value: JSON.stringify(r.data) });
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.reason);
  return decoded.event;
};

describe('recorded events', () => {
  for (const { file, recording } of recordings) {
    it(`${file} can be read for ever`, () => {
      const event = read(recording);
      assert.equal(event.type, recording.headers.ce_type);
      assert.deepEqual(event.data, recording.data);
    });
    it(`${file} is told again as it was recorded`, () => {
      const { value, ...told } = encode(read(recording));
      assert.deepEqual(told, { topic: recording.topic, key: recording.key, headers: recording.headers });
      assert.deepEqual(JSON.parse(value), recording.data);
    });
    it(`${file} is read by an older reader when a later version adds a field`, () => {
      read({ ...recording, data: { ...recording.data, addedLater: true } });
    });
  }

  it('there is one for every event and version', () => {
    const wanted = definitions.map((d) => `${d.type}.v${d.version}.json`);
    const lacking = wanted.filter((name) => !recordings.some((r) => r.file === name));
    assert.deepEqual(lacking, [], 'record one in libs/contracts/recorded, like those that are there');
  });
});
