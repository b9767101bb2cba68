import type { Clock } from '@lifeboat/ports';
import ZooKeeper from 'zookeeper';

/** The answers we tell apart. Everything else, and no answer, is `null`: what was asked may or may not have happened. */
export const answers = { OK: 0, NO_NODE: -101, BAD_VERSION: -103, NODE_EXISTS: -110 } as const;
export interface Stat {
  readonly version: number;
  /** The session that an ephemeral node lives by, as hex. */
  readonly ephemeralOwner: string;
}
export interface Answer {
  readonly rc: number;
  /** Path, stat, data or children: what the call gives. */
  readonly value: unknown;
  readonly data?: Buffer | undefined;
}

export type ChangeKind = 'deleted' | 'changed' | 'child' | 'created';
const changeKinds: readonly ChangeKind[] = ['deleted', 'changed', 'child', 'created'];

export interface ClientEvents {
  readonly onConnected: () => void;
  readonly onConnecting: () => void;
  readonly onOver: () => void;
  /** A watch has fired. Watches are set by `watch = true`: the addon never frees a watch's own callback. */
  readonly onChange: (kind: ChangeKind, path: string) => void;
}

/** Part of a lease's session timeout that the holder may count on; the rest covers clocks and the way of the answer. */
const LEASE_SHARE = 0.8;

/**
 * One session: one object of the addon, never used again once it is over. The addon may leave any call without an answer,
 * so each has a limit of its own here, and what keeps a lease is when an answered request was sent.
 */
export class Client {
  readonly #zk: ZooKeeper;
  readonly #clock: Clock;
  readonly #askedTimeoutMs: number;
  readonly #gone = new AbortController();
  #connected = false;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(connect: string, sessionTimeoutMs: number, clock: Clock, events: ClientEvents) {
    this.#clock = clock;
    this.#askedTimeoutMs = sessionTimeoutMs;
    this.#zk = new ZooKeeper({ connect, timeout: sessionTimeoutMs, debug_level: 0, host_order_deterministic: false });
    this.#zk.on('connect', () => {
      this.#connected = true;
      events.onConnected();
    });
    this.#zk.on('connecting', () => {
      this.#connected = false;
      events.onConnecting();
    });
    this.#zk.on('close', () => {
      if (this.#gone.signal.aborted) return;
      this.#connected = false;
      this.#gone.abort();
      events.onOver();
    });
    for (const kind of changeKinds) this.#zk.on(kind, (_zk: unknown, path: string) => events.onChange(kind, path));
    this.#zk.init({});
  }

  get connected(): boolean {
    return this.#connected;
  }

  get over(): AbortSignal {
    return this.#gone.signal;
  }

  get id(): string {
    return String(this.#zk.client_id);
  }

  /** Until when nobody else can hold what is ours, by our own monotonic clock. The server may have granted less than was asked. */
  get safeUntil(): number {
    const granted = Number(this.#zk.timeout);
    return this.#heardAt + LEASE_SHARE * (granted > 0 ? Math.min(granted, this.#askedTimeoutMs) : 0);
  }

  close(): void {
    if (this.#gone.signal.aborted) return;
    this.#connected = false;
    this.#gone.abort();
    this.#zk.close();
  }

  create(path: string, data: string, kind: 'lasting' | 'ephemeral' | 'ephemeral in sequence'): Promise<Answer | null> {
    const flags = { lasting: 0, ephemeral: 1, 'ephemeral in sequence': 3 }[kind];
    return this.#ask((done) => this.#zk.a_create(path, data, flags, (rc, _text, made) => done({ rc, value: made })));
  }

  exists(path: string, watch = false): Promise<Answer | null> {
    return this.#ask((done) => this.#zk.a_exists(path, watch, (rc, _text, stat) => done({ rc, value: stat })));
  }

  get(path: string, watch = false): Promise<Answer | null> {
    return this.#ask((done) =>
      this.#zk.a_get(path, watch, (rc, _text, stat, data) => done({ rc, value: stat, data: data as Buffer | undefined })),
    );
  }

  set(path: string, data: string, version = -1): Promise<Answer | null> {
    return this.#ask((done) => this.#zk.a_set(path, data, version, (rc, _text, stat) => done({ rc, value: stat })));
  }

  remove(path: string, version = -1): Promise<Answer | null> {
    return this.#ask((done) => this.#zk.a_delete_(path, version, (rc) => done({ rc, value: undefined })));
  }

  children(path: string, watch = false): Promise<Answer | null> {
    return this.#ask((done) => this.#zk.a_get_children(path, watch, (rc, _text, names) => done({ rc, value: names })));
  }

  async #ask(call: (done: (answer: Answer) => void) => number): Promise<Answer | null> {
    if (this.#gone.signal.aborted || !this.#connected) return null;
    const sentAt = this.#clock.monotonic();
    const settled = new AbortController();
    let answer: Answer | null = null;
    const taken = call((a) => {
      // an answer of the server itself, not the addon's word that the connection is lost (-4 and the like)
      if (a.rc === answers.OK || a.rc <= answers.NO_NODE) {
        answer = a;
        this.#heardAt = Math.max(this.#heardAt, sentAt);
      }
      settled.abort();
    });
    if (taken !== answers.OK) return null;
    const abandon = () => settled.abort();
    this.#gone.signal.addEventListener('abort', abandon);
    await this.#clock.sleep(this.#askedTimeoutMs, settled.signal);
    this.#gone.signal.removeEventListener('abort', abandon);
    return answer;
  }
}
