import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageIdOf, smtpOptionsFromUrl } from './index.ts';

describe('messageIdOf', () => {
  it('keeps a plain id, and makes one of any other, always the same', () => {
    assert.equal(messageIdOf('inc-7.notice-1', 'Lifeboat <ha@example.org>'), '<inc-7.notice-1@example.org>');
    const odd = messageIdOf('inc 7/<x>\r\nBcc: y', 'ha@example.org');
    assert.match(odd, /^<[0-9a-f]{32}@example\.org>$/);
    assert.equal(odd, messageIdOf('inc 7/<x>\r\nBcc: y', 'ha@example.org'));
    assert.notEqual(odd, messageIdOf('inc 7/<x>', 'ha@example.org'));
  });
});

describe('smtpOptionsFromUrl', () => {
  const from = 'ha@example.org';
  const table = [
    ['smtp://mail.example.org', { host: 'mail.example.org', port: 587, tls: 'starttls', from }],
    [
      'smtps://u%40x:p%2Fw@mail.example.org',
      { host: 'mail.example.org', port: 465, tls: 'tls', from, auth: { user: 'u@x', password: 'p/w' } },
    ],
    ['smtp://127.0.0.1:2525?tls=none', { host: '127.0.0.1', port: 2525, tls: 'none', from }],
  ] as const;
  for (const [url, want] of table) it(url, () => assert.deepEqual(smtpOptionsFromUrl(url, from), want));
  const wrong = ['mail.example.org', 'http://x', 'smtp://x?tls=maybe', 'smtp://u:p@mail.example.org?tls=none'];
  for (const url of wrong)
    it(`refuses ${url}`, () => {
      const answer = smtpOptionsFromUrl(url, from, 'notifier.json');
      assert.ok('problem' in answer && answer.where === 'notifier.json' && answer.field === 'url');
    });
});
