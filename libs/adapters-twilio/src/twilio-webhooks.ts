import { setTimeout as sleep } from 'node:timers/promises';
import { instant } from '@lifeboat/kernel';
import { type Inbound, type InboundAnswer, type InboundHandler, MOST_TEXT, type TextReceipt } from '@lifeboat/ports';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { INBOUND_PATH, STATUS_PATH, type TwilioOptions } from './options.ts';

type Fields = Readonly<Record<string, string | string[]>>;

const BODY_LIMIT = 64 * 1024;
const REQUEST_MS = 10_000;
const AGAIN_MS = 1_000;
const REMEMBERED = 10_000;
const FORGED_MS = 10 * 60_000;
const FORGED_KEPT = 1_000;
const SID = /^(SM|MM)[0-9a-f]{32}$/i;
const EMPTY_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>';

const receiptStates: Readonly<Record<string, TextReceipt['state']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
};

/** Where Twilio brings answers and tells what became of messages. Nothing is believed without Twilio's signature. */
export function twilioWebhooks(options: TwilioOptions): Inbound {
  let trouble: string | null = 'not listening yet';
  const forged = new Forged();
  // Beyond the handler's life: what was kept before a topology was read anew is still known.
  const kept = new Set<string>();
  return {
    name: 'Twilio webhooks',
    trouble: () => trouble ?? forged.trouble(),
    listen: async (handler, signal) => {
      while (!signal.aborted) {
        const server = webhookServer(options, handler, kept, () => forged.add());
        try {
          await server.listen({ ...options.listen, signal });
          trouble = null;
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        } catch (e) {
          trouble = `cannot listen on ${options.listen.host}:${options.listen.port}: ${(e as Error).message}`;
          await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
        } finally {
          await server.close();
        }
      }
      trouble = 'not listening';
    },
  };
}

/** Requests whose signature did not fit, of late: somebody forges, or our settings have made Twilio's own look forged. */
class Forged {
  readonly #times: number[] = [];
  add(): void {
    this.#times.push(Date.now());
    if (this.#times.length > FORGED_KEPT) this.#times.shift();
  }
  trouble(): string | null {
    const n = this.#times.filter((t) => Date.now() - t < FORGED_MS).length;
    if (n === 0) return null;
    const most = n === FORGED_KEPT ? `${n} or more` : String(n);
    return `${most} requests of the last 10 min bore a signature that does not fit: see that LIFEBOAT_TWILIO_WEBHOOKS and _TOKEN are as in the Twilio console`;
  }
}

/** The two webhooks; `kept`: the MessageSids of answers that were handed over; `forged` is called for a signature that does not fit. */
export function webhookServer(
  options: TwilioOptions,
  handler: InboundHandler,
  kept = new Set<string>(),
  forged: () => void = () => undefined,
): FastifyInstance {
  const server = fastify({ logger: false, bodyLimit: BODY_LIMIT, requestTimeout: REQUEST_MS, forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
    done(null, fieldsOf(String(body))),
  );
  server.setErrorHandler((e: { statusCode?: number; message: string }, _, reply) => {
    const code = e.statusCode ?? 503;
    // Our own trouble is nobody's business, and Twilio tries again.
    return reply.code(code).send({ error: code < 500 ? e.message : 'not taken; try again' });
  });
  server.post(INBOUND_PATH, async (request, reply) => {
    const fields = await genuine(options, request, reply, forged);
    if (fields === null) return reply;
    return takeAnswer(fields, handler, kept, reply);
  });
  server.post(STATUS_PATH, async (request, reply) => {
    const fields = await genuine(options, request, reply, forged);
    if (fields === null) return reply;
    const { id } = request.query as { id?: string | string[] };
    return takeReceipt(fields, typeof id === 'string' ? id : undefined, handler, reply);
  });
  return server;
}

function fieldsOf(body: string): Fields {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(body)) {
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : [before, value].flat());
  }
  return Object.fromEntries(fields);
}

