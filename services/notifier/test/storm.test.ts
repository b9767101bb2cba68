import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Desk, JAN, MEI, NIGHT } from './desk.ts';

const host = (n: number) => `compute-${String(n).padStart(2, '0')}`;
const inc = (n: number) => `inc-${host(n)}-1`;
const question = (n: number, nth = 1) => `${inc(n)}/confirmation/${nth}`;

class Storm extends Desk {
  opens(n: number, automation = 'semi-automatic'): this {
    const of = { verdict: 'host failure', rule: 'r', hosts: [host(n)], clusters: ['web'], highAvailability: true, automation };
    return this.hears('lifeboat.incident.opened', { incident: inc(n), ...of });
  }
  question(n: number, more: object = {}, nth = 1): this {
    const expiresAt = this.now + 1_800_000;
    return this.asks({ incident: inc(n), confirmation: question(n, nth), hosts: [host(n)], vms: n, stopped: 0, expiresAt, ...more });
  }
  /** So many hosts fail at once, each an incident of its own, and all are asked about. */
  static of(count: number): Storm {
    const s = new Storm();
    for (let n = 1; n <= count; n++) s.opens(n);
    for (let n = 1; n <= count; n++) s.question(n);
    return s;
  }
  void(n: number, nth = 1): this {
    return this.hears('lifeboat.confirmation.expired', {
      incident: inc(n),
      confirmation: question(n, nth),
      reason: `host ${host(n)} came back`,
    });
  }
  settle(n: number, answer = 'evacuate'): this {
    return this.hears('lifeboat.confirmation.settled', { incident: inc(n), confirmation: question(n), answer, by: 'Mei' });
  }
  /** Whose questions were answered, in order. */
  get received(): string[] {
    return this.events.flatMap((e) => (e.type === 'lifeboat.confirmation.received' ? [`${e.data.confirmation} ${e.data.answer}`] : []));
  }
  get questions(): string[] {
    return this.texts.map((t) => t.text.text).filter((t) => /482193|775501|118264|00000/.test(t));
  }
}

describe('a storm of 40 hosts', () => {
  it('is one message with one code, which says how many', () => {
    const s = Storm.of(40);
    assert.equal(s.questions.length, 1);
    assert.match(s.questions[0] ?? '', /compute-01, compute-02, compute-03, compute-04 \+36 故障（共 40 起事件），是否疏散 820 台虚拟机/);
  });
  it('its mail lists each incident with its VMs, and so does its page', () => {
    const s = Storm.of(40).after(10);
    const asking = s.mails.filter((m) => m.mail.subject.includes('CONFIRM'));
    const [mail] = asking;
    assert.equal(asking.length, 1);
    assert.match(mail?.mail.text ?? '', /40 hosts failed, in 40 incidents\. One answer is for all of these:/);
    for (let n = 1; n <= 40; n++)
      assert.match(
        mail?.mail.text ?? '',
        new RegExp(`${host(n)}: host failure; ${n} VMs? \\(${inc(n)}\\)`.replace('VMs?', n === 1 ? 'VM' : 'VMs')),
      );
    const page = s.visits(s.link).pages[0] ?? '';
    for (let n = 1; n <= 40; n++) assert.ok(page.includes(inc(n)), inc(n));
  });
  it('one yes answers each of its questions, by its own name', () => {
    const s = Storm.of(40).writes(MEI, '同意 482193');
    assert.deepEqual(
      s.received,
      Array.from({ length: 40 }, (_, i) => `${question(i + 1)} evacuate`),
    );
  });
  it('its end is told in one message, too', () => {
    const s = Storm.of(40).writes(MEI, '同意 482193');
    const before = s.texts.length;
    for (let n = 1; n <= 40; n++) s.settle(n);
    assert.equal(s.texts.length - before, 1);
    assert.match(s.texts.at(-1)?.text.text ?? '', /compute-01, compute-02, compute-03 \+37：Mei 已同意/);
  });
});

