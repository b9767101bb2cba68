/** What an answer is made of. `understand` knows these and nothing else: whatever is not here is answered with help. */
export const CODE_DIGITS = 6;
export type Answer = 'evacuate' | 'do-not';

/** The whole word, after NFKC and lower case: '不同意' is neither of them. */
export const answerWords: Readonly<Record<string, Answer>> = {
  yes: 'evacuate',
  同意: 'evacuate',
  no: 'do-not',
  拒绝: 'do-not',
  拒絕: 'do-not',
};

/** May stand beside an answer and changes nothing about it. */
export const courtesies: ReadonlySet<string> = new Set([
  ...['please', 'pls', 'thanks', 'thank you', 'thx', 'hi', 'hello', 'dear all', 'dear lifeboat', 'hi lifeboat', 'hello lifeboat'],
  ...['regards', 'best regards', 'kind regards', 'best wishes', 'cheers'],
  ...['请', '谢谢', '多谢', '你好', '您好', '辛苦了', '祝好', '此致', '敬礼'],
]);

/** Lines that a mail program puts under what was written on it. */
export const programSignatures: readonly RegExp[] = [
  /^sent from my /,
  /^sent from (outlook|mail|yahoo|proton|aol|samsung|gmail)/,
  /^sent via /,
  /^get outlook for /,
  /^发自我的/,
  /^从我的.{1,20}(发送|发出)/,
  /^来自我的/,
  /^发送自/,
  /^發自我的/,
  // Foxmail puts the sender's address there, alone
  /^[a-z0-9._+-]+@[a-z0-9.-]+$/,
];
