import { programSignatures } from './words.ts';

/** The parts of a mail's or message's text. `own`: what its writer wrote now; `signature`: what stands below it by habit. */
export type Parts = Readonly<{ own: readonly string[]; signature: readonly string[] }>;

const HEADER = /^[*\s]*(from|sent|date|to|cc|subject|发件人|发送时间|发送日期|日期|时间|收件人|抄送|主题|寄件者|收件者|主旨)\s*[*]*\s*:/;
const FIRST_HEADER = /^[*\s]*(from|sent|date|发件人|发送时间|发送日期|日期|寄件者)\s*[*]*\s*:/;
/** -----Original Message-----, ------ 原始邮件 ------, ---- 回复的原邮件 ----, Begin forwarded message: */
const SEPARATOR =
  /^[-_=\s]{2,}.{0,20}(original|forwarded|原始邮件|原邮件|原始郵件|转发).{0,20}[-_=\s]{2,}$|^-{4,}\s?(original|forwarded|原始邮件|原邮件)|^begin forwarded message\s*:/;
/** On Mon, Nov 23, 2026 at 3:12 AM Lifeboat <x@y> wrote: · Lifeboat <x@y> 于2026年11月23日周一 03:12写道: */
const ATTRIBUTION_ENDS = /(\bwrote|写道|寫道)\s*:$/;
const ATTRIBUTION_BEGINS = /^(on|at|in) |^在/;
const ATTRIBUTION_LINES = 3;
const HEADERS_WITHIN = 4;
const DELIMITER = /^(--|—|––)$/;

/** `lines`: normalised (`normalise`), so that one form of each marker is enough. */
export function partsOf(lines: readonly string[]): Parts {
  const own: string[] = [];
  const signature: string[] = [];
  let to = own;
  const prefixed = lines.some((l) => l.startsWith('>'));
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (line.startsWith('>') || programSignatures.some((p) => p.test(line))) continue;
    if (SEPARATOR.test(line) || headerBlock(lines, i)) break;
    const quoted = attributionLines(lines, i);
    // Where quoted lines are marked, the answer may stand below them. Where they are not, all that follows is quoted.
    if (quoted > 0 && !prefixed) break;
    if (quoted > 0) i += quoted - 1;
    else if (DELIMITER.test(line)) to = signature;
    else to.push(line);
  }
  return { own, signature };
}

/** One line alone ('From: now on ...') may be anybody's sentence; two are a mail program's. */
const headerBlock = (lines: readonly string[], i: number): boolean =>
  FIRST_HEADER.test(lines[i] ?? '') && lines.slice(i + 1, i + HEADERS_WITHIN).some((l) => HEADER.test(l));

/** How many lines from here are 'On ... wrote:', which mail programs wrap; 0: none. */
function attributionLines(lines: readonly string[], i: number): number {
  const most = ATTRIBUTION_BEGINS.test(lines[i] ?? '') ? ATTRIBUTION_LINES : 1;
  for (let n = 1; n <= most && i + n <= lines.length; n += 1) {
    const last = lines[i + n - 1] ?? '';
    if (last === '' || last.startsWith('>')) return 0;
    if (ATTRIBUTION_ENDS.test(last)) return /[0-9@]/.test(lines.slice(i, i + n).join(' ')) ? n : 0;
  }
  return 0;
}
