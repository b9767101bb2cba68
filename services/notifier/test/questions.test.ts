import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterId, instant } from '@lifeboat/kernel';
import { concealed } from '../src/decide/conceal.ts';
import type { NotifierInput } from '../src/decide/effects.ts';
import { e164, isQuiet } from '../src/decide/people.ts';
import { defaultNotifierSettings } from '../src/settings.ts';
import { confirmation, Desk, JAN, MEI, NIGHT, settings } from './desk.ts';

describe('a question', () => {
  it('goes to the first contact, in its language, with all that it needs', () => {
    const d = new Desk().asks();
    assert.deepEqual(d.asked, ['Mei']);
    assert.match(
      d.texts[0]?.text.text ?? '',
      /^【Lifeboat lab】compute-3 主机故障，是否疏散 3 台虚拟机？请在 02:30 前回复 同意 482193 或 拒绝 482193。 https:/,
    );
    assert.equal(d.texts[0]?.text.to, MEI);
  });
  it('says its time in the time of the contact', () => {
    const people = new Map([...settings.people, ['Mei', { name: 'Mei', phone: MEI, timeZone: 'Europe/Berlin' }]]);
    assert.match(new Desk({ people }).asks().texts[0]?.text.text ?? '', /Reply YES 482193 or NO 482193 by 19:30\./);
  });
  it('goes to the next contacts while nobody answers, each once', () => {
    const d = new Desk().asks().after(9);
    assert.deepEqual(d.asked, ['Mei']);
    d.after(1);
    assert.deepEqual(d.asked, ['Mei', 'Jan']);
    const mail = d.mails[0]?.mail;
    assert.match(mail?.subject ?? '', /CONFIRM: evacuate 3 VMs of compute-3\?/);
    assert.match(mail?.text ?? '', /2 to run, 1 stopped/);
    assert.match(mail?.html ?? '', /482193/);
    assert.doesNotMatch(mail?.html ?? '', /<form|<button|<script/, 'what mail scanners open has no buttons');
    assert.deepEqual(d.after(20).asked, ['Mei', 'Boss', 'Jan']);
  });
  it('is the same however often its event comes, and a new code is not made', () => {
    const d = new Desk().asks().asks();
    assert.deepEqual(d.asked, ['Mei']);
  });
  it('waits for the end of quiet hours where the cluster does not wake people; not if nobody else is left', () => {
    const d = new Desk({ wakes: new Set() }).asks();
    assert.deepEqual(d.asked, []);
    assert.deepEqual(d.after(10).asked, ['Jan']);
    const alone = new Desk({ wakes: new Set(), stepsOf: new Map([[clusterId('web'), [{ contacts: ['Mei'], afterMs: 0 }]]]) }).asks();
    assert.deepEqual(alone.asked, ['Mei']);
  });
  it('reaches the phone, however many notices went there before', () => {
    const both = { name: 'Jan', email: JAN, phone: '+4915112340000' };
    const people = new Map([...settings.people, ['Jan', both]]);
    const d = new Desk({ people, stepsOf: new Map([[clusterId('web'), [{ contacts: ['Jan'], afterMs: 0 }]]]), gatherMs: 0 });
    for (let i = 0; i < 12; i++) d.hears('lifeboat.incident.waiting', { for: 'person', reason: 'r', incident: `inc-${i}` }).afterSeconds(1);
    const notices = d.texts.filter((t) => t.contact === 'Jan').length;
    assert.equal(notices, settings.textsMost, 'notices have a limit');
    d.asks();
    assert.match(d.texts.at(-1)?.text.text ?? '', /Reply YES 482193 or NO 482193/);
  });
  it('settled or withdrawn: all who were asked are told', () => {
    const d = new Desk().asks().after(10).hears('lifeboat.confirmation.settled', { answer: 'evacuate', by: 'Jan' });
    assert.match(d.texts.at(-1)?.text.text ?? '', /Jan 已同意/);
    assert.match(d.mails.at(-1)?.mail.text ?? '', /Jan answered YES/);
    const w = new Desk().asks().hears('lifeboat.confirmation.expired', { reason: 'host compute-3 came back' });
    assert.match(w.texts.at(-1)?.text.text ?? '', /已撤回/);
  });
});

