import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { instant } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';
import type { CloudConfig } from '../src/config/clouds.ts';

/** A recorded answer of a real Nova or Placement. */
export const recorded = (name: string): { readonly code: number; readonly response: Readonly<Record<string, unknown>> } =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../test-data', `${name}.json`), 'utf8'));

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  readonly version: string | undefined;
  readonly body: string;
  /** The client's port: the same one, the same connection. */
  readonly port: number;
}
export type Reply =
  | Readonly<{ status?: number; body?: unknown; text?: string; headers?: Record<string, string> }>
  | 'hang'
  | 'reset'
  | 'half';
export type Route = (asked: Asked, times: number) => Reply;

/** What a cloud that is well answers. */
const well: Readonly<Record<string, Route>> = {
  'GET /v2.1/': () => ({ body: { version: { id: 'v2.1', version: '2.93', min_version: '2.1' } } }),
  'GET /placement/': () => ({ body: { versions: [{ id: 'v1.0', max_version: '1.39', min_version: '1.0' }] } }),
  'GET /v2.1/os-services': (a) => {
    const all = recorded('os-services-list').response as { services: { host: string }[] };
    const host = a.query.get('host');
    return { body: { services: all.services.filter((s) => host === null || s.host === host) } };
  },
  'GET /v2.1/os-hypervisors/detail': () => ({ body: recorded('os-hypervisors-detail').response }),
};

/** Keystone, Nova and Placement on one port of loopback, as wrong as a test wants them. Routes: 'GET /v2.1/servers/detail'. */
export const fakeOpenStack = async (routes: Readonly<Record<string, Route>> = {}) => {
  const asked: Asked[] = [];
  const own = new Map<string, Route>(Object.entries(routes));
  let tokens = 0;
  let lifetimeMs = 3_600_000;
  let userId: string | undefined;
  const valid = new Set<string>();
  let base = '';
  const catalog = (types: readonly string[]) =>
    types.map((type) => ({
      type,
      endpoints: [{ interface: 'public', region_id: 'RegionOne', url: type === 'compute' ? `${base}/v2.1` : `${base}/placement` }],
    }));
  const token: Route = () => {
    const value = `token-${++tokens}`;
    valid.add(value);
    const times = {
      issued_at: '2026-01-01T00:00:00.000000Z',
      expires_at: new Date(Date.parse('2026-01-01T00:00:00Z') + lifetimeMs).toISOString(),
    };
    return {
      status: 201,
      headers: { 'X-Subject-Token': value },
      body: {
        token: {
          ...times,
          ...(userId === undefined ? {} : { user: { id: userId } }),
          project: { id: 'p1' },
          catalog: catalog(['identity', 'compute', 'placement']),
        },
      },
    };
  };
  const usual: Readonly<Record<string, Route>> = { ...well, 'POST /v3/auth/tokens': token };
  const server = createServer((req, res) => {
    read(req).then(
      (body) => {
        const one = askedOf(req, body);
        asked.push(one);
        const route = `${one.method} ${one.path}`;
        const times = asked.filter((a) => a.method === one.method && a.path === one.path).length;
        const refused = one.path !== '/v3/auth/tokens' && !valid.has(one.token ?? '');
        const handler = own.get(route) ?? usual[route];
        answer(
          res,
          refused
            ? { status: 401, body: { error: { code: 401, message: 'unknown token' } } }
            : (handler?.(one, times) ?? { status: 404, text: 'no route' }),
        );
      },
      () => res.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    base,
    config: configOf(base),
    asked,
    catalog,
    /** How often something was asked. */
    times: (method: string, path: string) => asked.filter((a) => a.method === method && a.path === path).length,
    route: (name: string, r: Route) => own.set(name, r),
    /** Back to the usual answer. */
    unroute: (name: string) => own.delete(name),
    /** From now on every token given out is refused. */
    revokeAll: () => valid.clear(),
    /** Whom the next tokens are given to. */
    set userId(id: string) {
      userId = id;
    },
    set lifetimeMs(ms: number) {
      lifetimeMs = ms;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const configOf = (base: string): CloudConfig => ({
  name: 'fake',
  from: 'test',
  authUrl: `${base}/v3`,
  auth: { kind: 'password', body: { auth: {} } },
  region: undefined,
  interface: 'public',
  compute: { endpointOverride: undefined, interface: undefined, region: undefined },
  placement: { endpointOverride: undefined, interface: undefined, region: undefined },
  tls: { verify: true, ca: undefined, cert: undefined, key: undefined },
});

function askedOf(req: IncomingMessage, body: string): Asked {
  const url = new URL(req.url ?? '/', 'http://fake');
  return {
    method: req.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    token: req.headers['x-auth-token'] as string | undefined,
    version: req.headers['openstack-api-version'] as string | undefined,
    body,
    port: req.socket.remotePort ?? 0,
  };
}

const read = async (req: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of req) body += chunk;
  return body;
};
const answer = (res: ServerResponse, reply: Reply) => {
  if (reply === 'hang') return;
  if (reply === 'reset') return void res.socket?.resetAndDestroy();
  if (reply === 'half') {
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
    res.write('{"servers": [');
    return void setImmediate(() => res.destroy());
  }
  res.writeHead(reply.status ?? 200, { 'Content-Type': 'application/json', 'X-OpenStack-Request-Id': 'req-fake', ...reply.headers });
  res.end(reply.text ?? (reply.body === undefined ? '' : JSON.stringify(reply.body)));
};

/** A clock whose waits take no time and are counted; the monotonic time is set by the test. */
export const testClock = () => {
  const clock = {
    at: 0,
    slept: [] as number[],
    now: () => instant(Date.parse('2026-01-01T00:00:00Z') + clock.at),
    monotonic: () => clock.at,
    sleep: async (ms: number) => {
      clock.slept.push(ms);
    },
  };
  return clock satisfies Clock;
};
