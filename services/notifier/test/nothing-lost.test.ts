import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '@lifeboat/kernel';
import type { TextReceipt } from '@lifeboat/ports';
import { defaultNotifierSettings } from '../src/settings.ts';
import { Desk, incident, JAN, MEI, settings } from './desk.ts';

class Office extends Desk {
  /** The provider has taken what was sent last. */
  taken(providerId: string): this {
    const effect = this.texts.at(-1) ?? assert.fail('nothing was sent');
    return this.put({ kind: 'settled', effect, result: { ok: true, value: { providerId } }, at: instant(this.now) });
  }
  receipt(r: Partial<TextReceipt>): this {
    const receipt = { providerId: 'p1', state: 'delivered' as const, detail: 'DELIVRD', at: instant(this.now), ...r };
    return this.put({ kind: 'observed', observation: { kind: 'receipt', name: `receipt/${this.kept}`, receipt }, at: instant(this.now) });
  }
  trouble(trouble: string | null): this {
    return this.put({ kind: 'observed', observation: { kind: 'trouble', channel: 'mailbox', trouble }, at: instant(this.now) });
  }
  of(type: string): object[] {
    return this.events.filter((e) => e.type === `lifeboat.${type}`).map((e) => ({ ...e.data, at: 0 }));
  }
}

describe('what comes in and is no answer', () => {
  const seen = (d: Office) => d.of('answer.ignored').map((e) => e as { reason: string; from: string; by?: string; times: number });
  it('of machines, of strangers, of nobody we asked: each is recorded, with a sender that is masked', () => {
    const d = new Office();
    d.writes(JAN, 'I am away', { automatic: 'auto-reply' }).writes('mailer-daemon@mx.example', 'no such user', { automatic: 'bounce' });
    d.writes('+15550100999', 'YES 482193')
      .writes(JAN, 'YES 482193', { authentication: 'fail' })
      .writes(JAN, 'yes 482193')
      .writes(MEI, '好的');
    assert.deepEqual(
      seen(d).map(({ reason, from, by }) => [reason, from, by]),
      [
        ['auto-reply', 'j***@example.org', 'Jan'],
        ['bounce', 'm***@mx.example', undefined],
        ['unknown-sender', '+155****0999', undefined],
        ['forged', 'j***@example.org', undefined],
        ['no-question', 'j***@example.org', 'Jan'],
        ['not-understood', '+86138****1234', 'Mei'],
      ],
    );
    assert.deepEqual(
      d.keptAs,
      seen(d).map((e) => e.reason),
      'and counted',
    );
  });
  it('beyond what is looked at of one sender: the first, and each doubling; every one is counted', () => {
    const d = new Office();
    const most = defaultNotifierSettings.answersMost;
    for (let i = 0; i < most + 9; i++) d.writes('+15550100999', 'YES 000000');
    const limited = seen(d).filter((e) => e.reason === 'rate-limited');
    assert.deepEqual(
      limited.map((e) => e.times - most),
      [1, 2, 4, 8],
    );
    assert.equal(d.keptAs.filter((as) => as === 'rate-limited').length, 9);
  });
  it('an answer that counts is counted as one, another as refused, the same one handed over again as such', () => {
    const d = new Office().asks();
    d.writes(MEI, '同意 482193', { messageId: 'same' }).writes(MEI, '同意 482193', { messageId: 'same' }).writes(MEI, '拒绝 482193');
    assert.deepEqual(d.keptAs, ['answer', 'again', 'refused']);
    assert.equal(seen(d).length, 0);
  });
});

