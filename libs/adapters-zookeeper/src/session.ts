import type { Clock } from '@lifeboat/ports';
import { type Answer, answers, type ChangeKind, Client } from './client.ts';

export interface ZooKeeperOptions {
  readonly connect: string;
  readonly sessionTimeoutMs: number;
  /** Begins every path; '/lifeboat' when left out. */
  readonly root?: string;
  readonly clock: Clock;
}
export interface SessionListener {
  /** Connected again, in the same session or in a new one; changes may have been missed. */
  readonly connected?: (client: Client) => void;
  readonly over?: (client: Client) => void;
  readonly change?: (kind: ChangeKind, path: string) => void;
}

const RETRY_MS = 250;

/** Always one client: when its session is over, the next is made. */
export class Sessions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly root: string;
  readonly #connect: string;
  readonly #listeners = new Set<SessionListener>();
  readonly #closing = new AbortController();
  readonly #listings = new Map<string, { readonly of: Client; readonly answer: Promise<Answer | null> }>();
  #turns: Promise<void> = Promise.resolve();
  #client: Client;
  #ready = false;

  constructor(options: ZooKeeperOptions) {
    this.clock = options.clock;
    this.timeoutMs = options.sessionTimeoutMs;
    this.root = options.root ?? '/lifeboat';
    this.#connect = options.connect;
    this.#client = this.#make();
  }

  /** The client, when it can be asked now. */
  get client(): Client | null {
    return this.#ready && this.#client.connected ? this.#client : null;
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  listen(listener: SessionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The client as soon as it can be asked; null: not within the limit, or `signal` aborted, or closed. */
  async reach(limitMs: number, signal?: AbortSignal): Promise<Client | null> {
    if (this.client !== null || signal?.aborted || this.closed.aborted) return this.client;
    const stop = new AbortController();
    const abort = () => stop.abort();
    const deaf = this.listen({ connected: abort });
    signal?.addEventListener('abort', abort);
    this.closed.addEventListener('abort', abort);
    await this.clock.sleep(limitMs, stop.signal);
    deaf();
    signal?.removeEventListener('abort', abort);
    this.closed.removeEventListener('abort', abort);
    return this.client;
  }

  /**
   * Children of a node, and a watch on them. Several who ask at once are given one answer: it is asked for after every change
   * that they have been told of, for an answer comes before the news of what changed since.
   */
  list(client: Client, path: string): Promise<Answer | null> {
    const underway = this.#listings.get(path);
    if (underway?.of === client) return underway.answer;
    const answer = client.children(path, true).finally(() => {
      if (this.#listings.get(path)?.answer === answer) this.#listings.delete(path);
    });
    this.#listings.set(path, { of: client, answer });
    return answer;
  }

  /** One after another, with room for timers between: several who are given the same long answer must not work it through in one go. */
  turn(): Promise<void> {
    this.#turns = this.#turns.then(() => this.clock.sleep(1));
    return this.#turns;
  }

  /** Removes a node of this session, however long that takes; ends with the session, which removes it too. */
  async discard(client: Client, path: string): Promise<void> {
    while (!client.over.aborted) {
      const gone = await client.remove(path);
      if (gone?.rc === answers.OK || gone?.rc === answers.NO_NODE) return;
      await this.clock.sleep(RETRY_MS, client.over);
    }
  }

  close(): void {
    if (this.closed.aborted) return;
    this.#closing.abort();
    this.#client.close();
    for (const l of [...this.#listeners]) l.over?.(this.#client);
  }

  #make(): Client {
    this.#ready = false;
    const client: Client = new Client(this.#connect, this.timeoutMs, this.clock, {
      onConnected: () => void this.#prepare(client),
      onConnecting: () => {
        this.#ready = false;
      },
      onOver: () => void this.#next(client),
      onChange: (kind, path) => {
        if (client === this.#client) for (const l of [...this.#listeners]) l.change?.(kind, path);
      },
    });
    return client;
  }

  /** The lasting nodes may be missing after a registry was set up anew. */
  async #prepare(client: Client): Promise<void> {
    const parts = this.root.split('/').filter((p) => p !== '');
    const paths = parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
    for (const path of [...paths, `${this.root}/hosts`, `${this.root}/leaders`, `${this.root}/epochs`, `${this.root}/members`]) {
      const made = await client.create(path, '', 'lasting');
      if (made?.rc === answers.OK || made?.rc === answers.NODE_EXISTS) continue;
      // lost again: the next 'connect' comes here once more; otherwise try again
      await this.clock.sleep(RETRY_MS, client.over);
      if (client.connected && client === this.#client && !this.#ready) void this.#prepare(client);
      return;
    }
    if (client !== this.#client || !client.connected) return;
    this.#ready = true;
    for (const l of [...this.#listeners]) l.connected?.(client);
  }

  async #next(client: Client): Promise<void> {
    if (client !== this.#client || this.closed.aborted) return;
    this.#ready = false;
    for (const l of [...this.#listeners]) l.over?.(client);
    await this.clock.sleep(RETRY_MS, this.closed);
    if (!this.closed.aborted) this.#client = this.#make();
  }
}
