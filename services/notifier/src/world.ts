import { randomBytes, randomInt } from 'node:crypto';
import { CODE_DIGITS } from '@lifeboat/answers';
import { failed, stableId } from '@lifeboat/kernel';
import type { Clock, Inbound, InboundHandler, Mailer, TextSender } from '@lifeboat/ports';
import type { PerformContext, ServiceWorld } from '@lifeboat/runtime';
import type { NotifierEffect, NotifierObservation, NotifierResult, Taken } from './decide/effects.ts';

/** A page that people answer on: it asks for what to show, and shows it. */
export interface AnswerPage {
  /** Serves until `signal` aborts; `push` tells of visits. */
  serve(push: (o: NotifierObservation) => void, signal: AbortSignal): Promise<void>;
  show(request: string, html: string): void;
  trouble?(): string | null;
}
export interface NotifierPorts {
  readonly clock: Clock;
  readonly mailer: Mailer;
  readonly texts?: TextSender;
  readonly inbound?: readonly Inbound[];
  readonly page?: AnswerPage;
  /** Counts what came in, by what it was taken for. */
  readonly count?: (as: Taken) => void;
  /** Chance: tests and the simulation bring their own. */
  readonly code?: () => { readonly code: string; readonly key: string };
}

/** How long an answer that came in may wait to be kept before its sender is to hand it over again. */
const KEPT_WITHIN_MS = 20_000;
const LOOK_MS = 5_000;

/** Six digits from the system's own chance, and a key that nobody can guess. */
const secureCode = () => ({
  code: String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0'),
  key: randomBytes(32).toString('hex'),
});

/** A message sent again after a crash has the same id: mail programs show it once, providers send it once. */
export function notifierWorld(ports: NotifierPorts): ServiceWorld<NotifierEffect, NotifierResult, NotifierObservation> {
  const waiting = new Map<string, (kept: boolean) => void>();
  return {
    perform: (e, context) => perform(ports, waiting, e, context),
    observe: async (push, { signal }) => {
      const handler = keeper(ports.clock, waiting, push, signal);
      const ears = (ports.inbound ?? []).map((i) => i.listen(handler, signal));
      const page = ports.page === undefined ? [] : [ports.page.serve(push, signal)];
      await Promise.all([...ears, ...page, watchTroubles(ports, push, signal), over(signal)]);
      for (const settle of waiting.values()) settle(false);
      waiting.clear();
    },
  };
}

/** Why nothing can come in just now, for each way that is closed. */
export const troublesOf = (ports: Pick<NotifierPorts, 'inbound' | 'page'>): [channel: string, trouble: string | null][] => [
  ...(ports.inbound ?? []).map((i, n): [string, string | null] => [i.name ?? `way ${n + 1}`, i.trouble()]),
  ...(ports.page?.trouble === undefined ? [] : [['web page', ports.page.trouble()] satisfies [string, string | null]]),
];

/** Tells what has changed; at first, all of it: whoever led before may have known otherwise. */
async function watchTroubles(ports: NotifierPorts, push: (o: NotifierObservation) => void, signal: AbortSignal): Promise<void> {
  const told = new Map<string, string | null>();
  for (;;) {
    await ports.clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return;
    for (const [channel, trouble] of troublesOf(ports)) {
      if (told.get(channel) === trouble) continue;
      told.set(channel, trouble);
      push({ kind: 'trouble', channel, trouble });
    }
  }
}

const over = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

async function perform(
  ports: NotifierPorts,
  waiting: Map<string, (kept: boolean) => void>,
  e: NotifierEffect,
  context: PerformContext,
): Promise<NotifierResult> {
  switch (e.kind) {
    case 'send-mail':
      return context.valid() ? ports.mailer.send(e.mail) : failed('MAIL_UNREACHABLE', 'we no longer lead');
    case 'send-text':
      if (ports.texts === undefined) return failed('SMS_REFUSED', 'no provider of text messages is configured');
      return context.valid() ? ports.texts.send(e.text) : failed('SMS_UNREACHABLE', 'we no longer lead');
    case 'make-code':
      return { kind: 'code', ...(ports.code ?? secureCode)() };
    case 'keep':
      waiting.get(e.messageId)?.(true);
      ports.count?.(e.as);
      return { kind: 'done' };
    case 'show':
      ports.page?.show(e.request, e.html);
      return { kind: 'done' };
  }
}

/** What comes in is acknowledged when what follows from it is stored, not before: until then its mailbox or provider keeps it for us. */
function keeper(
  clock: Clock,
  waiting: Map<string, (kept: boolean) => void>,
  push: (o: NotifierObservation) => void,
  signal: AbortSignal,
): InboundHandler {
  const kept = async (name: string, o: NotifierObservation): Promise<boolean> => {
    const stored = new Promise<boolean>((resolve) => {
      waiting.set(name, resolve);
    });
    push(o);
    const limit = new AbortController();
    const late = clock.sleep(KEPT_WITHIN_MS, AbortSignal.any([signal, limit.signal])).then(() => false);
    const is = await Promise.race([stored, late]);
    limit.abort();
    waiting.delete(name);
    return is;
  };
  return {
    answer: (answer) => kept(answer.messageId, { kind: 'answer', answer }),
    receipt: (receipt) => {
      const name = `receipt/${stableId(receipt.providerId, receipt.state, receipt.detail)}`;
      return kept(name, { kind: 'receipt', name, receipt });
    },
  };
}