describe('an answer', () => {
  it('of a contact with the code counts, in whatever form the number comes', () => {
    assert.deepEqual(new Desk().asks().writes('0086 138-1234-1234', '同意４８２１９３').told, ['received evacuate Mei']);
    assert.deepEqual(new Desk().asks().writes('Jan@Example.org', 'no 482 193').told, ['received do-not Jan']);
  });
  it('counts, however many auto-replies and forgeries came under the same address before', () => {
    const d = new Desk().asks();
    for (let i = 0; i < 15; i++) d.writes(JAN, 'I am out of office', { automatic: 'auto-reply' });
    for (let i = 0; i < 15; i++) d.writes(JAN, `YES 00000${i % 10}`, { authentication: 'fail' });
    assert.equal(d.writes(JAN, 'YES 482193').told.at(-1), 'received evacuate Jan');
  });
  it('of a stranger, or with a forged sender, is recorded and not answered', () => {
    const d = new Desk().asks().writes('+15550100', 'YES 482193').writes(JAN, 'YES 482193', { authentication: 'fail' });
    assert.deepEqual(d.told, ['refused wrong-sender', 'refused wrong-sender']);
    assert.deepEqual([d.texts.length, d.mails.length, d.kept], [1, 0, 2]);
  });
  it('of a contact of another cluster is a wrong sender', () =>
    assert.deepEqual(new Desk().asks().writes('dba@example.org', 'YES 482193').told, ['refused wrong-sender Dba']));
  it('handed over twice counts once', () => {
    const d = new Desk().asks().writes(MEI, '同意 482193', { messageId: 'same' }).writes(MEI, '同意 482193', { messageId: 'same' });
    assert.deepEqual([d.told, d.kept], [['received evacuate Mei'], 2]);
  });
  it('a second time or the other way round changes nothing', () => {
    const d = new Desk().asks().writes(MEI, '同意 482193').writes(MEI, '同意 482193').writes(MEI, '拒绝 482193');
    assert.deepEqual(d.told, ['received evacuate Mei', 'refused duplicate Mei', 'refused conflicting Mei']);
  });
  it('after its time, or to a question that is void, changes nothing and is answered politely', () => {
    const d = new Desk().asks();
    d.now += 1_800_000;
    assert.deepEqual(d.writes(MEI, '同意 482193').told, ['refused expired Mei']);
    assert.match(d.texts.at(-1)?.text.text ?? '', /答复时间已过/);
    const v = new Desk().asks().hears('lifeboat.confirmation.expired', { reason: 'r' }).writes(JAN, 'YES 482193');
    assert.deepEqual(v.told, ['refused superseded Jan']);
  });
  it('that is not understood is answered with help, and nothing else happens', () => {
    const d = new Desk().asks().writes(MEI, '我不同意 482193 吧');
    assert.deepEqual(d.told, []);
    assert.match(d.texts.at(-1)?.text.text ?? '', /未能理解/);
  });
  it('of a machine is kept and never answered', () => {
    const d = new Desk().asks().writes(JAN, 'YES 482193', { automatic: 'auto-reply' });
    assert.deepEqual([d.told, d.mails.length, d.kept], [[], 0, 1]);
  });
  it('with wrong codes again and again: the question gets a new code, and in the end none', () => {
    const d = new Desk({ answersMost: 99 }).asks();
    for (let i = 0; i < 5; i++) d.writes(MEI, '同意 000000');
    assert.equal(d.told.filter((t) => t === 'refused wrong-code Mei').length, 5);
    assert.match(d.texts.at(-2)?.text.text ?? d.texts.at(-1)?.text.text ?? '', /775501|wrong|验证码/);
    assert.deepEqual(d.writes(MEI, '同意 482193').told.at(-1), 'refused wrong-code Mei', 'the old code is void');
    assert.deepEqual(d.writes(MEI, '同意 775501').told.at(-1), 'received evacuate Mei');
  });
  it('beyond so many of one sender is not looked at', () => {
    const d = new Desk().asks();
    for (let i = 0; i < defaultNotifierSettings.answersMost; i++) d.writes('+15550100', `YES 00000${i % 10}`);
    assert.equal(d.writes('+15550100', 'YES 482193').told.length, defaultNotifierSettings.answersMost);
    assert.deepEqual(d.writes(MEI, '同意 482193').told.at(-1), 'received evacuate Mei', 'others are heard');
  });
  it('with a quorum is taken, and says how many are needed', () => {
    const d = new Desk().asks({ quorum: 2 }).writes(MEI, '同意 482193');
    assert.match(d.texts.at(-1)?.text.text ?? '', /需要 2 人/);
  });
});

