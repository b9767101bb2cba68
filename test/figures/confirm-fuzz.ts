import { readMail } from '@lifeboat/adapters-mail';
import { type Understood, understand } from '@lifeboat/answers';
import { instant } from '@lifeboat/kernel';
import { Chance } from './fuzz/chance.ts';
import { broken, makeMail } from './fuzz/mails.ts';
import { MAY_ASK, type Made, makeText } from './fuzz/texts.ts';
import { fuzzWebhooks } from './fuzz/webhooks.ts';
import type { RunFigure } from './index.ts';

const SEED = 29;
const INPUTS = {
  quick: { texts: 96_000, mails: 2_000, webhooks: 2_000 },
  full: { texts: 1_200_000, mails: 20_000, webhooks: 20_000 },
};
/** Nobody's answer takes that long to read. */
const SLOWEST_MS = 1_000;
const SHOWN = 5;

/** What became of the inputs of one kind. */
class Counts {
  made = 0;
  understood = 0;
  /** Acted on as a yes, with the code that was sent out, though it was none. */
  falseYes = 0;
  /** The other way round: a yes taken for a no. */
  falseNo = 0;
  /** Answers that a person would have understood. */
  missed = 0;
  crashes = 0;
}
const kinds = new Map<string, Counts>();
const wrong: string[] = [];
let slowestMs = 0;

function judge(kind: string, made: Made, read: Understood | null): void {
  const counts = kinds.get(kind) ?? new Counts();
  kinds.set(kind, counts);
  counts.made += 1;
  if (read === null) counts.crashes += 1;
  else if (read.understood && read.code === made.code) {
    counts.understood += 1;
    const bad = read.answer === 'evacuate' ? made.truth !== 'evacuate' : made.truth === 'evacuate';
    if (read.answer === 'evacuate' && bad) counts.falseYes += 1;
    if (read.answer === 'do-not' && bad) counts.falseNo += 1;
    if (bad) wrong.push(`${kind}: ${JSON.stringify(made.text)}`);
  } else if (made.truth !== null) {
    counts.missed += 1;
    if (!kind.endsWith(MAY_ASK) && made.code !== '') wrong.push(`missed: ${kind}: ${JSON.stringify(made.text)}`);
  }
  if (read === null) wrong.push(`crash: ${kind}: ${JSON.stringify(made.text)}`);
}

function attempt(text: string): Understood | null {
  const began = performance.now();
  try {
    return understand(text);
  } catch {
    return null;
  } finally {
    slowestMs = Math.max(slowestMs, performance.now() - began);
  }
}

async function throughMail(c: Chance): Promise<void> {
  const made = makeText(c);
  const whole = makeMail(c, made.text);
  const isBroken = c.happens(0.3);
  const stored = { receivedAt: instant(0), name: 'INBOX.1.1' };
  const answer = await readMail(isBroken ? broken(c, whole) : whole, stored, { from: 'lifeboat@example.org' }).catch(() => null);
  // A broken mail may have lost its remark, or kept its answer: nobody can say what it was. It must only do no harm.
  if (isBroken) judge('a broken mail', { ...made, truth: 'evacuate', code: '' }, answer === null ? null : attempt(answer.text));
  else judge(`mail: ${made.kind}`, made, answer === null ? null : attempt(answer.text));
}

export const run: RunFigure = async ({ full }) => {
  const { texts, mails, webhooks } = full ? INPUTS.full : INPUTS.quick;
  const c = new Chance(SEED);
  const began = performance.now();
  for (let i = 0; i < texts; i += 1) {
    const made = makeText(c);
    judge(made.kind, made, attempt(made.text));
  }
  for (let i = 0; i < mails; i += 1) await throughMail(c);
  const hooks = await fuzzWebhooks(c, webhooks);
  console.log(
    `${'kind of input'.padEnd(36)}${['made', 'understood', 'false yes', 'false no', 'missed', 'crashes'].map((t) => t.padStart(12)).join('')}`,
  );
  const total = new Counts();
  for (const [kind, n] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const row = [n.made, n.understood, n.falseYes, n.falseNo, n.missed, n.crashes];
    console.log(`${kind.padEnd(36)}${row.map((v) => String(v).padStart(12)).join('')}`);
    if (kind.endsWith(MAY_ASK) || kind === 'a broken mail') n.missed = 0;
    for (const key of ['made', 'understood', 'falseYes', 'falseNo', 'missed', 'crashes'] as const) total[key] += n[key];
  }
  console.log(`webhook calls: ${hooks.calls}, taken ${hooks.taken}, forged and taken ${hooks.forged}, crashes ${hooks.crashes}`);
  console.log(`slowest text ${slowestMs.toFixed(1)} ms; ${((performance.now() - began) / 1000).toFixed(1)} s in all`);
  for (const line of wrong.slice(0, SHOWN)) console.log(`  wrong: ${line}`);
  const inputs = texts + mails + webhooks;
  const bad = total.falseYes + total.falseNo + hooks.forged;
  const crashes = total.crashes + hooks.crashes;
  return {
    value: `${inputs.toLocaleString('en')} inputs: ${total.falseYes} false yes, ${total.falseNo} false no, ${hooks.forged} forged, ${crashes} crashes, ${total.missed} answers missed`,
    asked: `0 of each in ${full ? '1,000,000' : '100,000'}`,
    met: bad === 0 && crashes === 0 && total.missed === 0 && slowestMs <= SLOWEST_MS && inputs >= (full ? 1_000_000 : 100_000),
  };
};
