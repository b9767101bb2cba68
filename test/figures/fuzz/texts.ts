import type { Chance } from './chance.ts';

/** A text that was made so that what it says is known: the reader under test has no part in it. */
export interface Made {
  readonly kind: string;
  readonly text: string;
  /** What a careful person would take it for. Null: no answer that may be acted on. */
  readonly truth: 'evacuate' | 'do-not' | null;
  /** The code that was sent out. */
  readonly code: string;
}

const words = { evacuate: ['YES', 'yes', 'Yes', 'yEs', 'ＹＥＳ', '同意'], 'do-not': ['NO', 'no', 'No', 'ＮＯ', '拒绝', '拒絕'] } as const;
const around = ['', '', '', ' ', '.', '!', '。', '！', '\u200b', '\u3000', '\n', '"', '*'];
const between = [' ', ' ', '', ': ', ',', '：', '，', '\u00a0', '  ', '\n', ' - '];
const remarks = [
  ...[
    'wait for me',
    'hold on',
    'call me first',
    'actually leave them',
    'never mind',
    'not sure',
    'is it safe?',
    'after 5 pm',
    'only host 8',
  ],
  ...['who is this', "don't", 'if the disks are fine', 'forget it', 'wrong host, sorry', 'let me check', 'ask Chen', 'tomorrow', 'maybe'],
  ...['先等等', '我再看看', '不要动', '等我电话', '先别疏散', '是不是搞错了', '明天再说', '除非存储正常', '你是谁', '可以吗'],
];
const negations = ['not ', "don't ", 'do not ', 'never ', '不', '别', '不要', '不能', 'can I say ', 'should I say ', 'reply '];
const quoteOf = (code: string) => [
  'Host compute-7 failed. 12 VMs are down.',
  `Reply YES ${code} to evacuate, NO ${code} to leave them.`,
  `回复 同意 ${code} 或 拒绝 ${code}`,
];
const signatures = ['\n-- \nLi Wei\nCloud Operations\n+86 23 6666 1234', '\n\nSent from my iPhone', '\n\n发自我的iPhone'];
/** A careful reader asks again here: whether 'Li Wei' is a name and 'tomorrow' is none, no rule can tell. */
const unmarked = ['\n\nBest regards,\nLi Wei\nCloud Operations', '\n\n祝好\n李伟', '\n\nLi'];
export const MAY_ASK = 'above an unmarked signature';
const polite = ['Hi Lifeboat,\n', 'Thanks, ', '你好，', 'please ', '谢谢 '];

/** The same digits as people type them. */
function typed(c: Chance, code: string): string {
  const wide = (s: string) => [...s].map((d) => String.fromCodePoint((d.codePointAt(0) ?? 0) + 0xfee0)).join('');
  return c.one([code, code, code, wide(code), `${code.slice(0, 3)} ${code.slice(3)}`, `${code.slice(0, 3)}-${code.slice(3)}`]);
}
const answer = (c: Chance, to: 'evacuate' | 'do-not', code: string) =>
  `${c.one(around)}${c.one(words[to])}${c.one(between)}${typed(c, code)}${c.one(around)}`;

/** What mail programs put below. */
export function quoted(c: Chance, code: string, lines = quoteOf(code)): string {
  const marked = lines.map((l) => `> ${l}`).join('\n');
  const plain = lines.join('\n');
  return c.one([
    `\n\nOn Mon, Nov 23, 2026 at 3:12 AM Lifeboat <lifeboat@example.org> wrote:\n${marked}`,
    `\n\nOn Mon, Nov 23, 2026 at 3:12 AM Lifeboat <\nlifeboat@example.org> wrote:\n\n${plain}`,
    `\n\n-----Original Message-----\nFrom: Lifeboat\n${plain}`,
    `\n\n________________________________\nFrom: Lifeboat\nSent: Monday\nSubject: compute-7\n${plain}`,
    `\n\n发件人： Lifeboat\n发送时间： 2026-11-23\n收件人： li\n主题： x\n${plain}`,
    `\n\n------------------ 原始邮件 ------------------\n发件人: "Lifeboat"\n${plain}`,
    `\n\n在 2026-11-23 03:12:00，"Lifeboat" <lifeboat@example.org> 写道：\n${marked}`,
    `\n${marked}`,
  ]);
}

const otherCode = (c: Chance, code: string) => String((Number(code) + 1 + c.below(999_998)) % 1_000_000).padStart(6, '0');
const side = (c: Chance) => c.one(['evacuate', 'do-not'] as const);
const NOISE = [...'abcdefghijklmnop qrtuvwxz0123456789\n\t>-:.,;?!<>()"@#的了我等不拒绝😀\u0301\u202e\ud800\u0000'];
const noise = (c: Chance, most: number) => Array.from({ length: c.below(most) }, () => c.one(NOISE)).join('');

