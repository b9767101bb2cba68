import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { wallClock } from '@lifeboat/adapters-memory';
import { SmsCentre } from '@lifeboat/adapters-smpp/test-support';
import { openChannels } from '@lifeboat/notifier/perform/channels';
import { eventually } from '@lifeboat/ports/contract-tools';
import { freePorts } from '../servers/ports.ts';
import { FakeTwilio } from '../servers/twilio.ts';

const to = '+8613812341234';

describe('an SMS centre and Twilio, one for the other', () => {
  const centre = new SmsCentre();
  const twilio = new FakeTwilio();
  const stop = new AbortController();
  const heard: string[] = [];
  let channels: ReturnType<typeof openChannels>;
  let over: Promise<unknown>;
  before(async () => {
    const smppPort = await centre.open();
    const api = await twilio.open();
    const [port = 0] = await freePorts(1);
    twilio.webhooks = `http://127.0.0.1:${port}`;
    const { systemId, password } = centre;
    const { accountSid, authToken, publicUrl } = twilio;
    channels = openChannels(
      {
        smtp: { host: '127.0.0.1', port: 1, tls: 'none', from: 'Lifeboat <lifeboat@example.org>' },
        imap: null,
        smpp: { host: '127.0.0.1', port: smppPort, tls: false, systemId, password, from: '+8610086', timeLimitMs: 700, firstPauseMs: 100 },
        twilio: { accountSid, authToken, from: '+15005550006', publicUrl, listen: { host: '127.0.0.1', port }, api, timeLimitMs: 2_000 },
        web: null,
      },
      wallClock(),
    );
    const answer = async (a: { text: string }) => heard.push(a.text) > 0;
    over = Promise.all((channels.inbound ?? []).map((i) => i.listen({ answer, receipt: async () => true }, stop.signal)));
    for (const i of channels.inbound ?? []) await eventually(`${i.name} listens`, () => i.trouble() === null, 5_000);
  });
  after(async () => {
    stop.abort();
    await over;
    await channels.close();
    await centre.close();
    await twilio.close();
  });
  const send = (id: string, text: string, question = true) => channels.texts?.send({ id, to, text, question }) ?? assert.fail('no sender');
  const onPhone = (text: string) => [
    centre.phones.filter((p) => p.text === text).length,
    twilio.sent.filter((m) => m.body === text).length,
  ];

  it('the first alone while it takes messages', async () => {
    assert.ok((await send('1', 'first?')).ok);
    await eventually('it is on the phone', () => onPhone('first?')[0] === 1, 3_000);
    assert.deepEqual(onPhone('first?'), [1, 0]);
  });
  it('answers come in by both', async () => {
    centre.text(to, ['YES 482193']);
    twilio.text(to, 'NO 482193');
    await eventually('both are heard', () => heard.includes('YES 482193') && heard.includes('NO 482193'), 5_000);
  });
  it('the first takes a message and does not say so: a question goes by the other, too; a notice does not', async () => {
    centre.mute = true;
    assert.ok((await send('2', 'second?')).ok);
    assert.deepEqual(onPhone('second?'), [1, 1]);
    const notice = await send('3', 'for your information', false);
    assert.equal(notice.ok ? 'ok' : notice.code, 'SMS_UNCERTAIN');
    assert.deepEqual(onPhone('for your information'), [1, 0]);
    centre.mute = false;
  });
  it('the first is away: the other takes all', async () => {
    await centre.close();
    await eventually('it is noticed', () => channels.inbound?.some((i) => i.trouble() !== null) === true, 5_000);
    assert.ok((await send('4', 'third?')).ok);
    assert.ok((await send('5', 'a notice', false)).ok);
    assert.deepEqual(
      [onPhone('third?'), onPhone('a notice')],
      [
        [0, 1],
        [0, 1],
      ],
    );
    await centre.open();
  });
});
