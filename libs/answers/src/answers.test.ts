import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { automaticMail, maskAddress, maskAll, maskNumber, sameCode, splitText, toGsm } from './index.ts';

describe('splitText', () => {
  const table: readonly (readonly [name: string, text: string, encoding: string, parts: number])[] = [
    ['nothing', '', 'gsm-7', 1],
    ['one full', 'a'.repeat(160), 'gsm-7', 1],
    ['one over', 'a'.repeat(161), 'gsm-7', 2],
    ['two full', 'a'.repeat(306), 'gsm-7', 2],
    ['three', 'a'.repeat(307), 'gsm-7', 3],
    ['a euro takes two', '€'.repeat(80), 'gsm-7', 1],
    ['81 euros: 76 a part, an escape is not torn from its character', '€'.repeat(81), 'gsm-7', 2],
    ['153 euros in three parts of 76, 76 and 1', '€'.repeat(153), 'gsm-7', 3],
    ['accents of the table', 'àéèùìòÇØøÅåΔÆæßÉÄÖÑÜäöñü§¿¡£¥¤@', 'gsm-7', 1],
    ['an accent that is not in it', 'ç', 'ucs-2', 1],
    ['70 Chinese characters', '疏'.repeat(70), 'ucs-2', 1],
    ['71', '疏'.repeat(71), 'ucs-2', 2],
    ['135', '疏'.repeat(135), 'ucs-2', 3],
    ['one Chinese character makes all of it UCS-2', `${'a'.repeat(69)}疏`, 'ucs-2', 1],
    ['an emoji is two units, and is not torn', `${'疏'.repeat(66)}😀疏疏疏`, 'ucs-2', 2],
  ];
  for (const [name, text, encoding, parts] of table)
    it(name, () => {
      const got = splitText(text);
      assert.deepEqual([got.encoding, got.parts.length], [encoding, parts]);
      assert.equal(got.parts.join(''), text);
    });
  it('tears nothing that belongs together', () => {
    assert.equal(splitText(`${'疏'.repeat(66)}😀疏疏疏`).parts[0], '疏'.repeat(66));
    assert.equal(splitText('€'.repeat(81)).parts[0], '€'.repeat(76));
  });
  it('a septet is a byte, with an escape before what is in the extension', () => {
    assert.deepEqual(toGsm('Az {7}'), Uint8Array.of(0x41, 0x7a, 0x20, 0x1b, 0x28, 0x37, 0x1b, 0x29));
    assert.equal(toGsm('疏散'), null);
    assert.deepEqual([...(toGsm('@€') ?? [])], [0, 0x1b, 0x65]);
  });
});

describe('masks', () => {
  const table = [
    ['+8613812341234', '+86138****1234'],
    ['8613812341234', '86138****1234'],
    ['+4915112345678', '+49151****5678'],
    ['12345', '****'],
    ['', '****'],
  ] as const;
  for (const [number, masked] of table) it(number, () => assert.equal(maskNumber(number), masked));
  it('hides all but the first letter and the domain of an address', () => {
    assert.equal(maskAddress('li.wei@example.org'), 'l***@example.org');
    assert.equal(maskAddress('nonsense'), '***');
  });
  it('finds numbers and addresses in a text', () =>
    assert.equal(
      maskAll("The 'To' number +8613812341234 is invalid, see li.wei@example.org (error 21211)"),
      "The 'To' number +86138****1234 is invalid, see l***@example.org (error 21211)",
    ));
});

describe('sameCode', () => {
  const table = [
    ['482193', '482193', true],
    ['482193', '482194', false],
    ['482193', '48219', false],
    ['482193', '4821930', false],
    ['', '', true],
    ['0', '', false],
    ['\u0000', '', false],
  ] as const;
  for (const [a, b, same] of table) it(`'${a}' and '${b}'`, () => assert.equal(sameCode(a, b), same));
});

describe('automaticMail', () => {
  const table: readonly (readonly [name: string, headers: Record<string, string>, kind: string | null])[] = [
    ['a person', { from: 'Li Wei <li.wei@example.org>', subject: 'Re: compute-7', 'return-path': '<li.wei@example.org>' }, null],
    ['a person, said so', { 'auto-submitted': 'no' }, null],
    ['RFC 3834', { 'auto-submitted': 'auto-replied (vacation)', subject: 'Re: compute-7' }, 'auto-reply'],
    [
      'Exchange',
      { subject: 'Automatic reply: compute-7', 'auto-submitted': 'auto-generated', 'x-auto-response-suppress': 'All' },
      'auto-reply',
    ],
    ['old vacation', { precedence: 'bulk' }, 'auto-reply'],
    ['X-Autoreply', { 'x-autoreply': 'yes' }, 'auto-reply'],
    ['a Chinese client', { subject: '自动回复:compute-7' }, 'auto-reply'],
    ['a list', { 'list-id': '<ops.example.org>' }, 'auto-reply'],
    ['a read receipt', { 'content-type': 'multipart/report; report-type=disposition-notification; boundary=x' }, 'auto-reply'],
    ['a DSN', { 'content-type': 'multipart/report; report-type=delivery-status; boundary=x', 'auto-submitted': 'auto-replied' }, 'bounce'],
    ['an old bounce', { from: 'Mail Delivery System <MAILER-DAEMON@mx.example.org>', subject: 'hm' }, 'bounce'],
    ['a null sender', { 'return-path': '<>' }, 'bounce'],
    ['qmail', { subject: 'failure notice' }, 'bounce'],
    ['QQ', { subject: '系统退信' }, 'bounce'],
    ['nothing at all', {}, null],
  ];
  for (const [name, headers, kind] of table)
    it(name, () =>
      assert.equal(
        automaticMail((h) => headers[h]),
        kind,
      ),
    );
});
