import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Pdu } from 'smpp';
import { Assembly, receiptIn, senderOf } from './inbound.ts';
import { smppOptionsFromUrl } from './index.ts';
import { submissions } from './outbound.ts';

const pdu = (fields: object): Pdu => ({ command: 'deliver_sm', command_status: 0, sequence_number: 1, response: () => pdu({}), ...fields });

describe('receiptIn', () => {
  const text = (stat: string, err = '000') =>
    `id:abc-1 sub:001 dlvrd:001 submit date:2611230312 done date:2611230313 stat:${stat} err:${err} text:YES`;
  const table = [
    [
      { esm_class: 4, short_message: { message: text('DELIVRD') } },
      { id: 'abc-1', word: 'DELIVRD', state: 'delivered' },
    ],
    [
      { esm_class: 4, short_message: { message: text('UNDELIV', '045') } },
      { id: 'abc-1', word: 'UNDELIV, error 045', state: 'failed' },
    ],
    [
      { esm_class: 4, short_message: { message: text('ENROUTE') } },
      { id: 'abc-1', word: 'ENROUTE', state: 'sent' },
    ],
    [
      { esm_class: 4, short_message: { message: text('UNKNOWN') } },
      { id: 'abc-1', word: 'UNKNOWN' },
    ],
    [
      { esm_class: 4, receipted_message_id: 'x', message_state: 2 },
      { id: 'x', word: 'DELIVRD', state: 'delivered' },
    ],
    [
      { esm_class: 4, short_message: { message: text('constructor') } },
      { id: 'abc-1', word: 'CONSTRU' },
    ],
    [{ esm_class: 0, short_message: { message: text('DELIVRD') } }, null],
  ] as const;
  for (const [fields, want] of table) it(JSON.stringify(fields).slice(0, 90), () => assert.deepEqual(receiptIn(pdu(fields)), want));
});

describe('Assembly', () => {
  const part = (nth: number, message: string, udh: readonly number[]) =>
    pdu({ source_addr: '861', short_message: { message, udh: [Buffer.from([...udh, 2, nth])] } });
  it('waits for all parts, in any order, and gives them again until it may forget', () => {
    for (const udh of [
      [0, 3, 9],
      [8, 4, 1, 9],
    ]) {
      const assembly = new Assembly();
      assert.equal(assembly.add(part(2, '482193', udh)), null);
      assert.equal(assembly.add(part(1, 'YES ', udh))?.text, 'YES 482193');
      const again = assembly.add(part(1, 'YES ', udh));
      assert.equal(again?.text, 'YES 482193');
      again?.forget();
      assert.equal(assembly.add(part(1, 'YES ', udh)), null);
    }
  });
  it('takes sar_* for the same', () => {
    const assembly = new Assembly();
    const sar = (n: number, message: string) =>
      pdu({ source_addr: '1', sar_msg_ref_num: 7, sar_total_segments: 2, sar_segment_seqnum: n, short_message: { message } });
    assert.equal(assembly.add(sar(1, 'NO ')), null);
    assert.equal(assembly.add(sar(2, '482193'))?.text, 'NO 482193');
  });
  it('reads nothing into a part that cannot be, or into bytes', () => {
    assert.equal(new Assembly().add(part(3, 'YES 482193', [0, 3, 9]))?.text, '');
    assert.equal(new Assembly().add(pdu({ short_message: { message: Buffer.from('YES') } }))?.text, '');
  });
  it('does not mix senders', () => {
    const assembly = new Assembly();
    assembly.add(part(1, 'YES ', [0, 3, 9]));
    assert.equal(assembly.add({ ...part(2, '482193', [0, 3, 9]), source_addr: '999' }), null);
  });
});

describe('submissions', () => {
  it('names the sender as what it is', () => {
    const ton = (from: string) =>
      (submissions({ id: 'a', to: '+86138', text: 'x' }, from)[0] as { source_addr_ton: number }).source_addr_ton;
    assert.deepEqual([ton('+8610'), ton('10086'), ton('Lifeboat')], [1, 0, 5]);
  });
  it('numbers the parts of a long text, the same each time', () => {
    const headers = () =>
      submissions({ id: 'a', to: '+86138', text: '疏'.repeat(71) }, '1').map((s) => [
        ...((s as { short_message: { udh?: Buffer } }).short_message.udh ?? []),
      ]);
    const [first, second] = headers();
    assert.deepEqual(
      [first?.slice(0, 3), first?.slice(4), second?.slice(4)],
      [
        [5, 0, 3],
        [2, 1],
        [2, 2],
      ],
    );
    assert.deepEqual(headers(), [first, second]);
  });
});

describe('smppOptionsFromUrl', () => {
  it('reads an address', () => {
    const want = { host: 'smsc.example.org', port: 3550, tls: true, systemId: 'ha', password: 'p@w', from: '10086', systemType: 'VMA' };
    assert.deepEqual(smppOptionsFromUrl('ssmpp://ha:p%40w@smsc.example.org', '10086', 'VMA'), want);
  });
  for (const url of ['smsc:2775', 'http://a:b@c', 'smpp://smsc:2775', 'smpp://u:%@smsc'])
    it(`refuses ${url}`, () => assert.ok('problem' in smppOptionsFromUrl(url, '10086')));
  it('refuses a sender that is none, by its own name', () => {
    const answer = smppOptionsFromUrl('smpp://a:b@c', 'Lifeboat Region One');
    assert.equal('problem' in answer ? answer.field : '', 'from');
  });
  it('names a number as it came', () => {
    assert.equal(senderOf(pdu({ source_addr: '8613812341234', source_addr_ton: 1 })), '+8613812341234');
    assert.equal(senderOf(pdu({ source_addr: '10086', source_addr_ton: 0 })), '10086');
  });
});
