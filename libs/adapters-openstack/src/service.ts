import { failed, type Outcome, ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import type Type from 'typebox';
import type { ServiceConfig } from './config/clouds.ts';
import { readAs } from './http/answer.ts';
import { failureOf, lost, onTheWay, unsent } from './http/failure.ts';
import type { HttpResult, Transport } from './http/transport.ts';
import { at, type Pin, pinned, type Range, readRange } from './microversion.ts';
import type { Surroundings } from './options.ts';
import type { Session, Token } from './session.ts';

export type Query = Readonly<Record<string, string | number | undefined>>;
export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** The microversion that this call wants, and the oldest it can do with. */
  readonly version: Pin;
  /** The limit of the whole call that this request belongs to. */
  readonly signal?: AbortSignal;
}
type Answer = Extract<HttpResult, { kind: 'answer' }>;

/** One OpenStack API: endpoint from the catalog, microversion per call, token renewal, retries where they are safe. */
export class Service {
  readonly type: 'compute' | 'placement';
  readonly #config: ServiceConfig;
  readonly #session: Session;
  readonly #transport: Transport;
  readonly #around: Surroundings;
  /** What the endpoint offers; asked again when the endpoint changes, and after a version is refused. */
  #found: { range?: { readonly endpoint: string; readonly base: string; readonly range: Range } | undefined } = {};
  #still: (() => boolean) | undefined;

  constructor(type: 'compute' | 'placement', config: ServiceConfig, session: Session, transport: Transport, around: Surroundings) {
    this.type = type;
    this.#config = config;
    this.#session = session;
    this.#transport = transport;
    this.#around = around;
  }

