import { type Instant, stableId } from '@lifeboat/kernel';
import { type Notice, urgencies } from '../state.ts';

export interface Composed {
  readonly id: string;
  readonly subject: string;
  readonly text: string;
  /** The one incident that all of it is about. */
  readonly incident: string | null;
}

const SUBJECT_LIMIT = 150;

/** One mail from what was gathered for a contact: the most urgent first, then as it happened. */
export function compose(region: string, contact: string, notices: readonly Notice[], since: Instant): Composed {
  const rank = (n: Notice) => urgencies.indexOf(n.urgency);
  const byUrgency = notices.map((n, i) => ({ n, i })).sort((a, b) => rank(a.n) - rank(b.n) || b.i - a.i);
  const first = (byUrgency[0] as { n: Notice }).n;
  const more = notices.length - 1;
  const subject = `[Lifeboat ${region}] ${first.subject}`.slice(0, SUBJECT_LIMIT);
  const incidents = new Set(notices.map((n) => n.incident));
  const [incident] = incidents.size === 1 ? incidents : [null];
  return {
    id: stableId(contact, ...notices.map((n) => n.id), since),
    subject: more === 0 ? subject : `${subject} (and ${more} more)`,
    text:
      more === 0
        ? `${first.text}\n`
        : digest(
            byUrgency.map((x) => x.n),
            notices,
          ),
    incident: incident ?? null,
  };
}

function digest(byUrgency: readonly Notice[], inOrder: readonly Notice[]): string {
  const asked = byUrgency.filter((n) => n.urgency === 'asks');
  const head =
    asked.length === 0
      ? `${inOrder.length} notices; nothing is asked of you.`
      : `${inOrder.length} notices; ${asked.length} ask something of you:`;
  const body = inOrder.map((n, i) => `=== ${i + 1}. ${n.subject}\n${n.text}`);
  return `${[head, ...asked.map((n) => `  - ${n.subject}`), '', ...body].join('\n')}\n`;
}