describe('who is waited for', () => {
  it('nobody, where no other incident is open: a single question is sent at once', () => {
    assert.equal(new Storm().opens(1).question(1).questions.length, 1);
  });
  it('an incident on its way: until it asks, or for 20 s', () => {
    const both = new Storm().opens(1).opens(2).question(1);
    assert.equal(both.questions.length, 0);
    assert.equal(both.question(2).questions.length, 1);
    const late = new Storm().opens(1).opens(2).question(1).afterSeconds(19);
    assert.equal(late.questions.length, 0);
    assert.match(late.afterSeconds(1).questions[0] ?? '', /compute-01 主机故障/);
  });
  it('not for one that asks nobody, is closed, or has waited for something else for long', () => {
    assert.equal(new Storm().opens(1).opens(2, 'automatic').question(1).questions.length, 1);
    const closed = { incident: inc(2), hosts: [host(2)], outcome: 'withdrawn', vms: [], openedAt: NIGHT };
    assert.equal(new Storm().opens(1).opens(2).hears('lifeboat.incident.closed', closed).question(1).questions.length, 1);
    assert.equal(new Storm().opens(2).after(2).opens(1).question(1).questions.length, 1);
  });
  it('what comes after the message is a message of its own, with another code', () => {
    const s = Storm.of(2).opens(3).question(3);
    assert.equal(s.questions.length, 2);
    assert.deepEqual(s.writes(MEI, '同意 482193').received, [`${question(1)} evacuate`, `${question(2)} evacuate`]);
    assert.deepEqual(s.writes(MEI, '拒绝 775501').received.slice(2), [`${question(3)} do-not`]);
  });
  it('a question with another quorum is asked by itself', () => {
    const s = new Storm().opens(1).opens(2).question(1).question(2, { quorum: 2 });
    assert.equal(s.questions.length, 2);
  });
});

describe('one of them changes', () => {
  it('before the message is sent: it is not listed', () => {
    const s = new Storm().opens(1).opens(2).opens(3).question(1).question(2).void(1).question(3);
    assert.equal(s.questions.length, 1);
    assert.doesNotMatch(s.questions[0] ?? '', /compute-01/);
    assert.deepEqual(s.writes(MEI, '同意 482193').received, [`${question(2)} evacuate`, `${question(3)} evacuate`]);
  });
  it('after: only that one asks again, and the old code does not answer it', () => {
    const s = Storm.of(3).void(2).question(2, { vms: 9 }, 2);
    assert.match(s.afterSeconds(5).texts.at(-1)?.text.text ?? '', /compute-02：确认请求已撤回/);
    assert.equal(s.questions.length, 2);
    assert.match(s.questions[1] ?? '', /compute-02 主机故障，是否疏散 9 台虚拟机/);
    s.writes(MEI, '同意 482193');
    assert.deepEqual(s.received, [`${question(1)} evacuate`, `${question(3)} evacuate`]);
    assert.match(s.texts.at(-1)?.text.text ?? '', /所列 3 起事件中的 2 起有效/);
    assert.equal(s.told.at(-1)?.startsWith('refused') || s.told.some((t) => t === 'refused superseded Mei'), true);
    assert.deepEqual(s.writes(MEI, '同意 775501').received.slice(2), [`${question(2, 2)} evacuate`]);
  });
  it('after the answer, too; the others stand', () => {
    const s = Storm.of(3).writes(MEI, '同意 482193');
    for (const n of [1, 2, 3]) s.settle(n);
    const before = s.texts.length;
    s.void(2);
    assert.equal(s.texts.length - before, 1);
    assert.match(s.texts.at(-1)?.text.text ?? '', /compute-02：确认请求已撤回（主机 compute-02 已恢复）/);
  });
  it('a later contact is shown what is still open, and answers no more than that', () => {
    const s = Storm.of(3).void(3).after(10);
    const mail = s.mails.find((m) => /CONFIRM/.test(m.mail.subject) && !/^Re/.test(m.mail.subject))?.mail.text ?? '';
    assert.match(mail, /2 hosts failed, in 2 incidents/);
    assert.doesNotMatch(mail, /compute-03/);
    assert.deepEqual(s.writes(JAN, 'yes 482193').received, [`${question(1)} evacuate`, `${question(2)} evacuate`]);
  });
  it('one whose time is over is refused by itself', () => {
    const s = new Storm()
      .opens(1)
      .opens(2)
      .question(1, { expiresAt: NIGHT + 60_000 })
      .question(2)
      .after(2);
    assert.deepEqual(s.writes(MEI, '同意 482193').received, [`${question(2)} evacuate`]);
    assert.ok(s.told.includes('refused expired Mei'));
  });
});
