import { failed, type Outcome } from '@lifeboat/kernel';
import type { TextFailure, TextMessage, TextSender, TextTaken } from '@lifeboat/ports';

const REMEMBERED = 1_000;

/**
 * Two providers of text messages, as one. The rule:
 *
 *   refused, or surely not taken, by one            → the other takes it
 *   nobody knows whether one has taken it: question → the other takes it, too: twice is better than not at all, the code is the same
 *                                          notice   → it stays with the one that may have it, which is asked again later
 *
 * So a question is sent at least once, and a notice at most once.
 */
export function twoProviders(first: TextSender, second: TextSender): TextSender {
  /** Who has, or may have, a message. */
  const holders = new Map<string, TextSender>();
  const hold = (id: string, who: TextSender) => {
    holders.set(id, who);
    for (const oldest of holders.keys()) if (holders.size > REMEMBERED) holders.delete(oldest);
  };
  const by = async (who: TextSender, message: TextMessage): Promise<Outcome<TextTaken, TextFailure>> => {
    const outcome = await who.send(message);
    if (outcome.ok || outcome.code === 'SMS_UNCERTAIN') hold(message.id, who);
    return outcome;
  };
  return {
    send: async (message) => {
      const [one, other] = holders.get(message.id) === second ? [second, first] : [first, second];
      const outcome = await by(one, message);
      if (outcome.ok || (holders.has(message.id) && message.question !== true)) return outcome;
      const instead = await by(other, message);
      if (instead.ok) return instead;
      const detail = `${outcome.detail}; by the other provider: ${instead.detail}`;
      // refused only where both refuse: what one of them may still take is tried again
      const code = outcome.code === 'SMS_REFUSED' ? instead.code : outcome.code;
      return failed(code, detail);
    },
    close: async () => {
      await Promise.all([first.close(), second.close()]);
    },
  };
}
