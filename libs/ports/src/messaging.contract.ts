import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { eventually, type Outage, refusedAs, taken, within } from './contract-tools.ts';
import type { AnswerChannel, Inbound, InboundAnswer, InboundHandler, TextReceipt, TextSender } from './messaging.ts';

export interface TextBench {
  readonly sender: TextSender;
  readonly inbound: Inbound;
  /** What lies on the phones, whole: put together from its segments. */
  arrived(): Promise<readonly Readonly<{ to: string; text: string }>[]>;
  /** A number that the provider refuses for good. */
  readonly refused: string;
  /** The provider goes away, and comes back. */
  readonly outage: Outage;
  /** The provider tells what became of a message. */
  settle(providerId: string, state: 'delivered' | 'failed'): Promise<void>;
  close(): Promise<void>;
}

export interface InboundBench {
  readonly channel: AnswerChannel;
  /** As the adapter names a sender, two different ones. */
  readonly senders: readonly [string, string];
  /** A new one, as a restarted process would have it. */
  open(): Inbound;
  /** A person sends this; resolves once the network has it. */
  arrive(from: string, text: string): Promise<void>;
  readonly outage: Outage;
  close(): Promise<void>;
}

const WAIT_MS = 8_000;
const QUIET_MS = 400;
const ADDRESS = /\+?\d{9}/;

class Ear implements InboundHandler {
  readonly answers: InboundAnswer[] = [];
  readonly receipts: TextReceipt[] = [];
  keeps = true;
  async answer(a: InboundAnswer): Promise<boolean> {
    this.answers.push(a);
    return this.keeps;
  }
  async receipt(r: TextReceipt): Promise<boolean> {
    this.receipts.push(r);
    return true;
  }
  got(text: string): readonly InboundAnswer[] {
    return this.answers.filter((a) => a.text.trim() === text);
  }
}

export const textSenderContract = (name: string, open: () => Promise<TextBench>) =>
  describe(`TextSender: ${name}`, () => {
    const ear = new Ear();
    const stop = new AbortController();
    let bench: TextBench;
    let listening: Promise<void>;
    before(async () => {
      bench = await open();
      listening = bench.inbound.listen(ear, stop.signal);
      await eventually('it listens', () => bench.inbound.trouble() === null, WAIT_MS);
    });
    after(async () => {
      stop.abort();
      await within('the end of listening', WAIT_MS, listening);
      await bench.sender.close();
      await bench.close();
    });
    const to = '+8613812341234';
    const texts = async () => (await bench.arrived()).filter((m) => m.to === to).map((m) => m.text);

    for (const [what, text] of [
      ['plain', 'Host compute-7 failed. YES 482193 or NO 482193?'],
      ['of the extension table', '{compute-7} [12 VMs] ~ €'],
      ['Chinese', '主机 compute-7 故障。回复 同意 482193 或 拒绝 482193'],
      ['long', `${'Host compute-7 failed. '.repeat(9)}€`],
      ['long and Chinese', `${'主机故障，需要疏散。'.repeat(9)}😀`],
    ] as const)
      it(`brings a text as it was written: ${what}`, async () => {
        const { providerId } = taken(await bench.sender.send({ id: `t-${what}`, to, text }));
        assert.ok(providerId.length > 0);
        await eventually('it is on the phone', async () => (await texts()).includes(text), WAIT_MS);
      });

    it('sends the same message once', async () => {
      const text = 'Still waiting for you: compute-8.';
      const first = taken(await bench.sender.send({ id: 'once', to, text }));
      assert.deepEqual(taken(await bench.sender.send({ id: 'once', to, text })), first);
      await eventually('it is on the phone', async () => (await texts()).includes(text), WAIT_MS);
      assert.equal((await texts()).filter((t) => t === text).length, 1);
    });

    it('hears what became of a message', async () => {
      for (const state of ['delivered', 'failed'] as const) {
        const { providerId } = taken(await bench.sender.send({ id: `r-${state}`, to, text: `What becomes of this: ${state}?` }));
        await bench.settle(providerId, state);
        const heard = () => ear.receipts.some((r) => r.providerId === providerId && r.state === state);
        await eventually(`the receipt says ${state}`, heard, WAIT_MS);
      }
    });

    it('says that a number is refused, without showing it', async () => {
      const answer = await bench.sender.send({ id: 'refused', to: bench.refused, text: 'Hello' });
      refusedAs(answer, 'SMS_REFUSED');
      assert.doesNotMatch(answer.ok ? '' : answer.detail, ADDRESS);
    });

    it('says that the provider is away, and sends when it is back', async () => {
      await bench.outage.away();
      const answer = await bench.sender.send({ id: 'away', to, text: 'Are you there?' });
      assert.ok(!answer.ok && answer.code !== 'SMS_REFUSED', JSON.stringify(answer));
      assert.doesNotMatch(answer.ok ? '' : answer.detail, ADDRESS);
      await bench.outage.back();
      await eventually('it sends again', async () => (await bench.sender.send({ id: 'away', to, text: 'Are you there?' })).ok, WAIT_MS);
      await eventually('it is on the phone', async () => (await texts()).includes('Are you there?'), WAIT_MS);
    });
  });