describe('the page', () => {
  it('opened changes nothing, as often as it is opened; its button answers, once', () => {
    const d = new Desk().asks();
    const before = [d.state.asks, d.state.inquiries];
    d.visits(d.link).visits(d.link);
    assert.deepEqual([d.state.asks, d.state.inquiries], before);
    assert.match(d.pages[0] ?? '', /<button name="answer" value="evacuate">同意疏散/);
    d.visits(d.link, 'evacuate').visits(d.link, 'do-not');
    assert.deepEqual(d.told, ['received evacuate Mei', 'refused conflicting Mei']);
    assert.doesNotMatch(d.visits(d.link).pages.at(-1) ?? '', /<button/);
  });
  it('of a link that is not signed by us is empty', () => {
    const d = new Desk().asks();
    const forged = `${d.link.slice(0, -1)}${d.link.endsWith('0') ? '1' : '0'}`;
    assert.match(d.visits(forged, 'evacuate').pages[0] ?? '', /not valid/);
    assert.deepEqual(d.told, []);
  });
});

describe('people', () => {
  it('numbers in every form are one number; what is none is none', () => {
    assert.deepEqual(['+86 138 1234 1234', '008613812341234', '86-138-1234-1234'].map(e164), [MEI, MEI, MEI]);
    assert.deepEqual(['', 'Lifeboat', '+0123456789'].map(e164), [null, null, null]);
  });
  it('quiet hours over midnight, in their own time zone', () => {
    const mei = settings.people.get('Mei');
    assert.deepEqual(
      [isQuiet(mei, instant(NIGHT)), isQuiet(mei, instant(NIGHT + 6 * 3_600_000)), isQuiet(undefined, instant(NIGHT))],
      [true, false, false],
    );
  });
});

describe('an input that no decision could be made on', () => {
  it('is shown without codes, numbers, addresses and links', () => {
    const at = instant(NIGHT);
    const answer = { channel: 'sms', from: MEI, text: 'YES 482193', messageId: MEI, references: [], receivedAt: at } as const;
    const inputs: NotifierInput[] = [
      { kind: 'observed', at, observation: { kind: 'answer', answer: { ...answer, authentication: 'none', automatic: null } } },
      { kind: 'observed', at, observation: { kind: 'visit', request: 'r', link: 'deadbeef482193' } },
      {
        kind: 'settled',
        at,
        effect: { kind: 'make-code', operation: 'code/1', inquiry: confirmation },
        result: { kind: 'code', code: '482193', key: 'deadbeef' },
      },
      ...new Desk().asks().texts.map((effect) => ({ kind: 'settled', at, effect, result: { ok: true, value: undefined } }) as const),
    ];
    for (const input of inputs) assert.doesNotMatch(JSON.stringify(concealed(input)), /482193|\+8613812341234|deadbeef/);
  });
});
