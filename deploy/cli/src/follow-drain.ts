import type { LifeboatEvent } from '@lifeboat/contracts';
import { bar, drainsIn, NotSo, report } from '@lifeboat/desk';
import { isoTime } from '@lifeboat/kernel';
import { sentence } from '@lifeboat/story';
import { followEvents } from './events.ts';

/** An order that nobody has taken up by then is not taken up any more. */
const TAKEN_UP_MS = 30_000;

/** Shows what becomes of a drain that was just ordered, until it is over. It goes on without us, too. */
export async function followDrain(brokers: readonly string[], host: string, since: number, out: NodeJS.WriteStream): Promise<string> {
  const events: LifeboatEvent[] = [];
  const mine = () => drainsIn(events).findLast((d) => d.host === host && d.openedAt >= since - 5_000);
  const line = (text: string) => out.write(out.isTTY ? `\r\u001b[K${text}\n` : `${text}\n`);
  const begun = Date.now();
  let over: string | null = null;
  const draw = setInterval(() => {
    const d = mine();
    if (out.isTTY && d !== undefined && d.closed === null) out.write(`\r\u001b[K${bar(d, Date.now())}`.slice(0, (out.columns ?? 120) + 4));
  }, 500);
  try {
    await followEvents(
      brokers,
      (e) => {
        events.push(e);
        if (e.time < since) return;
        if (e.type === 'lifeboat.order.refused' && e.data.about === host && e.data.order.startsWith('lifeboat.drain.'))
          over = `refused: ${e.data.reason}`;
        const d = mine();
        if (d !== undefined && e.incident === d.incident) line(`${isoTime(e.time).slice(11, 19)} ${sentence(e)}`);
        if (d?.closed != null) over = report(d.closed).join('\n');
      },
      () => over !== null || (mine() === undefined && Date.now() - begun > TAKEN_UP_MS),
    );
  } finally {
    clearInterval(draw);
  }
  if (over === null) throw new NotSo('nobody has taken the order up: is a scheduler running?');
  if ((over as string).startsWith('refused')) throw new NotSo(over);
  return over;
}
