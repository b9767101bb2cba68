import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { Health } from './health.ts';
import type { Metrics } from './metrics.ts';

export interface Endpoint {
  readonly address: string;
  close(): Promise<void>;
}

/** /healthz: can this process do its work? /readyz: is it connected, and leading or standing by? /metrics: for Prometheus. */
export async function openEndpoint(listen: { host: string; port: number }, health: Health, metrics: Metrics): Promise<Endpoint> {
  const server = fastify({ logger: false, forceCloseConnections: true, requestTimeout: 10_000 });
  server.get('/healthz', (_, reply) => {
    const unable = health.unable();
    return reply.code(unable === null ? 200 : 503).send(health.report(unable));
  });
  server.get('/readyz', (_, reply) => {
    const ready = health.ready();
    return reply.code(ready ? 200 : 503).send({ ready, role: health.role, connected: health.connections() });
  });
  server.get('/metrics', async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
  await server.listen(listen);
  const { address, port, family } = server.server.address() as AddressInfo;
  return { address: `${family === 'IPv6' ? `[${address}]` : address}:${port}`, close: () => server.close() };
}
