import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failed, type Outcome, ok } from '@lifeboat/kernel';
import type { TextFailure, TextMessage, TextSender, TextTaken } from '@lifeboat/ports';
import { twoProviders } from '../src/perform/two-providers.ts';

type Mood = 'takes' | TextFailure;
class Provider implements TextSender {
  mood: Mood = 'takes';
  readonly asked: string[] = [];
  readonly name: string;
  constructor(name: string, mood: Mood) {
    this.name = name;
    this.mood = mood;
  }
  async send(m: TextMessage): Promise<Outcome<TextTaken, TextFailure>> {
    this.asked.push(m.text);
    return this.mood === 'takes' ? ok({ providerId: this.name }) : failed(this.mood, `${this.name} says so`);
  }
  async close(): Promise<void> {}
}
const pair = (a: Mood, b: Mood) => {
  const [first, second] = [new Provider('a', a), new Provider('b', b)];
  return { first, second, both: twoProviders(first, second) };
};
const message = (question: boolean): TextMessage => ({ id: 'm', to: '+8613812341234', text: 'YES 482193?', question });
const said = (o: Outcome<TextTaken, TextFailure>) => (o.ok ? o.value.providerId : o.code);

describe('two providers of text messages', () => {
  /** What the first does, the second does → asked of each, and what comes of it: for a question, for a notice. */
  const table: readonly (readonly [Mood, Mood, string, string])[] = [
    ['takes', 'takes', '1 0 a', '1 0 a'],
    ['SMS_UNREACHABLE', 'takes', '1 1 b', '1 1 b'],
    ['SMS_REFUSED', 'takes', '1 1 b', '1 1 b'],
    ['SMS_UNCERTAIN', 'takes', '1 1 b', '1 0 SMS_UNCERTAIN'],
    ['SMS_UNREACHABLE', 'SMS_UNREACHABLE', '1 1 SMS_UNREACHABLE', '1 1 SMS_UNREACHABLE'],
    ['SMS_REFUSED', 'SMS_UNREACHABLE', '1 1 SMS_UNREACHABLE', '1 1 SMS_UNREACHABLE'],
    ['SMS_UNREACHABLE', 'SMS_REFUSED', '1 1 SMS_UNREACHABLE', '1 1 SMS_UNREACHABLE'],
    ['SMS_REFUSED', 'SMS_REFUSED', '1 1 SMS_REFUSED', '1 1 SMS_REFUSED'],
    ['SMS_UNCERTAIN', 'SMS_REFUSED', '1 1 SMS_UNCERTAIN', '1 0 SMS_UNCERTAIN'],
  ];
  for (const [a, b, forQuestion, forNotice] of table)
    it(`the first ${a}, the second ${b}`, async () => {
      for (const [question, expected] of [
        [true, forQuestion],
        [false, forNotice],
      ] as const) {
        const { first, second, both } = pair(a, b);
        const came = said(await both.send(message(question)));
        assert.equal(`${first.asked.length} ${second.asked.length} ${came}`, expected, question ? 'question' : 'notice');
      }
    });
  it('a notice whose fate is unknown stays with the one that may have it, also where that one refuses later', async () => {
    const { first, second, both } = pair('SMS_UNCERTAIN', 'takes');
    await both.send(message(false));
    for (const mood of ['SMS_UNREACHABLE', 'SMS_REFUSED', 'takes'] as const) {
      first.mood = mood;
      await both.send(message(false));
    }
    assert.deepEqual([first.asked.length, second.asked.length], [4, 0]);
  });
  it('what the second has taken is asked of it when it is sent again', async () => {
    const { first, second, both } = pair('SMS_UNREACHABLE', 'takes');
    await both.send(message(true));
    first.mood = 'takes';
    assert.equal(said(await both.send(message(true))), 'b');
    assert.deepEqual([first.asked.length, second.asked.length], [1, 2]);
  });
  it('the same text, so the same code, goes by both', async () => {
    const { first, second, both } = pair('SMS_UNCERTAIN', 'takes');
    await both.send(message(true));
    assert.deepEqual(first.asked, second.asked);
  });
});
