import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SmppLink } from '@lifeboat/adapters-smpp';
import { SmsCentre } from '@lifeboat/adapters-smpp/test-support';
import type { InboundAnswer } from '@lifeboat/ports';
import { eventually } from '@lifeboat/ports/contract-tools';
import { inboundContract, textSenderContract } from '@lifeboat/ports/messaging.contract';

const open = async (more = {}) => {
  const centre = new SmsCentre();
  const port = await centre.open();
  const { systemId, password } = centre;
  const options = {
    host: '127.0.0.1',
    port,
    tls: false,
    systemId,
    password,
    from: '+8610086',
    timeLimitMs: 2_000,
    firstPauseMs: 100,
    ...more,
  };
  return { centre, options };
};

textSenderContract('SMPP 3.4', async () => {
  const { centre, options } = await open();
  const link = new SmppLink(options);
  return {
    sender: link,
    inbound: link,
    arrived: async () => centre.phones,
    refused: centre.refused,
    outage: { away: () => centre.close(), back: async () => void (await centre.open()) },
    settle: async (id, state) => centre.receipt(id, state === 'delivered' ? 'DELIVRD' : 'UNDELIV'),
    close: () => centre.close(),
  };
});

inboundContract('SMPP 3.4', async () => {
  const { centre, options } = await open();
  return {
    channel: 'sms',
    senders: ['+8613812341234', '+4915112345678'],
    open: () => new SmppLink(options),
    arrive: async (from, text) => centre.text(from, [text]),
    outage: { away: () => centre.close(), back: async () => void (await centre.open()) },
    close: () => centre.close(),
  };
});

describe('SmppLink', () => {
  let centre: SmsCentre;
  let link: SmppLink;
  let over: Promise<void>;
  const got: InboundAnswer[] = [];
  const stop = new AbortController();
  before(async () => {
    const opened = await open({ enquireMs: 100 });
    centre = opened.centre;
    link = new SmppLink(opened.options);
    const answer = async (a: InboundAnswer) => {
      got.push(a);
      return true;
    };
    over = link.listen({ answer, receipt: async () => true }, stop.signal);
    await eventually('it listens', () => link.trouble() === null, 5_000);
  });
  after(async () => {
    stop.abort();
    await over;
    await centre.close();
  });

  it('puts a long answer together', async () => {
    centre.text('+8613812341234', ['同意 ', '482193']);
    await eventually('it is whole', () => got.some((a) => a.text === '同意 482193'), 5_000);
    assert.deepEqual(
      got.map((a) => a.text),
      ['同意 482193'],
    );
  });
  it('reads what is written in the alphabet of GSM', async () => {
    centre.text('+8613812341234', ['YES 482193'], 0);
    await eventually('it is there', () => got.some((a) => a.text === 'YES 482193'), 5_000);
  });
  it('keeps every segment within what a segment holds', async () => {
    centre.segments.length = 0;
    const sent = await link.send({ id: 'segments', to: '+8613812341234', text: '疏散'.repeat(100) });
    assert.ok(sent.ok);
    assert.deepEqual(
      centre.segments.map((s) => [s.bytes, s.coding]),
      [
        [134, 8],
        [134, 8],
        [132, 8],
      ],
    );
  });
  it('asks from time to time whether the other side lives', async () => {
    const before = centre.enquiries;
    await eventually('it asks', () => centre.enquiries > before + 1, 3_000);
  });
  it('says why it is not let in, without the password', async () => {
    const { options, centre: other } = await open({ password: 'hunter2' });
    const refused = new SmppLink(options);
    const end = new AbortController();
    const ended = refused.listen({ answer: async () => true, receipt: async () => true }, end.signal);
    await eventually('it says so', () => /ESME_RBINDFAIL/.test(refused.trouble() ?? ''), 5_000);
    assert.doesNotMatch(refused.trouble() ?? '', /hunter2/);
    end.abort();
    await ended;
    await other.close();
  });
});
