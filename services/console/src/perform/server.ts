import { readFile } from 'node:fs/promises';
import type { Language, Topology } from '@lifeboat/contracts';
import type { Live } from '@lifeboat/desk';
import { type Instant, incidentId } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  type Consequence,
  DrainBody,
  decideItem,
  drain,
  EvacuateBody,
  endDrain,
  evacuate,
  ItemBody,
  type Orders,
  release,
  StatementBody,
  state,
  type Wanted,
} from './orders.ts';
import type { Plans } from './plans.ts';
import { findHosts, hostPage, incidentPage, snapshot } from './snapshot.ts';
import type { Door } from './who.ts';

export interface ConsoleParts {
  readonly live: Live;
  readonly topology: () => Topology | null;
  readonly orders: Orders;
  readonly door: Door;
  readonly plans: Plans;
  readonly clock: Clock;
  /** Empty: all is known. */
  readonly lacks: () => string;
  /** An order was given: by whom, and what. */
  readonly note: (by: string, type: string, about: string, consequence: Consequence) => void;
}

const PUSH_MS = 500;
const KEEP_ALIVE_MS = 20_000;
const BODY_LIMIT = 2 * 1024 * 1024;
const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/console.js': ['console.js', 'text/javascript; charset=utf-8'],
  '/words.js': ['words.js', 'text/javascript; charset=utf-8'],
  '/console.css': ['console.css', 'text/css; charset=utf-8'],
} as const;
const headers = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null: anybody, where there are no users. */
    by: string | null;
  }
}

/** REST, and the live page on it. What people see comes from the events; what they order becomes one. */
export function consoleServer(parts: ConsoleParts): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: BODY_LIMIT, forceCloseConnections: true, requestTimeout: 30_000 });
  // no other site's form can send JSON without being asked first
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('by', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    return admitted(parts, request, reply);
  });
  app.setErrorHandler((e: { statusCode?: number; message: string }, _, reply) =>
    reply.code(e.statusCode ?? 500).send({ problem: e.message }),
  );
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ problem: 'no such page' }));
  for (const [path, [file, type]] of Object.entries(files))
    app.get(path, async (_, reply) => reply.type(type).send(await readFile(new URL(`../page/${file}`, import.meta.url))));
  reading(app, parts);
  ordering(app, parts);
  return app;
}

async function admitted({ door }: ConsoleParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (request.method !== 'GET' && fromElsewhere(request)) return reply.code(403).send({ problem: 'not from another page' });
  if (door.isOpen) return undefined;
  const asked = door.who(request.headers.authorization, request.ip);
  if (asked === 'too many') return reply.code(429).send({ problem: 'too many wrong passwords came from there; wait ten minutes' });
  if (asked === 'nobody')
    return reply.code(401).header('www-authenticate', 'Basic realm="Lifeboat", charset="UTF-8"').send({ problem: 'who are you?' });
  request.by = asked.name;
  return undefined;
}

/** What the page was set to says so in its requests; a browser by itself says what its user reads. */
const languageOf = ({ headers: h }: FastifyRequest): Language => (h['accept-language']?.trimStart().startsWith('zh') ? 'zh-CN' : 'en');

