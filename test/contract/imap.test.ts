import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { imapInbox, smtpMailer } from '@lifeboat/adapters-mail';
import { understand } from '@lifeboat/answers';
import type { InboundAnswer } from '@lifeboat/ports';
import { eventually } from '@lifeboat/ports/contract-tools';
import { inboundContract } from '@lifeboat/ports/messaging.contract';
import { type MailServers, startMail } from '../servers/mail.ts';
import { replies } from './mail-replies.ts';

const FROM = 'Lifeboat <lifeboat@lab.test>';
let servers: MailServers;
let count = 0;
const plain = (from: string, text: string) => {
  count += 1;
  const headers = [`From: ${from}`, `To: ${FROM}`, 'Subject: Re: compute-7', `Message-ID: <m${count}@client.test>`];
  return `${[...headers, 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'].join('\n')}\n\n${text}\n`;
};
const inboxOf = (user: string, tls: 'tls' | 'starttls', more = {}) =>
  imapInbox({
    host: '127.0.0.1',
    port: tls === 'tls' ? servers.imapsPort : servers.imapPort,
    tls,
    auth: { user, password: servers.password },
    mailbox: 'INBOX',
    from: FROM,
    ca: servers.ca,
    firstPauseMs: 100,
    againMs: 200,
    ...more,
  });

before(async () => {
  servers = await startMail(['lifeboat', 'second', 'third', 'replies', 'li', 'chen']);
});
after(() => servers.stop());

for (const [user, tls] of [
  ['lifeboat', 'tls'],
  ['second', 'starttls'],
] as const)
  inboundContract(`IMAP on Dovecot, mail by Postfix, ${tls}`, async () => ({
    channel: 'e-mail',
    senders: ['li@lab.test', 'chen@lab.test'],
    open: () => inboxOf(user, tls),
    arrive: (from, text) => servers.deliver(from, `${user}@lab.test`, plain(from, text)),
    outage: servers.imap,
    close: async () => undefined,
  }));

describe('imapInbox', () => {
  it('marks a mail seen once it was kept, not before; each is handed over once, however many come while it idles', async () => {
    const got: InboundAnswer[] = [];
    let keeps = false;
    const stop = new AbortController();
    const answer = async (a: InboundAnswer) => {
      if (keeps) got.push(a);
      return keeps;
    };
    const inbox = inboxOf('third', 'tls');
    const over = inbox.listen({ answer, receipt: async () => true }, stop.signal);
    await eventually('it listens', () => inbox.trouble() === null, 5_000);
    for (let i = 0; i < 3; i += 1) await servers.deliver('li@lab.test', 'third@lab.test', plain('li@lab.test', `YES 00000${i}`));
    await eventually('they arrived', async () => (await servers.inbox('third')).length === 3, 5_000);
    assert.deepEqual(
      (await servers.inbox('third')).map((m) => m.seen),
      [false, false, false],
    );
    keeps = true;
    await eventually('they are kept', () => got.length === 3, 5_000);
    for (let i = 3; i < 6; i += 1) {
      await servers.deliver('li@lab.test', 'third@lab.test', plain('li@lab.test', `YES 00000${i}`));
      await eventually('IDLE goes on', () => got.length === i + 1, 5_000);
    }
    await eventually('all are seen', async () => (await servers.inbox('third')).every((m) => m.seen), 5_000);
    stop.abort();
    await over;
    assert.deepEqual(
      got.map((a) => a.text.trim()).sort(),
      [0, 1, 2, 3, 4, 5].map((i) => `YES 00000${i}`),
    );
  });

  it('says why it cannot listen, without the password', async () => {
    const inbox = inboxOf('third', 'tls', { auth: { user: 'third', password: 'hunter2' } });
    const stop = new AbortController();
    const over = inbox.listen({ answer: async () => true, receipt: async () => true }, stop.signal);
    await eventually('it says so', () => /authentication/i.test(inbox.trouble() ?? ''), 8_000);
    assert.doesNotMatch(inbox.trouble() ?? '', /hunter2/);
    stop.abort();
    await over;
  });
});

describe('replies as mail programs send them, through Postfix and Dovecot', () => {
  const got: InboundAnswer[] = [];
  const stop = new AbortController();
  let over: Promise<void>;
  before(async () => {
    const answer = async (a: InboundAnswer) => {
      got.push(a);
      return true;
    };
    for (const [i, { raw }] of replies.entries()) {
      await servers.deliver('li@lab.test', 'replies@lab.test', raw);
      // Postfix delivers several at once, in no order
      await eventually('it arrived', async () => (await servers.inbox('replies')).length === i + 1, 5_000);
    }
    over = inboxOf('replies', 'tls').listen({ answer, receipt: async () => true }, stop.signal);
    await eventually('all are handed over', () => got.length === replies.length, 10_000);
  });
  after(async () => {
    stop.abort();
    await over;
  });
  for (const [i, { client, says, automatic }] of replies.entries())
    it(client, () => {
      const a = got[i];
      const read = understand(a?.text ?? '');
      assert.deepEqual([a?.from, a?.automatic, a?.references], ['li@lab.test', automatic, ['request-7']]);
      if (automatic !== 'bounce') assert.equal(read.understood ? read.answer : null, says, a?.text);
      assert.ok(!read.understood || read.code === '482193');
    });
});

describe('a request and its reply', () => {
  it('goes out by STARTTLS with a login, in text and HTML; the reply names it by the id it was sent with', async () => {
    const mailer = smtpMailer({
      host: '127.0.0.1',
      port: servers.submissionPort,
      tls: 'starttls',
      auth: { user: 'lifeboat', password: servers.password },
      from: FROM,
      ca: servers.ca,
    });
    const mail = {
      id: 'request-8',
      to: 'li@lab.test',
      subject: 'compute-8: 疏散?',
      text: 'Reply YES 482193',
      html: '<b>Reply YES 482193</b>',
    };
    assert.deepEqual(await mailer.send(mail), { ok: true, value: undefined });
    await mailer.close();
    await eventually('it arrived', async () => (await servers.inbox('li')).length === 1, 5_000);
    const raw = (await servers.inbox('li'))[0]?.raw ?? '';
    assert.match(raw, /^Message-ID: <request-8@lab.test>/m);
    assert.match(raw, /^Auto-Submitted: auto-generated/m);
    assert.match(raw, /text\/plain[\s\S]*text\/html/);
  });
});