/** The fields of a request that Twilio signed for this account; else the refusal is in the reply. */
async function genuine(options: TwilioOptions, request: FastifyRequest, reply: FastifyReply, forged: () => void): Promise<Fields | null> {
  const refuse = (code: number, error: string) => {
    void reply.code(code).send({ error });
    return null;
  };
  if (request.body === undefined) return refuse(400, 'no body; Twilio posts a form');
  const signature = request.headers['x-twilio-signature'];
  if (typeof signature !== 'string') return refuse(403, 'X-Twilio-Signature is missing');
  const fields = request.body as Fields;
  // What Twilio called, and signed: a proxy may have changed scheme, host and port since.
  const url = `${options.publicUrl}${request.raw.url ?? ''}`;
  if (!(await signed(options.authToken, signature, url, fields))) {
    forged();
    return refuse(403, 'X-Twilio-Signature does not fit; see that the public URL in the settings is the one in the Twilio console');
  }
  return fields['AccountSid'] === options.accountSid ? fields : refuse(403, 'AccountSid: another account');
}

const signed = async (token: string, signature: string, url: string, fields: Fields): Promise<boolean> => {
  const { default: twilio } = await import('twilio');
  try {
    return twilio.validateRequest(token, signature, url, fields);
  } catch {
    return false;
  }
};

const one = (fields: Fields, name: string): string | null => {
  const value = fields[name];
  return typeof value === 'string' ? value : null;
};

async function takeAnswer(fields: Fields, handler: InboundHandler, kept: Set<string>, reply: FastifyReply): Promise<FastifyReply> {
  const [sid, from, text] = [one(fields, 'MessageSid'), one(fields, 'From')?.trim() ?? '', one(fields, 'Body')];
  if (sid === null || !SID.test(sid)) return reply.code(400).send({ error: 'MessageSid: missing, or none of Twilio' });
  if (from === '' || from.length > 100) return reply.code(400).send({ error: 'From: missing, or no number' });
  if (text === null) return reply.code(400).send({ error: 'Body: missing' });
  const taken = () => reply.type('text/xml').send(EMPTY_ANSWER);
  // The same request again: Twilio's second try, or somebody's replay. Either way there is nothing new in it.
  if (kept.has(sid)) return taken();
  const answer: InboundAnswer = {
    channel: 'sms',
    from,
    receivedAt: instant(Date.now()),
    text: text.slice(0, MOST_TEXT),
    messageId: sid,
    references: [],
    authentication: 'none',
    automatic: null,
  };
  if (!(await handler.answer(answer))) return reply.code(503).send({ error: 'not taken; try again' });
  kept.add(sid);
  for (const oldest of kept) if (kept.size > REMEMBERED) kept.delete(oldest);
  return taken();
}

async function takeReceipt(fields: Fields, id: string | undefined, handler: InboundHandler, reply: FastifyReply): Promise<FastifyReply> {
  const [sid, status] = [one(fields, 'MessageSid'), one(fields, 'MessageStatus')];
  if (sid === null || !SID.test(sid)) return reply.code(400).send({ error: 'MessageSid: missing, or none of Twilio' });
  if (status === null || !/^[a-z]{1,30}$/.test(status)) return reply.code(400).send({ error: 'MessageStatus: missing, or no word' });
  const state = Object.hasOwn(receiptStates, status) ? receiptStates[status] : undefined;
  // Queued, accepted, sending: nothing has come of it yet.
  if (state === undefined) return reply.code(204).send();
  const error = one(fields, 'ErrorCode');
  const detail = error === null || error === '0' ? status : `${status}, error ${error.slice(0, 20)}`;
  const receipt = { providerId: sid, ...(id === undefined ? {} : { id }), state, detail, at: instant(Date.now()) };
  return (await handler.receipt(receipt)) ? reply.code(204).send() : reply.code(503).send({ error: 'not taken; try again' });
}
