import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { understand } from '@lifeboat/answers';
import { Chance } from './chance.ts';
import { gb18030, makeMail } from './mails.ts';
import { MAY_ASK, makeText } from './texts.ts';

/** A little of `confirm-fuzz` in every run, under another seed. */
describe('made texts', () => {
  it('are never taken for a yes that they are not, and answers are understood', () => {
    const c = new Chance(7);
    const wrong: string[] = [];
    const seen = new Set<string>();
    for (let i = 0; i < 4_000; i += 1) {
      const made = makeText(c);
      const read = understand(made.text);
      const acted = read.understood && read.code === made.code ? read.answer : null;
      const missed = acted === null && made.truth !== null && made.kind !== MAY_ASK;
      if (missed || (acted === 'evacuate') !== (made.truth === 'evacuate' && acted !== null)) wrong.push(`${made.kind}: ${made.text}`);
      seen.add(made.kind);
    }
    assert.deepEqual(wrong, []);
    assert.equal(seen.size, 13);
  });
  it('repeat for a seed', () => {
    const three = (seed: number) =>
      Array.from(
        { length: 3 },
        (
          (c) => () =>
            makeText(c).text
        )(new Chance(seed)),
      );
    assert.deepEqual(three(5), three(5));
    assert.notDeepEqual(three(5), three(6));
  });
  it('stand in mails of several encodings', () => {
    assert.deepEqual(gb18030('同意 1'), Buffer.from([0xcd, 0xac, 0xd2, 0xe2, 0x20, 0x31]));
    assert.equal(gb18030('😀'), null);
    const mails = Array.from(
      { length: 60 },
      (
        (c) => () =>
          makeMail(c, '同意 482193').toString('latin1')
      )(new Chance(3)),
    );
    for (const wanted of [/base64/, /quoted-printable/, /8bit/, /gb18030/i, /utf-8/, /text\/html/, /multipart\/alternative/])
      assert.ok(
        mails.some((m) => wanted.test(m)),
        String(wanted),
      );
  });
});
