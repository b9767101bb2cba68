import { readFile } from 'node:fs/promises';
import { incidentId } from '@lifeboat/kernel';
import fastify, { type FastifyInstance } from 'fastify';
import { act, actions } from './faults.ts';
import type { EmbeddedRegion } from './region.ts';
import type { RegionView } from './view.ts';

const PUSH_MS = 400;
const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
} as const;

/** The live page of the embedded region: what is, what happens, and buttons that break things. Loopback only. */
export async function servePage(region: EmbeddedRegion, view: RegionView, port: number): Promise<{ url: string; close(): Promise<void> }> {
  const app: FastifyInstance = fastify({ logger: false, forceCloseConnections: true });
  for (const [path, [file, type]] of Object.entries(files))
    app.get(path, async (_q, reply) => reply.type(type).send(await readFile(new URL(`./page/${file}`, import.meta.url))));
  app.get('/api/region', async () => view.snapshot());
  app.get('/api/actions', async () => actions);
  app.get<{ Params: { incident: string } }>('/api/incidents/:incident/story', async (q, reply) =>
    reply.type('text/plain; charset=utf-8').send(`${view.story(incidentId(q.params.incident)).join('\n')}\n`),
  );
  app.post<{ Body: { action?: unknown; target?: unknown } }>('/api/act', async (q, reply) => {
    const problem = act(region, String(q.body?.action ?? ''), String(q.body?.target ?? ''));
    return problem === null ? { done: true } : reply.code(400).send({ problem });
  });
  app.get('/api/live', (q, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' });
    let sent = -1;
    const push = () => {
      if (sent === view.version) return;
      sent = view.version;
      reply.raw.write(`data: ${JSON.stringify(view.snapshot())}\n\n`);
    };
    push();
    const timer = setInterval(push, PUSH_MS);
    q.raw.on('close', () => clearInterval(timer));
  });
  await app.listen({ host: '127.0.0.1', port });
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return { url: `http://127.0.0.1:${bound}/`, close: () => app.close() };
}
