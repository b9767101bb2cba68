import { readFile } from 'node:fs/promises';

/** The OpenStack lab's services, as an owner of VMs uses them. Lifeboat's own client is not used here. */
const urls = {
  identity: 'http://127.0.0.1:5000/v3',
  compute: 'http://127.0.0.1:8774/v2.1',
  image: 'http://127.0.0.1:9292/v2',
  network: 'http://127.0.0.1:9696/v2.0',
  placement: 'http://127.0.0.1:8778',
} as const;
type Service = keyof typeof urls;
const versions: Partial<Record<Service, string>> = { compute: 'compute 2.93', placement: 'placement 1.39' };
const LIMIT_MS = 130_000;

let token: Promise<string> | undefined;
const tokenOf = async (): Promise<string> => {
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: 'admin', domain, password: 'labsecret' } } };
  const body = JSON.stringify({ auth: { identity, scope: { project: { name: 'admin', domain } } } });
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${urls.identity}/auth/tokens`, { method: 'POST', headers, body, signal: AbortSignal.timeout(LIMIT_MS) });
  const given = answer.headers.get('X-Subject-Token');
  if (given === null) throw new Error(`Keystone gives no token: ${answer.status} ${await answer.text()}`);
  return given;
};

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}
/** Any answer is an answer; only silence throws. */
export const ask = async (method: string, service: Service, path: string, body?: unknown): Promise<Answer> => {
  token ??= tokenOf();
  const version = versions[service];
  const raw = body instanceof Uint8Array;
  const response = await fetch(`${urls[service]}${path}`, {
    method,
    headers: {
      'X-Auth-Token': await token,
      Accept: 'application/json',
      'Content-Type': raw ? 'application/octet-stream' : 'application/json',
      ...(version === undefined ? {} : { 'OpenStack-API-Version': version }),
    },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
};
/** An answer that has to be a success. */
export const call = async <T>(method: string, service: Service, path: string, body?: unknown): Promise<T> => {
  const answer = await ask(method, service, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${service} ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 400)}`);
  return answer.body as T;
};

interface Named {
  readonly id: string;
  readonly name: string;
}
export const named = async (service: Service, path: string, key: string, name: string): Promise<Named | undefined> =>
  (await call<Record<string, readonly Named[]>>('GET', service, path))[key]?.find((x) => x.name === name);

export interface Server extends Named {
  readonly status: string;
  readonly 'OS-EXT-SRV-ATTR:host': string | null;
  readonly 'OS-EXT-STS:task_state': string | null;
  readonly fault?: { readonly message: string; readonly details?: string };
}
export const serversNamed = async (prefix: string): Promise<readonly Server[]> =>
  (await call<{ servers: readonly Server[] }>('GET', 'compute', '/servers/detail?all_tenants=1&limit=1000')).servers.filter((s) =>
    s.name.startsWith(prefix),
  );

export interface ComputeRow {
  readonly id: string;
  readonly host: string;
  readonly state: string;
  readonly status: string;
  readonly forced_down: boolean;
}
export const computes = async (): Promise<readonly ComputeRow[]> =>
  (await call<{ services: readonly ComputeRow[] }>('GET', 'compute', '/os-services?binary=nova-compute')).services;

/** Uploads an image of this name where there is none yet. */
export const image = async (name: string, file: string, more: Readonly<Record<string, string>>): Promise<string> => {
  const there = await named('image', '/images', 'images', name);
  if (there !== undefined) return there.id;
  const { id } = await call<Named>('POST', 'image', '/images', { name, container_format: 'bare', visibility: 'public', ...more });
  await call('PUT', 'image', `/images/${id}/file`, await readFile(file));
  return id;
};
