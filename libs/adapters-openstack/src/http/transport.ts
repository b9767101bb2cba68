import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { TlsConfig } from '../config/clouds.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * An act that must not be done twice goes over a connection of its own: when a kept one is reset, nobody can tell
   * 'closed while idle' from 'taken, then lost'.
   */
  readonly ownConnection?: boolean;
  /**
   * Asked when the connection stands, right before the first byte leaves; false: nothing is sent. A process may have stood
   * still (SIGSTOP, a swapped-out VM) since its caller looked whether it may, or have waited for a token or a connection.
   */
  readonly still?: (() => boolean) | undefined;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}
export type HttpResult =
  | Readonly<{ kind: 'answer'; status: number; headers: Readonly<Record<string, string | undefined>>; body: string }>
  /** No byte of the request left: it was surely not taken. */
  | Readonly<{ kind: 'not-sent'; why: string }>
  /** It went out and no answer came back whole: it may have been taken. */
  | Readonly<{ kind: 'lost'; why: string }>;

const CONNECT_LIMIT_MS = 5000;
/** Far above any page that Nova gives (1,000 servers are about 2 MB). */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * node:http(s) rather than fetch: it tells when a connection stands, so that 'nothing was sent' is known and not guessed;
 * it takes a CA per cloud; and with agents of our own no proxy variable ever gets between us and Nova.
 */
export class Transport {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  readonly #httpOnce: HttpAgent;
  readonly #httpsOnce: HttpsAgent;
  readonly #closing = new AbortController();
  readonly #connectLimitMs: number;

  constructor(tls: TlsConfig, options: { readonly connectLimitMs?: number; readonly maxSockets?: number } = {}) {
    this.#connectLimitMs = options.connectLimitMs ?? CONNECT_LIMIT_MS;
    const kept = { keepAlive: true, maxSockets: options.maxSockets ?? 32, maxFreeSockets: 8, timeout: 60_000 };
    const trust = {
      rejectUnauthorized: tls.verify,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
    };
    this.#http = new HttpAgent(kept);
    this.#https = new HttpsAgent({ ...kept, ...trust });
    this.#httpOnce = new HttpAgent({ keepAlive: false });
    this.#httpsOnce = new HttpsAgent({ keepAlive: false, ...trust });
  }

  send(r: HttpRequest): Promise<HttpResult> {
    const stop = stopReason(r, this.#closing.signal);
    if (stop !== undefined) return Promise.resolve({ kind: 'not-sent', why: stop });
    const secure = r.url.startsWith('https:');
    const agent = secure ? (r.ownConnection ? this.#httpsOnce : this.#https) : r.ownConnection ? this.#httpOnce : this.#http;
    const headers = { ...r.headers, ...(r.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(r.body)) }) };
    const req = (secure ? httpsRequest : httpRequest)(r.url, { method: r.method, headers, agent });
    return exchange(req, r, secure, this.#connectLimitMs, this.#closing.signal);
  }

  close(): void {
    this.#closing.abort();
    for (const agent of [this.#http, this.#https, this.#httpOnce, this.#httpsOnce]) agent.destroy();
  }
}

const stopReason = (r: HttpRequest, closing: AbortSignal): string | undefined =>
  closing.aborted ? 'the client is closed' : r.signal?.aborted ? 'the time limit of the call was over' : undefined;

const exchange = (req: ClientRequest, r: HttpRequest, secure: boolean, connectLimitMs: number, closing: AbortSignal): Promise<HttpResult> =>
  new Promise((resolve) => {
    let sent = false;
    let settled = false;
    const settle = (result: HttpResult) => {
      if (settled) return;
      settled = true;
      clearTimeout(connecting);
      clearTimeout(limit);
      for (const s of [r.signal, closing]) s?.removeEventListener('abort', stopped);
      resolve(result);
    };
    const fail = (why: string) => {
      settle(sent ? { kind: 'lost', why } : { kind: 'not-sent', why });
      req.destroy();
    };
    const stopped = () => fail(stopReason(r, closing) ?? 'stopped');
    const connecting = setTimeout(() => {
      if (!sent) fail(`no connection within ${connectLimitMs} ms`);
    }, connectLimitMs);
    const limit = setTimeout(() => fail(`no answer within ${r.limitMs} ms`), r.limitMs);
    for (const s of [r.signal, closing]) s?.addEventListener('abort', stopped, { once: true });

    const go = () => {
      if (settled) return;
      if (r.still?.() === false) return fail('not told: whoever wanted it does not lead any more, or does not want it any more');
      sent = true;
      req.end(r.body);
    };
    req.on('socket', (socket) => {
      const stands = !socket.connecting && (!secure || (socket as TLSSocket).getCipher?.() !== undefined);
      if (stands) go();
      else socket.once(secure ? 'secureConnect' : 'connect', go);
    });
    req.on('error', (e) => fail(reason(e)));
    req.on('response', (res) =>
      collect(res, fail, (body) => settle({ kind: 'answer', status: res.statusCode ?? 0, headers: single(res), body })),
    );
  });

const collect = (res: IncomingMessage, fail: (why: string) => void, whole: (body: string) => void) => {
  const chunks: Buffer[] = [];
  let size = 0;
  res.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) fail(`the answer is longer than ${MAX_BODY_BYTES} bytes`);
    else chunks.push(chunk);
  });
  res.on('error', (e) => fail(reason(e)));
  res.on('end', () => (res.complete ? whole(Buffer.concat(chunks).toString('utf8')) : fail('the answer was cut off')));
};

const single = (res: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(res.headers).map(([k, v]) => [k, Array.isArray(v) ? v.join(', ') : v]));

/** Node reports a refused connection to a name with several addresses as an AggregateError without words of its own. */
const reason = (e: Error): string => {
  const one = e instanceof AggregateError && e.errors[0] instanceof Error ? e.errors[0] : e;
  const code = (one as NodeJS.ErrnoException).code;
  return code !== undefined && !one.message.includes(code) ? `${code} ${one.message}`.trim() : one.message;
};
