import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HelpReason, understand } from './index.ts';

const yes = (code = '482193') => ({ understood: true, answer: 'evacuate', code });
const no = (code = '482193') => ({ understood: true, answer: 'do-not', code });
const QUOTE = 'Host compute-7 failed. Reply YES 482193 to evacuate its 12 VMs, or NO 482193 to leave them.';

describe('an answer is understood', () => {
  const table: readonly (readonly [text: string, answer: 'yes' | 'no'])[] = [
    ['YES 482193', 'yes'],
    ['NO 482193', 'no'],
    ['同意 482193', 'yes'],
    ['拒绝 482193', 'no'],
    ['拒絕 482193', 'no'],
    ['yes482193', 'yes'],
    ['Yes, 482 193.', 'yes'],
    ['  yEs :  482-193  !!', 'yes'],
    ['ＹＥＳ　４８２１９３', 'yes'],
    ['拒绝：４８２１９３。', 'no'],
    ['【同意】482193', 'yes'],
    ['“NO 482193”', 'no'],
    ['*YES 482193*', 'yes'],
    ['<NO 482193>', 'no'],
    ['YES\n482193', 'yes'],
    ['YES\u00a0482193\u200b', 'yes'],
    ['\ufeffYES 482193', 'yes'],
    ['Hi Lifeboat,\n\nYES 482193\n\nThanks', 'yes'],
    ['你好，\n同意 482193，谢谢！', 'yes'],
    ['yes 482193\nYES 482193', 'yes'],
  ];
  for (const [text, answer] of table) it(JSON.stringify(text), () => assert.deepEqual(understand(text), answer === 'yes' ? yes() : no()));

  const around: readonly (readonly [client: string, text: string])[] = [
    ['Gmail', `YES 482193\n\nOn Mon, Nov 23, 2026 at 3:12 AM Lifeboat <\nlifeboat@example.org> wrote:\n\n> ${QUOTE}\n> more`],
    ['Gmail, quote not marked', `YES 482193\n\nOn Mon, Nov 23, 2026 at 3:12 AM Lifeboat <lifeboat@example.org> wrote:\n\n${QUOTE}`],
    ['below the quote', `On 23/11/2026 03:12, Lifeboat wrote:\n> ${QUOTE}\n\nYES 482193`],
    [
      'Outlook',
      `YES 482193\r\n\r\n________________________________\r\nFrom: Lifeboat <lifeboat@example.org>\r\nSent: Monday, November 23, 2026 3:12 AM\r\nTo: Li Wei\r\nSubject: compute-7\r\n\r\n${QUOTE}`,
    ],
    ['Outlook, older', `YES 482193\n\n-----Original Message-----\nFrom: Lifeboat\n${QUOTE}`],
    [
      'Outlook in Chinese',
      `同意 482193\n\n发件人: Lifeboat <lifeboat@example.org>\n发送时间: 2026年11月23日 3:12\n收件人: 李伟\n主题: compute-7\n\n${QUOTE}`,
    ],
    [
      'Foxmail',
      `同意 482193\n\n\n\nli.wei@example.org\n \n发件人： Lifeboat\n发送时间： 2026-11-23 03:12\n收件人： li.wei\n主题： compute-7\n${QUOTE}`,
    ],
    ['QQ', `同意482193\n\n------------------ 原始邮件 ------------------\n发件人: "Lifeboat";\n${QUOTE}`],
    ['NetEase', `同意 482193\n\n\n在 2026-11-23 03:12:00，"Lifeboat" <lifeboat@example.org> 写道：\n${QUOTE}`],
    [
      'iPhone in Chinese',
      `同意 482193\n\n发自我的iPhone\n\n> 在 2026年11月23日，上午3:12，Lifeboat <lifeboat@example.org> 写道：\n> \n> ${QUOTE}`,
    ],
    ['Gmail in Chinese', `同意 482193\n\nLifeboat <lifeboat@example.org> 于2026年11月23日周一 03:12写道：\n\n> ${QUOTE}`],
    ['iPhone', `Yes 482193\n\nSent from my iPhone\n\n> On 23 Nov 2026, at 03:12, Lifeboat <lifeboat@example.org> wrote:\n> \n> ${QUOTE}`],
    [
      'Outlook for iOS',
      `Yes 482193\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Lifeboat\nSent: Monday\n${QUOTE}`,
    ],
    ['signature', 'YES 482193\n\n-- \nLi Wei · No. 5 Road\n+86 23 6666 1234\nIf you are not the intended recipient, stop reading.'],
    ['signature above a quote', `YES 482193\n-- \nLi Wei\n\n-----Original Message-----\n${QUOTE}`],
    ['closing', 'YES 482193\n\nBest regards'],
    ['closing in Chinese', '同意 482193\n\n此致\n敬礼'],
  ];
  for (const [client, text] of around) it(`in a reply as it comes from: ${client}`, () => assert.deepEqual(understand(text), yes()));
});