/** Somewhere that its reader would see it. */
function withRemark(c: Chance, said: string): string {
  const remark = c.one(remarks);
  return c.one([
    `${said} ${remark}`,
    `${remark} ${said}`,
    `${said}\n${remark}`,
    `${said}\n\n${remark}`,
    `${remark}\n\n${said}`,
    `${said}\n\nRegards,\nLi\n${remark}`,
    `${said}\n\n祝好\n${remark}`,
    `${said}\n\nSent from my iPhone\n${remark}`,
  ]);
}

/** Leaves out, doubles or swaps characters, or puts in some of NOISE, which has not all the letters of a yes. */
function worn(c: Chance, text: string): string {
  const all = [...text];
  for (let n = 1 + c.below(4); n > 0; n -= 1) {
    const at = c.below(all.length + 1);
    c.one([
      () => all.splice(at, 1),
      () => all.splice(at, 0, c.one(NOISE)),
      () => all.splice(at, 0, all[at] ?? ' '),
      () => all.splice(at, 2, all[at + 1] ?? '', all[at] ?? ''),
    ])();
  }
  return all.join('');
}

const kinds: readonly (readonly [kind: string, make: (c: Chance, code: string) => readonly [text: string, truth: Made['truth']]])[] = [
  [
    'an answer',
    (c, code) => {
      const to = side(c);
      const said = `${c.happens(0.2) ? c.one(polite) : ''}${answer(c, to, code)}${c.happens(0.2) ? '\nThanks!' : ''}`;
      const signed = c.happens(0.4) ? `${said}${c.one(signatures)}` : said;
      return [c.happens(0.6) ? `${signed}${quoted(c, code)}` : signed, to];
    },
  ],
  [
    MAY_ASK,
    (c, code) => {
      const to = side(c);
      return [`${answer(c, to, code)}${c.one(unmarked)}${c.happens(0.6) ? quoted(c, code) : ''}`, to];
    },
  ],
  ['a no that was worn on its way', (c, code) => [worn(c, `${answer(c, 'do-not', code)}${c.happens(0.5) ? quoted(c, code) : ''}`), null]],
  ['a yes and a remark', (c, code) => [`${withRemark(c, answer(c, 'evacuate', code))}${c.happens(0.4) ? quoted(c, code) : ''}`, null]],
  ['a no and a remark', (c, code) => [withRemark(c, answer(c, 'do-not', code)), null]],
  [
    'yes and no',
    (c, code) => [
      [answer(c, 'evacuate', code), answer(c, 'do-not', code)].sort(() => c.next() - 0.5).join(c.one([' ', '\n', '\n\n', '\n-- \n'])),
      null,
    ],
  ],
  [
    'two codes',
    (c, code) => [`${answer(c, 'evacuate', code)}${c.one([' ', '\n', '\n-- \n'])}${answer(c, 'evacuate', otherCode(c, code))}`, null],
  ],
  ['turned round', (c, code) => [`${c.one(negations)}${c.one(words.evacuate)} ${code}`, null]],
  ['asked', (c, code) => [`${c.one(words.evacuate)} ${code}${c.one(['?', '？', ' ?', '?!', ' 吗', '吗？'])}`, null]],
  [
    'only quoted',
    (c, code) => [`${c.happens(0.5) ? c.one(remarks) : ''}${quoted(c, code, [...quoteOf(code).slice(0, 1), `YES ${code}`])}`, null],
  ],
  [
    'another code',
    (c, code) => [
      `YES ${c.one([otherCode(c, code), code.slice(1), `${code}${c.below(10)}`, `${c.below(10)}${code}`, `${code} ${c.below(10)}`])}`,
      null,
    ],
  ],
  [
    'another word',
    (c, code) => [
      `${c.one(['OK', 'Y', 'sure', 'go', 'eyes', 'yesterday', 'yess', '好', '行', '可以', '不同意', '同意书', 'УЕЅ'])} ${code}`,
      null,
    ],
  ],
  ['noise', (c, code) => [`${noise(c, 60)}${c.happens(0.5) ? code : ''}${noise(c, 60)}${c.happens(0.3) ? quoted(c, code) : ''}`, null]],
];

export function makeText(c: Chance): Made {
  const [kind, make] = c.happens(0.3) ? (kinds[0] as (typeof kinds)[number]) : c.one(kinds);
  const code = c.code();
  const [text, truth] = make(c, code);
  return { kind, text, truth, code };
}