export const inboundContract = (name: string, open: () => Promise<InboundBench>) =>
  describe(`Inbound: ${name}`, () => {
    let bench: InboundBench;
    const ends: (() => Promise<void>)[] = [];
    before(async () => {
      bench = await open();
    });
    after(() => bench.close());
    afterEach(async () => {
      for (const end of ends.splice(0)) await end();
    });
    const listen = async (ear: Ear) => {
      const stop = new AbortController();
      const inbound = bench.open();
      const over = inbound.listen(ear, stop.signal);
      const end = async () => {
        stop.abort();
        await within('the end of listening', WAIT_MS, over);
      };
      ends.push(end);
      await eventually('it listens', () => inbound.trouble() === null, WAIT_MS);
      return { inbound, end };
    };
    const heard = (ear: Ear, text: string) => eventually(`'${text}' is handed over`, () => ear.got(text).length > 0, WAIT_MS);
    const quiet = () => new Promise((r) => setTimeout(r, QUIET_MS));

    it('hands over who wrote what, each with a name of its own', async () => {
      const ear = new Ear();
      await listen(ear);
      const [li, chen] = bench.senders;
      await bench.arrive(li, 'YES 482193');
      await bench.arrive(chen, '拒绝 482193');
      await heard(ear, 'YES 482193');
      await heard(ear, '拒绝 482193');
      const [a, b] = [ear.got('YES 482193')[0], ear.got('拒绝 482193')[0]];
      assert.deepEqual([a?.from, b?.from, a?.channel, a?.automatic], [li, chen, bench.channel, null]);
      assert.ok((a?.messageId ?? '') !== '' && a?.messageId !== b?.messageId);
      assert.ok(Math.abs(Date.now() - (a?.receivedAt ?? 0)) < 60_000);
    });

    it('has what came while nobody listened', async () => {
      await bench.arrive(bench.senders[0], 'YES 100001');
      const ear = new Ear();
      await listen(ear);
      await heard(ear, 'YES 100001');
    });

    it('hands over again what was not kept, under the same name, and then no more', async () => {
      const deaf = new Ear();
      deaf.keeps = false;
      const first = await listen(deaf);
      await bench.arrive(bench.senders[0], 'NO 100002');
      await heard(deaf, 'NO 100002');
      await first.end();
      const ear = new Ear();
      const second = await listen(ear);
      await heard(ear, 'NO 100002');
      assert.equal(ear.got('NO 100002')[0]?.messageId, deaf.got('NO 100002')[0]?.messageId);
      await quiet();
      await second.end();
      const third = new Ear();
      await listen(third);
      await quiet();
      assert.equal(third.got('NO 100002').length, 0);
    });

    it('goes on by itself after the other side was away', async () => {
      const ear = new Ear();
      const { inbound } = await listen(ear);
      await bench.outage.away();
      await eventually('it says so', () => inbound.trouble() !== null, WAIT_MS);
      await bench.outage.back();
      await eventually('it listens', () => inbound.trouble() === null, WAIT_MS);
      await bench.arrive(bench.senders[0], 'YES 100003');
      await heard(ear, 'YES 100003');
    });
  });
