import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { twilioSender, twilioWebhooks } from '@lifeboat/adapters-twilio';
import type { InboundAnswer } from '@lifeboat/ports';
import { eventually } from '@lifeboat/ports/contract-tools';
import { inboundContract, textSenderContract } from '@lifeboat/ports/messaging.contract';
import { freePorts } from '../servers/ports.ts';
import { FakeTwilio } from '../servers/twilio.ts';

const open = async () => {
  const fake = new FakeTwilio();
  const api = await fake.open();
  const [port = 0] = await freePorts(1);
  fake.webhooks = `http://127.0.0.1:${port}`;
  const { accountSid, authToken, publicUrl } = fake;
  const options = { accountSid, authToken, from: '+15005550006', publicUrl, listen: { host: '127.0.0.1', port }, api, timeLimitMs: 3_000 };
  return { fake, options };
};

textSenderContract("Twilio's library, its REST API and its webhooks", async () => {
  const { fake, options } = await open();
  return {
    sender: twilioSender(options),
    inbound: twilioWebhooks(options),
    arrived: async () => fake.sent.map((m) => ({ to: m.to, text: m.body })),
    refused: fake.refused,
    outage: { away: () => fake.close(), back: async () => void (await fake.open()) },
    settle: async (sid, state) => fake.settle(sid, state === 'failed' ? 'undelivered' : state),
    close: () => fake.close(),
  };
});

inboundContract('Twilio, signed webhooks behind a proxy', async () => {
  const { fake, options } = await open();
  const { webhooks } = fake;
  let cut = false;
  return {
    channel: 'sms',
    senders: ['+8613812341234', '+4915112345678'],
    open: () => {
      const inbound = twilioWebhooks(options);
      // Webhooks have no connection to lose: what is away is the way to them.
      return { listen: inbound.listen, trouble: () => (cut ? 'the proxy is away' : inbound.trouble()) };
    },
    arrive: async (from, text) => fake.text(from, text),
    outage: {
      away: async () => {
        cut = true;
        fake.webhooks = 'http://127.0.0.1:1';
      },
      back: async () => {
        cut = false;
        fake.webhooks = webhooks;
      },
    },
    close: () => fake.close(),
  };
});

describe('twilioWebhooks', () => {
  let fake: FakeTwilio;
  const got: InboundAnswer[] = [];
  const stop = new AbortController();
  let over: Promise<void>;
  before(async () => {
    const { fake: f, options } = await open();
    fake = f;
    const inbound = twilioWebhooks(options);
    const answer = async (a: InboundAnswer) => {
      got.push(a);
      return true;
    };
    over = inbound.listen({ answer, receipt: async () => true }, stop.signal);
    await eventually('it listens', () => inbound.trouble() === null, 5_000);
  });
  after(async () => {
    stop.abort();
    await over;
    await fake.close();
  });
  const url = () => `${fake.publicUrl}/twilio/inbound`;
  const fields = (more: Record<string, string> = {}) => ({
    MessageSid: `SM${randomBytes(16).toString('hex')}`,
    AccountSid: fake.accountSid,
    From: '+8613812341234',
    Body: 'YES 482193',
    ...more,
  });

  it('hands a replayed request over once', async () => {
    const same = fields();
    assert.deepEqual([await fake.post(url(), same), await fake.post(url(), same)], [200, 200]);
    assert.equal(got.filter((a) => a.messageId === same.MessageSid).length, 1);
  });

  const without = (name: string) => Object.fromEntries(Object.entries(fields()).filter(([n]) => n !== name));
  const signedFor = (other: string) => {
    const same = fields();
    return fake.post(url(), same, fake.sign(other, same));
  };
  const changed = () => {
    const same = fields();
    return fake.post(url(), { ...same, Body: 'NO 482193' }, fake.sign(url(), same));
  };
  const queried = () => {
    const same = fields();
    return fake.post(`${url()}?x=1`, same, fake.sign(url(), same));
  };
  const table: readonly (readonly [what: string, code: number, call: () => Promise<number>])[] = [
    ['no signature', 403, () => fake.post(url(), fields(), '')],
    ['a signature for another URL', 403, () => signedFor('https://evil.example.org/twilio/inbound')],
    ['a text that was changed', 403, changed],
    ['a query that was not signed', 403, queried],
    ['another account', 403, () => fake.post(url(), fields({ AccountSid: `AC${'0'.repeat(32)}` }))],
    ['no MessageSid', 400, () => fake.post(url(), without('MessageSid'))],
    ['a MessageSid that is none', 400, () => fake.post(url(), fields({ MessageSid: 'SM1' }))],
    ['no From', 400, () => fake.post(url(), without('From'))],
    ['no Body', 400, () => fake.post(url(), without('Body'))],
    ['a body beyond all measure', 413, () => fake.post(url(), fields({ Body: 'x'.repeat(100_000) }))],
    ['another path', 404, () => fake.post(`${fake.publicUrl}/twilio/else`, fields())],
  ];
  for (const [what, code, call] of table)
    it(`refuses ${what}`, async () => {
      const before = got.length;
      assert.equal(await call(), code);
      assert.equal(got.length, before);
    });

  it('refuses what is no form', async () => {
    const headers = { 'content-type': 'application/json', 'x-twilio-signature': 'x' };
    const answer = await fetch(`${fake.webhooks}/twilio/inbound`, { method: 'POST', headers, body: '{' });
    assert.equal(answer.status, 415);
  });
});