  /** The same API; what it is to change, it is told only while `still()`. */
  onlyWhile(still: () => boolean): Service {
    const held = new Service(this.type, this.#config, this.#session, this.#transport, this.#around);
    held.#found = this.#found;
    held.#still = still;
    return held;
  }

  async read<S extends Type.TSchema>(schema: S, call: Omit<Call, 'method' | 'body'>): Promise<Outcome<Type.Static<S>, CloudFailure>> {
    const answer = await this.send({ ...call, method: 'GET' });
    return answer.ok ? readAs(`GET ${this.type}${pathOf(call)}`, schema, answer.value.body) : answer;
  }

  /** Whom Keystone takes us for; undefined: it does not say. */
  async userId(signal: AbortSignal): Promise<Outcome<string | undefined, CloudFailure>> {
    const token = await within(signal, `the user of ${this.type}`, this.#session.token());
    return token.ok ? ok(token.value.userId) : token;
  }

  /** GET and PUT may be repeated when nothing or nothing certain came of them; POST and DELETE are sent once. */
  async send(call: Call): Promise<Outcome<Answer, CloudFailure>> {
    const { clock, limits, log } = this.#around;
    const what = `${call.method} ${this.type}${pathOf(call)}`;
    let { outcome, again } = await this.#once(what, call);
    for (const wait of call.method === 'POST' || call.method === 'DELETE' ? [] : limits.backoffMs) {
      if (outcome.ok || !again || call.signal?.aborted || this.#still?.() === false) break;
      log('retry', { call: what, code: outcome.code, detail: outcome.detail, afterMs: wait });
      await clock.sleep(wait, call.signal);
      if (call.signal?.aborted) break;
      ({ outcome, again } = await this.#once(what, call));
    }
    return outcome;
  }

  /** Once, and once more with a new token when ours was refused: a refused token means that nothing was done. */
  async #once(what: string, call: Call): Promise<{ readonly outcome: Outcome<Answer, CloudFailure>; readonly again: boolean }> {
    for (let renewed = false; ; renewed = true) {
      const token = await within(call.signal, what, this.#session.token());
      // the session has tried again by itself
      if (!token.ok) return { outcome: token, again: false };
      const outcome = await this.#sendWith(what, call, token.value);
      if (outcome.ok || outcome.code !== 'CLOUD_UNAUTHORIZED') return { outcome, again: !outcome.ok && passing.has(outcome.code) };
      this.#session.refuse(token.value);
      if (renewed) return { outcome, again: false };
    }
  }

  async #sendWith(what: string, call: Call, token: Token): Promise<Outcome<Answer, CloudFailure>> {
    const found = await this.#discover(token, call.signal);
    if (!found.ok) return found;
    const version = pinned(what, this.type, found.value.range, call.version);
    if (!version.ok) return version;
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    return this.#exchange(what, token, {
      method: call.method,
      url: `${found.value.base}${pathOf(call)}`,
      version: at(version.value),
      body,
      signal: call.signal,
    });
  }

  async #discover(token: Token, signal: AbortSignal | undefined): Promise<Outcome<{ base: string; range: Range }, CloudFailure>> {
    const endpoint = this.#session.endpoint(token, this.type, this.#config);
    if (!endpoint.ok) return endpoint;
    if (this.#found.range?.endpoint === endpoint.value) return ok(this.#found.range);
    // old catalogs name the project in the address; versions are told at the root
    const root = token.projectId === undefined ? endpoint.value : endpoint.value.replace(new RegExp(`/(AUTH_)?${token.projectId}$`), '');
    const what = `GET ${root}/ (versions of ${this.type})`;
    const answer = await this.#exchange(what, token, { method: 'GET', url: `${root}/`, version: undefined, body: undefined, signal });
    if (!answer.ok) return onTheWay(answer);
    const read = readRange(what, this.type, root, answer.value.body);
    if (!read.ok) return read;
    const range = { endpoint: endpoint.value, ...read.value };
    this.#found.range = range;
    this.#around.log('versions', {
      service: this.type,
      endpoint: read.value.base,
      least: at(read.value.range.least),
      most: at(read.value.range.most),
    });
    return ok(range);
  }

  async #exchange(
    what: string,
    token: Token,
    r: { method: Call['method']; url: string; version: string | undefined; body: string | undefined; signal: AbortSignal | undefined },
  ): Promise<Outcome<Answer, CloudFailure>> {
    const { limits } = this.#around;
    const answer = await this.#transport.send({
      method: r.method,
      url: r.url,
      headers: {
        Accept: 'application/json',
        'X-Auth-Token': token.value,
        ...(r.version === undefined ? {} : { 'OpenStack-API-Version': `${this.type} ${r.version}` }),
        ...(r.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(r.body === undefined ? {} : { body: r.body }),
      ownConnection: r.method === 'POST',
      still: r.method === 'GET' ? undefined : this.#still,
      limitMs: r.method === 'GET' ? limits.readMs : limits.actMs,
      signal: r.signal,
    });
    if (answer.kind === 'not-sent') return unsent(what, answer.why);
    if (answer.kind === 'lost') return lost(what, answer.why);
    // after an upgrade or a roll-back the range may be another: ask again next time
    if (answer.status === 406) this.#found.range = undefined;
    const well = answer.status >= 200 && answer.status < 300;
    // 300: an endpoint without a version answers with its list of versions
    return well || (answer.status === 300 && r.version === undefined) ? ok(answer) : failureOf(what, answer);
  }
}

/** Failures that may be over in a moment. */
const passing: ReadonlySet<CloudFailure> = new Set(['CLOUD_UNREACHABLE', 'CLOUD_TIMEOUT', 'CLOUD_FAILED']);

const pathOf = (call: Pick<Call, 'path' | 'query'>): string => {
  const pairs = Object.entries(call.query ?? {}).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)] as [string, string]]));
  return pairs.length === 0 ? call.path : `${call.path}?${new URLSearchParams(pairs)}`;
};

/** The renewal is shared and goes on; this call stops waiting for it at its own limit. */
const within = async <T>(
  signal: AbortSignal | undefined,
  what: string,
  work: Promise<Outcome<T, CloudFailure>>,
): Promise<Outcome<T, CloudFailure>> => {
  if (signal === undefined) return work;
  const late = () => failed('CLOUD_UNREACHABLE', `${what}: no token from Keystone within the time limit`);
  if (signal.aborted) return late();
  const listening = new AbortController();
  const over = new Promise<Outcome<T, CloudFailure>>((resolve) => {
    signal.addEventListener('abort', () => resolve(late()), { once: true, signal: listening.signal });
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    listening.abort();
  }
};
