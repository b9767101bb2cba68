import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '@lifeboat/kernel';
import { authenticationOf } from './authentication.ts';
import { imapOptionsFromUrl, readMail } from './index.ts';
import { textOfHtml } from './read-mail.ts';

const stored = { receivedAt: instant(5), name: 'INBOX.7.12' };
const read = (raw: string) =>
  readMail(Buffer.from(raw), stored, { from: 'Lifeboat <ha@example.org>', authenticationServer: 'mx.example.org' });

describe('readMail', () => {
  it('names our mails by their ids, others as they are, newest first', async () => {
    const a = await read(
      'From: Li@Example.org\nMessage-ID: <x1@client>\nIn-Reply-To: <req-2@example.org>\nReferences: <a@b> <req-1@example.org> <req-2@example.org>\n\nYES 1',
    );
    assert.deepEqual([a.from, a.messageId, a.references], ['li@example.org', 'x1@client', ['req-2', 'req-1', 'a@b']]);
  });
  it('is named by its place in the mailbox where it has no Message-ID', async () =>
    assert.equal((await read('From: li@x\n\nx')).messageId, stored.name));
  it('has no sender where it has two', async () => assert.equal((await read('From: li@x.org, chen@x.org\n\nYES 1')).from, ''));
  it('believes the topmost line of our own server about the sender', async () => {
    const raw =
      'Authentication-Results: mx.example.org;\n dmarc=fail header.from=x.org\nAuthentication-Results: mx.example.org; dmarc=pass\nFrom: li@x.org\n\nx';
    assert.equal((await read(raw)).authentication, 'fail');
  });
  it('makes an empty answer of what is no mail', async () => {
    for (const raw of ['', '\u0000\u0000', 'Content-Type: multipart/mixed; boundary=x\n\n--x', `${'x'.repeat(2_000_000)}`])
      assert.deepEqual([(await read(raw)).from, (await read(raw)).messageId], ['', stored.name]);
  });
});

describe('authenticationOf', () => {
  const table = [
    ['mx.example.org; dmarc=pass header.from=x.org', 'pass'],
    ['mx.example.org; dkim=pass header.d=x.org; dmarc=fail', 'fail'],
    ['mx.example.org 1; dkim=pass (2048-bit key) header.d=x.org header.s=s1', 'pass'],
    ['mx.example.org; dkim=pass header.d=evil.org', 'none'],
    ['mx.example.org; dkim=pass header.d=org', 'none'],
    ['mx.example.org; spf=pass smtp.mailfrom=li@mail.x.org', 'pass'],
    ['mx.example.org; spf=softfail smtp.mailfrom=li@x.org', 'fail'],
    ['mx.example.org; auth=pass smtp.auth=li', 'pass'],
    ['mx.example.org (; dmarc=pass); none', 'none'],
    ['evil.org; dmarc=pass', 'none'],
    ['', 'none'],
  ] as const;
  for (const [header, verdict] of table)
    it(header || '(nothing)', () => assert.equal(authenticationOf([header], 'mx.example.org', 'li@x.org'), verdict));
  it('believes nobody where no server is named', () => assert.equal(authenticationOf(['mx; dmarc=pass'], undefined, 'li@x.org'), 'none'));
});

describe('textOfHtml', () => {
  const table = [
    ['<div>YES <a href="tel:482193">482193</a></div>', 'YES 482193'],
    ['<s>YES 1</s>', '~~YES 1~~'],
    ['<span style="text-decoration: line-through">YES 1</span>', '~~YES 1~~'],
    ['<p style="display:none">YES 1</p>no', 'no'],
    ['a<blockquote>YES 1</blockquote>', 'a\n\n> YES 1'],
    ['<script>YES 1</script>', ''],
  ] as const;
  for (const [html, text] of table) it(html, () => assert.equal(textOfHtml(html), text));
});

describe('imapOptionsFromUrl', () => {
  const from = 'ha@example.org';
  it('reads an address', () =>
    assert.deepEqual(imapOptionsFromUrl('imaps://ha%40x:p%2Fw@mail.example.org/Answers', from, 'mx'), {
      host: 'mail.example.org',
      port: 993,
      tls: 'tls',
      auth: { user: 'ha@x', password: 'p/w' },
      mailbox: 'Answers',
      from,
      authenticationServer: 'mx',
    }));
  for (const url of ['mail.example.org', 'http://u:p@x', 'imaps://x', 'imap://u:p@mail.example.org?tls=none', 'imaps://u:%@x'])
    it(`refuses ${url}`, () => {
      const answer = imapOptionsFromUrl(url, from);
      assert.ok('problem' in answer && !answer.problem.includes(':p@'));
    });
});
