import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { documents } from '@lifeboat/contracts/generate/documents';
import { HeadersSchema } from '@lifeboat/contracts/generate/headers';
import { definitions, schemaName } from '@lifeboat/contracts/generate/json-schema';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { repository } from './repository.ts';

type Document = Record<string, unknown>;
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Document;
const generated = (name: string) => json(join(repository, 'libs/contracts/generated', name));
const recorded = (name: string) => json(join(repository, 'libs/contracts/recorded', name));
const draft2020 = new Ajv2020({ allErrors: true, formats: { 'date-time': true } });
const headersFit = draft2020.compile(JSON.parse(JSON.stringify(HeadersSchema)) as Document);

/** Every place where `$ref` stands. */
const references = (node: unknown): string[] => {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([k, v]) => (k === '$ref' && typeof v === 'string' ? [v] : references(v)));
};
const at = (document: unknown, reference: string): unknown =>
  reference
    .split('/')
    .slice(1)
    .reduce((node, key) => (node as Document | undefined)?.[key] as unknown, document);

describe('generated documents', () => {
  it('are what the definitions say', () => {
    for (const [path, text] of documents()) assert.equal(readFileSync(join(repository, path), 'utf8'), text, `${path}: npm run gen`);
  });

  it('asyncapi.json fits the AsyncAPI 3.0.0 schema of its makers', () => {
    const specification = json(createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0.json'));
    const validate = new Ajv({ meta: false, validateSchema: false, strict: false, allErrors: true, validateFormats: false }).compile(
      specification,
    );
    assert.ok(validate(generated('asyncapi.json')), JSON.stringify(validate.errors?.slice(0, 5), null, 2));
    assert.ok(
      !validate({ ...generated('asyncapi.json'), operations: { broken: { action: 'shout' } } }),
      'the schema must be able to refuse',
    );
  });

  it('asyncapi.json refers to nothing that is not there', () => {
    const document = generated('asyncapi.json');
    const all = references(document);
    assert.ok(all.length > 100);
    for (const reference of all) assert.notEqual(at(document, reference), undefined, reference);
  });

  for (const d of definitions) {
    it(`another validator finds that the recording of ${d.type} fits its schema and its headers theirs`, () => {
      const recording = recorded(`${d.type}.v${d.version}.json`);
      const data = draft2020.compile(generated(schemaName(d)));
      assert.ok(data(recording.data), JSON.stringify(data.errors));
      assert.ok(!data({ ...(recording.data as object), unknownKey: 1 }), 'a key that the schema does not know must be refused');
      assert.ok(headersFit(recording.headers), JSON.stringify(headersFit.errors));
    });
  }
});