/** A browser knows our password, and sends it along whichever page asks it to. */
function fromElsewhere({ headers: h }: FastifyRequest): boolean {
  const site = h['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return h.origin !== undefined && (!URL.canParse(h.origin) || new URL(h.origin).host !== h.host);
}

function reading(app: FastifyInstance, parts: ConsoleParts): void {
  const { live, plans } = parts;
  const now = () => {
    const topology = parts.topology();
    return topology === null ? null : snapshot(live, topology, parts.clock.now());
  };
  const absent = (reply: FastifyReply, problem: string) => reply.code(404).send({ problem });
  app.get('/api/me', async (request) => ({ name: request.by, orders: request.by !== null }));
  app.get('/api/region', async () => ({ lacks: parts.lacks(), ...now() }));
  app.get('/api/incidents', async () => now()?.incidents ?? []);
  app.get('/api/drains', async () => now()?.drains ?? []);
  app.get('/api/items', async () => live.items);
  app.get<{ Querystring: { match?: string } }>('/api/hosts', async ({ query }) => {
    const topology = parts.topology();
    return topology === null ? [] : findHosts(live, topology, query.match ?? '');
  });
  app.get<{ Params: { host: string } }>('/api/hosts/:host', async ({ params }, reply) => {
    const topology = parts.topology();
    return (topology === null ? null : hostPage(live, topology, params.host)) ?? absent(reply, `no host ${params.host} in the topology`);
  });
  app.get<{ Params: { incident: string } }>('/api/incidents/:incident', async (request, reply) => {
    const { params } = request;
    const found = live.incident(incidentId(params.incident));
    return found === undefined ? absent(reply, `there is no incident ${params.incident}`) : incidentPage(live, found, languageOf(request));
  });
  app.get<{ Params: { incident: string } }>('/api/stories/:incident', async (request, reply) => {
    const story = live.story(incidentId(request.params.incident), languageOf(request));
    return reply.type('text/plain; charset=utf-8').send(`${story.join('\n')}\n`);
  });
  app.get<{ Querystring: { host?: string; rack?: string } }>('/api/plan', async ({ query }, reply) => {
    const made = await plans.rehearse(query.host, query.rack);
    return made.ok ? { lines: made.lines } : reply.code(409).send({ problem: made.problem });
  });
  app.get<{ Params: { host: string }; Querystring: { vms?: string; cold?: string } }>(
    '/api/hosts/:host/drain-plan',
    async (request, reply) => {
      const { vms, cold } = request.query;
      const wish = { vms: vms === undefined || vms === '' ? [] : vms.split(','), cold: cold === undefined ? undefined : cold === 'true' };
      const made = await plans.drain(request.params.host, { ...wish, disable: true });
      return made.ok ? { lines: made.lines } : reply.code(409).send({ problem: made.problem });
    },
  );
  app.get('/api/live', (request, reply) => stream(parts, request, reply));
}

/** What has changed, twice a second at most; the whole of it, so that one that was missed does no harm. */
function stream(parts: ConsoleParts, request: FastifyRequest, reply: FastifyReply): void {
  const { live, clock } = parts;
  reply.hijack();
  reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', connection: 'keep-alive' });
  let sent = '';
  let sentAt = 0;
  const push = () => {
    const topology = parts.topology();
    const lacks = parts.lacks();
    const version = `${live.version} ${lacks} ${topology?.hosts.length ?? 0}`;
    const [changed, late] = [version !== sent, clock.monotonic() - sentAt > KEEP_ALIVE_MS];
    if (topology === null || (!changed && !late) || reply.raw.writableNeedDrain) return;
    [sent, sentAt] = [version, clock.monotonic()];
    reply.raw.write(`data: ${JSON.stringify({ lacks, ...snapshot(live, topology, clock.now()) })}\n\n`);
  };
  push();
  const timer = setInterval(push, PUSH_MS);
  request.raw.on('close', () => clearInterval(timer));
}

function ordering(app: FastifyInstance, parts: ConsoleParts): void {
  const { live, orders } = parts;
  /** Says what has come of it: 202, or 409 with the reason. */
  const give = async (request: FastifyRequest, reply: FastifyReply, want: (who: { by: string; at: Instant }) => Wanted) => {
    const { by } = request;
    if (by === null)
      return reply.code(403).send({ problem: 'no users are set (LIFEBOAT_CONSOLE_USERS): the console shows, and takes no orders' });
    const lacks = parts.lacks();
    if (lacks !== '') return reply.code(503).send({ problem: lacks });
    const who = { by, at: orders.at() };
    const wanted = want(who);
    if ('problem' in wanted) return reply.code(wanted.code).send({ problem: wanted.problem });
    const consequence = await orders.give(wanted.order, who.at);
    parts.note(by, wanted.order.type, request.url, consequence);
    if (!consequence.ok) return reply.code(503).send({ problem: `the order was not given: ${consequence.problem}` });
    const { refused } = consequence;
    const told = consequence.told.map((e) => live.tell(e, languageOf(request)));
    return reply.code(refused ? 409 : 202).send(refused ? { problem: told.join('; ') } : { given: wanted.order.type, ...who, told });
  };
  type OfHost = { Params: { host: string } };
  app.post<{ Params: { incident: string }; Body: EvacuateBody }>(
    '/api/incidents/:incident/evacuation',
    { schema: { body: EvacuateBody } },
    (request, reply) => give(request, reply, (who) => evacuate(live, request.params.incident, request.body, who)),
  );
  app.post<OfHost & { Body: StatementBody }>('/api/hosts/:host/statement', { schema: { body: StatementBody } }, (request, reply) =>
    give(request, reply, (who) => state(request.params.host, request.body.words, who)),
  );
  app.post<OfHost>('/api/hosts/:host/release', (request, reply) => give(request, reply, (who) => release(request.params.host, who)));
  app.post<OfHost & { Body: DrainBody }>('/api/hosts/:host/drain', { schema: { body: DrainBody } }, (request, reply) =>
    give(request, reply, (who) => drain(request.params.host, request.body, who)),
  );
  app.post<OfHost>('/api/hosts/:host/drain/end', (request, reply) => give(request, reply, (who) => endDrain(request.params.host, who)));
  app.post<{ Params: { vm: string }; Body: ItemBody }>('/api/items/:vm', { schema: { body: ItemBody } }, (request, reply) =>
    give(request, reply, (who) => decideItem(live, request.params.vm, request.body.action, who)),
  );
}
