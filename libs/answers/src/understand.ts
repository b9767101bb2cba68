import { partsOf } from './quotes.ts';
import { type Answer, answerWords, CODE_DIGITS, courtesies } from './words.ts';

export const helpReasons = ['empty', 'no-code', 'no-word', 'two-answers', 'two-codes', 'more-than-an-answer', 'too-long'] as const;
export type HelpReason = (typeof helpReasons)[number];
export type Understood =
  | Readonly<{ understood: true; answer: Answer; code: string }>
  /** Nothing was answered: tell the sender how to. */
  | Readonly<{ understood: false; help: HelpReason }>;

const MOST_OWN = 1_000;
const MOST_READ = 20_000;

const alternatives = (words: Iterable<string>) => [...words].sort((a, b) => b.length - a.length).join('|');
const SPACE = '[\\s"\'“”‘’.,!;:()\\[\\]{}<>*_#`、。《》「」【】·-]';
/** A word and its code, with at most spaces and punctuation between and a space or hyphen inside the code. */
const ANSWER = new RegExp(
  `(${alternatives(Object.keys(answerWords))})${SPACE}*([0-9](?:[ -]?[0-9]){${CODE_DIGITS - 1}})(?![ -]?[0-9])(?![\\p{L}\\p{N}])`,
  'uy',
);
const COURTESY = new RegExp(`(${alternatives(courtesies)})(?![\\p{L}\\p{N}])`, 'uy');
const FILLING = new RegExp(`${SPACE}+`, 'uy');
/** Anywhere, even inside other words: two of these that differ are never an answer. */
const LIKE_ANSWERS = new RegExp(`(${alternatives(Object.keys(answerWords))})${SPACE}*([0-9](?:[ -]?[0-9]){${CODE_DIGITS - 1}})`, 'gu');

/** One form of each character: full-width, compatibility and case folded, what nobody sees removed. */
export const normalise = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cf}/gu, '')
    .replace(/\r\n?/g, '\n');

/**
 * What a person answered: a word and the code, whatever stands above, below and around it that a mail program or politeness
 * put there. Anything more, anything else, or two that differ is not understood: a wrong yes costs a machine, help costs a minute.
 * So a signature that no '-- ' marks is too much as well: 'Li Wei' and 'tomorrow' cannot be told apart.
 */
export function understand(text: string): Understood {
  const lines = normalise(text.slice(0, MOST_READ))
    .split('\n')
    .map((l) => l.trim());
  const { own, signature } = partsOf(lines);
  const written = own.join(' ').replace(/\s+/g, ' ').trim();
  if (written.length > MOST_OWN) return { understood: false, help: 'too-long' };
  const found = read(written);
  if (!found.understood) return found;
  return agree(found, signature.join('\n'));
}

/** Nothing but answers and courtesies, from the first character to the last. */
function read(written: string): Understood {
  const answers: { answer: Answer; code: string }[] = [];
  let at = 0;
  const take = (what: RegExp) => {
    what.lastIndex = at;
    const m = what.exec(written);
    if (m !== null) at = what.lastIndex;
    return m;
  };
  while (at < written.length) {
    if (take(FILLING) !== null || take(COURTESY) !== null) continue;
    const m = take(ANSWER);
    const answer = answerWords[m?.[1] ?? ''];
    if (m === null || answer === undefined) return { understood: false, help: whyNot(written) };
    answers.push({ answer, code: (m[2] ?? '').replace(/[ -]/g, '') });
  }
  const [first] = answers;
  if (first === undefined) return { understood: false, help: 'empty' };
  if (answers.some((a) => a.answer !== first.answer)) return { understood: false, help: 'two-answers' };
  if (answers.some((a) => a.code !== first.code)) return { understood: false, help: 'two-codes' };
  return { understood: true, ...first };
}

/** For the help text alone: what the writer most likely missed. */
function whyNot(written: string): HelpReason {
  const like = [...written.matchAll(LIKE_ANSWERS)];
  if (new Set(like.map((m) => answerWords[m[1] ?? ''])).size > 1) return 'two-answers';
  if (new Set(like.map((m) => m[2]?.replace(/[ -]/g, ''))).size > 1) return 'two-codes';
  if (like.length > 0) return 'more-than-an-answer';
  if (new RegExp(`(^|[^a-z])(${alternatives(Object.keys(answerWords))})([^a-z]|$)`, 'u').test(written)) return 'no-code';
  return new RegExp(`(^|[^0-9])[0-9]{${CODE_DIGITS}}([^0-9]|$)`).test(written) ? 'no-word' : 'more-than-an-answer';
}

/** Below '-- ' is a signature, which counts for nothing; but another answer in it does. */
function agree(found: Understood & { understood: true }, signature: string): Understood {
  for (const m of signature.matchAll(LIKE_ANSWERS)) {
    if (answerWords[m[1] ?? ''] !== found.answer) return { understood: false, help: 'two-answers' };
    if (m[2]?.replace(/[ -]/g, '') !== found.code) return { understood: false, help: 'two-codes' };
  }
  return found;
}