describe('what became of a text message', () => {
  const asked = () => new Office().asks().taken('p1');
  it('is recorded by the contact that it was for, once', () => {
    const d = asked().receipt({}).receipt({});
    const [text] = d.texts;
    const of = { notice: text?.text.id, contact: 'Mei', subject: text?.subject, incident };
    assert.deepEqual(d.of('notice.receipt'), [{ ...of, state: 'delivered', detail: 'DELIVRD', at: 0 }]);
    assert.deepEqual(d.keptAs, ['receipt: delivered', 'receipt: other']);
  });
  it('is known by our own id, too; its failure shows no number', () => {
    const d = asked();
    d.receipt({ providerId: 'another', id: d.texts[0]?.text.id ?? '', state: 'failed', detail: `undelivered to ${MEI}` });
    assert.deepEqual(
      d.of('notice.receipt').map((e) => (e as { detail: string }).detail),
      ['undelivered to +86138****1234'],
    );
  });
  it('under way, or of a message that is none of ours, changes nothing', () => {
    const d = asked().receipt({ state: 'sent' }).receipt({ providerId: 'theirs' });
    assert.deepEqual([d.of('notice.receipt'), d.keptAs], [[], ['receipt: other', 'receipt: other']]);
  });
});

describe('a question that does not arrive', () => {
  const steps = (d: Office) => d.afterSeconds(1).asked;
  it('waits no longer for the time of the next step, whether the network or the provider says so', () => {
    assert.deepEqual(steps(new Office().asks().taken('p1')), ['Mei'], 'while nothing is known');
    const failed = new Office().asks().taken('p1').receipt({ state: 'failed' });
    assert.deepEqual(steps(failed), ['Mei', 'Jan']);
    assert.deepEqual(steps(failed), ['Mei', 'Jan'], 'and no further: Jan may have it');
    const refused = new Office().asks();
    const [effect] = refused.texts;
    assert.ok(effect);
    refused.put({
      kind: 'settled',
      effect,
      result: { ok: false, code: 'SMS_REFUSED', detail: 'no such number' },
      at: instant(refused.now),
    });
    assert.deepEqual(steps(refused), ['Mei', 'Jan']);
  });
  it('on one of two ways has not failed: the other may have arrived', () => {
    const people = new Map(settings.people).set('Mei', { name: 'Mei', phone: MEI, email: 'mei@example.org' });
    const d = new Office({ people }).asks().taken('p1').receipt({ state: 'failed' });
    assert.deepEqual([...new Set(steps(d))], ['Mei']);
  });
});

describe('a way for answers that is closed', () => {
  it('is told once it lasts, and when it is open again', () => {
    const d = new Office().trouble('mail.example.org:993: closed').afterSeconds(59);
    assert.deepEqual(d.of('channel.troubled'), []);
    d.trouble('mail.example.org:993: connect ECONNREFUSED').afterSeconds(1).afterSeconds(100).trouble(null);
    const [told, ...more] = d.of('channel.troubled') as { channel: string; trouble: string; since: number }[];
    assert.deepEqual([told?.channel, told?.trouble, more.length], ['mailbox', 'mail.example.org:993: connect ECONNREFUSED', 0]);
    assert.equal(d.of('channel.restored').length, 1);
    assert.deepEqual(d.state.troubles.size, 0);
  });
  it('and is open at once again is nobody’s business', () => {
    const d = new Office().trouble('closed').afterSeconds(5).trouble(null).afterSeconds(120);
    assert.deepEqual([...d.of('channel.troubled'), ...d.of('channel.restored')], []);
  });
  it('is a notice to every contact, by text message, too', () => {
    const d = new Office().hears('lifeboat.channel.troubled', { channel: 'mailbox', trouble: 't', since: 0 }).afterSeconds(11);
    assert.deepEqual(d.texts.map((t) => t.contact).sort(), ['Boss', 'Mei']);
    assert.match(d.mails[0]?.mail.text ?? '', /answer another way meanwhile/);
    const to = (contact: string) => d.texts.find((t) => t.contact === contact)?.text.text ?? '';
    assert.match(to('Boss'), /answers do NOT come in by mailbox/);
    assert.match(to('Mei'), /无法通过 mailbox 接收答复/, 'in the language of each');
  });
});
