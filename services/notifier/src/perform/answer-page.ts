import { randomUUID } from 'node:crypto';
import type { Clock } from '@lifeboat/ports';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { NotifierObservation } from '../decide/effects.ts';
import type { AnswerPage } from '../world.ts';

export interface PageOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
}

/** So long a visitor waits for what is decided about the visit. */
const ANSWER_WITHIN_MS = 10_000;
const TRY_AGAIN_MS = 2_000;
const MOST_WAITING = 100;
const LINK = /^[0-9a-f]{56}$/;

/**
 * The page behind the links. Opening it asks what to show, and changes nothing (mail scanners open links); only the POST of
 * its buttons is an answer. Only the leader serves: a balancer in front finds the process that listens.
 */
export function answerPage(options: PageOptions): AnswerPage & { address(): string | null } {
  const waiting = new Map<string, (html: string | null) => void>();
  let address: string | null = null;
  let trouble: string | null = 'not listening yet';
  return {
    address: () => address,
    trouble: () => trouble,
    show: (request, html) => waiting.get(request)?.(html),
    serve: async (push, signal) => {
      while (!signal.aborted) {
        const server = build(options, waiting, push, signal);
        const stop = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        try {
          address = await server.listen({ host: options.host, port: options.port });
          trouble = null;
          if (!signal.aborted) await stop;
        } catch (e) {
          trouble = `cannot listen on ${options.host}:${options.port}: ${(e as Error).message}`;
          // the port is still held by the leader before us
          await options.clock.sleep(TRY_AGAIN_MS, signal);
        }
        address = null;
        for (const settle of waiting.values()) settle(null);
        await server.close();
      }
    },
  };
}

function build(
  options: PageOptions,
  waiting: Map<string, (html: string | null) => void>,
  push: (o: NotifierObservation) => void,
  signal: AbortSignal,
): FastifyInstance {
  // no request log: a link is a secret
  const server = Fastify({ logger: false, bodyLimit: 1_024, forceCloseConnections: true });
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(String(body)).get('answer')),
  );
  const decided = async (reply: FastifyReply, link: string, answer?: 'evacuate' | 'do-not'): Promise<FastifyReply> => {
    reply.headers(headers);
    if (!LINK.test(link)) return reply.code(404).send('no such page');
    if (waiting.size >= MOST_WAITING) return reply.code(503).send('too many visitors; try again in a moment');
    const request = randomUUID();
    const html = await visit(options.clock, waiting, request, signal, () =>
      push({ kind: 'visit', request, link, ...(answer === undefined ? {} : { answer }) }),
    );
    return html === null ? reply.code(503).send('not now; try again in a moment') : reply.send(html);
  };
  server.get<{ Params: { link: string } }>('/answer/:link', (request, reply) => decided(reply, request.params.link));
  server.post<{ Params: { link: string } }>('/answer/:link', (request, reply) =>
    request.body === 'evacuate' || request.body === 'do-not'
      ? decided(reply, request.params.link, request.body)
      : reply.headers(headers).code(400).send('evacuate or do-not?'),
  );
  return server;
}

async function visit(
  clock: Clock,
  waiting: Map<string, (html: string | null) => void>,
  request: string,
  signal: AbortSignal,
  ask: () => void,
): Promise<string | null> {
  const shown = new Promise<string | null>((resolve) => {
    waiting.set(request, resolve);
  });
  ask();
  const limit = new AbortController();
  const late = clock.sleep(ANSWER_WITHIN_MS, AbortSignal.any([signal, limit.signal])).then(() => null);
  const html = await Promise.race([shown, late]);
  limit.abort();
  waiting.delete(request);
  return html;
}

/** Nothing is kept, framed, run or told to others about this page. */
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
};