describe('anything else is answered with help', () => {
  const table: readonly (readonly [text: string, help: HelpReason])[] = [
    ['', 'empty'],
    ['   \n ', 'empty'],
    ['Thanks', 'empty'],
    [`> ${QUOTE}`, 'empty'],
    [`On 23/11/2026 03:12, Lifeboat wrote:\n${QUOTE}`, 'empty'],
    ['YES', 'no-code'],
    ['no, 48219', 'no-code'],
    ['NO thanks 482193', 'no-code'],
    ['482193', 'no-word'],
    ['OK 482193', 'no-word'],
    ['不同意 482193', 'more-than-an-answer'],
    ['not yes 482193', 'more-than-an-answer'],
    ['YES 482193?', 'more-than-an-answer'],
    ['YES 482193 but wait for me', 'more-than-an-answer'],
    ['YES 482193\n\nhold on', 'more-than-an-answer'],
    ['YES 4821937', 'more-than-an-answer'],
    ['YES 482193 7', 'more-than-an-answer'],
    ['eyes 482193', 'more-than-an-answer'],
    ['YES 482193 NO', 'more-than-an-answer'],
    ['Do not say YES 482193', 'more-than-an-answer'],
    ['~~YES 482193~~', 'more-than-an-answer'],
    ['YES 482193 NO 482193', 'two-answers'],
    ['YES or NO 482193, YES 482193', 'two-answers'],
    ['YES 482193\n同意 482193\n拒绝 482193', 'two-answers'],
    ['YES 482193 YES 482194', 'two-codes'],
    ['YES 482193\n-- \nNO 482193', 'two-answers'],
    ['YES 482193\n-- \nYES 111111', 'two-codes'],
    ['YES 482193\nRegards,\nLi\nP.S. wait for my call', 'more-than-an-answer'],
    ['同意 482193\n祝好\n先不要动', 'more-than-an-answer'],
    ['YES 482193\n\nBest regards,\nLi Wei\nCloud Operations', 'more-than-an-answer'],
    ['YES 482193\nRegards,\nLi\ncall me first', 'more-than-an-answer'],
    ['YES 482193\nFrom: now on I am away', 'more-than-an-answer'],
    ['YES 482193\nthis is what I wrote:', 'more-than-an-answer'],
    [QUOTE, 'two-answers'],
    [`YES 482193 ${'x'.repeat(2000)}`, 'too-long'],
    ['УЕЅ 482193', 'no-word'],
    ['YES ４８２١٩٣', 'no-code'],
  ];
  for (const [text, help] of table)
    it(JSON.stringify(text).slice(0, 80), () => assert.deepEqual(understand(text), { understood: false, help }));

  it('within a moment, however long and odd the text is', () => {
    const began = performance.now();
    for (const unit of ['yes ', '> ', '482193 ', 'on 1\n', 'from: \n', '-', '*', 'YES 4', '＞', '\u0301', 'on @ ', '\n'])
      understand(unit.repeat(20_000));
    assert.ok(performance.now() - began < 1_000);
  });
});
