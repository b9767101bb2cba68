import type { Language } from '@lifeboat/contracts';
import { type Instant, stableId } from '@lifeboat/kernel';
import { type Notice, urgencies } from '../state.ts';

export interface Composed {
  readonly id: string;
  readonly subject: string;
  readonly text: string;
  /** The one incident that all of it is about. */
  readonly incident: string | null;
}

interface GatheredWords {
  readonly more: (n: number) => string;
  readonly ask: (n: number) => string;
  readonly noneAsk: (n: number) => string;
  readonly someAsk: (n: number, asking: number) => string;
}
export const gatheredWords: Readonly<Record<Language, GatheredWords>> = {
  en: {
    more: (n) => `(and ${n} more)`,
    ask: (n) => `(${n} ask for you)`,
    noneAsk: (n) => `${n} notices; nothing is asked of you.`,
    someAsk: (n, asking) => `${n} notices; ${asking} ask something of you:`,
  },
  'zh-CN': {
    more: (n) => `（另有 ${n} 条）`,
    ask: (n) => `（${n} 条需要您处理）`,
    noneAsk: (n) => `共 ${n} 条通知，均无需您处理。`,
    someAsk: (n, asking) => `共 ${n} 条通知，其中 ${asking} 条需要您处理：`,
  },
};

const SUBJECT_LIMIT = 150;

/**
 * One mail from what was gathered for a contact: the most urgent first, then as it happened. Of an incident that is over while
 * it is gathered the subject says how it ended, unless something of it asks for somebody.
 */
export function compose(region: string, contact: string, notices: readonly Notice[], since: Instant, language: Language = 'en'): Composed {
  const w = gatheredWords[language];
  const rank = (n: Notice) => urgencies.indexOf(n.urgency);
  const byUrgency = notices.map((n, i) => ({ n, i })).sort((a, b) => rank(a.n) - rank(b.n) || b.i - a.i);
  const over = new Set(notices.filter(endsIncident).map((n) => n.incident));
  const isOvertaken = (n: Notice) => n.urgency !== 'asks' && over.has(n.incident) && !endsIncident(n);
  const { n: first } = (byUrgency.find((x) => !isOvertaken(x.n)) ?? byUrgency[0]) as { n: Notice };
  const more = notices.length - 1;
  const subject = `[Lifeboat ${region}] ${first.subject}`.slice(0, SUBJECT_LIMIT);
  const incidents = new Set(notices.map((n) => n.incident));
  const [incident] = incidents.size === 1 ? incidents : [null];
  return {
    id: stableId(contact, ...notices.map((n) => n.id), since),
    subject: more === 0 ? subject : `${subject} ${w.more(more)}`,
    text:
      more === 0
        ? `${first.text}\n`
        : digest(
            byUrgency.map((x) => x.n),
            notices,
            w,
          ),
    incident: incident ?? null,
  };
}

const endsIncident = (n: Notice): boolean => n.incident !== null && n.id === `closed/${n.incident}`;

function digest(byUrgency: readonly Notice[], inOrder: readonly Notice[], w: GatheredWords): string {
  const asked = byUrgency.filter((n) => n.urgency === 'asks');
  const head = asked.length === 0 ? w.noneAsk(inOrder.length) : w.someAsk(inOrder.length, asked.length);
  const body = inOrder.map((n, i) => `=== ${i + 1}. ${n.subject}\n${n.text}`);
  return `${[head, ...asked.map((n) => `  - ${n.subject}`), '', ...body].join('\n')}\n`;
}
