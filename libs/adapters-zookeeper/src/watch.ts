import { done, failed, type HostId, type Outcome, ok } from '@lifeboat/kernel';
import type { Registered, Registry, RegistryWatch } from '@lifeboat/ports';
import { answers, type Client, type Stat } from './client.ts';
import { hostOf, hostsPath, readEntry } from './hosts.ts';
import type { Sessions } from './session.ts';

type Observer = Parameters<Registry['watch']>[0];

/** Changes are gathered for this long: an agent that takes its own place over is gone for less. */
const GATHER_MS = 25;
/** After a long round longer, within reason: a fleet that registers at once must not be listed for each host. */
const GATHER_SHARE = 2;
const GATHER_LONGEST_MS = 400;
/** Reads under way at once. */
const READS = 64;

/** Reads what is registered, then what changed. Watches fire once and are set anew by the read that follows. */
class HostWatch {
  readonly #sessions: Sessions;
  readonly #observer: Observer;
  readonly #path: string;
  readonly #known = new Map<string, Registered>();
  readonly #stale = new Set<string>();
  readonly #closing = new AbortController();
  readonly #deaf: () => void;
  #readFrom: Client | null = null;
  #listStale = true;
  #gap = true;
  #running: Promise<void> | null = null;
  #lastRoundMs = 0;

  constructor(sessions: Sessions, observer: Observer) {
    this.#sessions = sessions;
    this.#observer = observer;
    this.#path = hostsPath(sessions);
    this.#deaf = sessions.listen({
      connected: () => {
        this.#gap = true;
        void this.run();
      },
      change: (kind, path) => {
        if (path === this.#path) this.#listStale = true;
        else if (path.startsWith(`${this.#path}/`) && kind !== 'child') this.#stale.add(path.slice(this.#path.length + 1));
        else return;
        void this.run();
      },
    });
  }

  get shown(): boolean {
    return !this.#gap;
  }

  run(): Promise<void> {
    this.#running ??= this.#rounds();
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#deaf();
    await this.#running;
  }

  async #rounds(): Promise<void> {
    while (!this.#closing.signal.aborted && (this.#gap || this.#listStale || this.#stale.size > 0)) {
      // what is missing is read at once, what changed is gathered first (and `#running` is set before this can end)
      const gatherMs = this.#gap ? 0 : Math.min(GATHER_LONGEST_MS, Math.max(GATHER_MS, GATHER_SHARE * this.#lastRoundMs));
      await this.#sessions.clock.sleep(gatherMs, this.#closing.signal);
      const client = this.#sessions.client;
      // without a connection: the next one begins a round
      if (client === null || this.#closing.signal.aborted) break;
      const began = this.#sessions.clock.monotonic();
      const complete = await this.#round(client);
      this.#lastRoundMs = this.#sessions.clock.monotonic() - began;
      if (!complete) {
        this.#gap = true;
        await this.#sessions.clock.sleep(GATHER_MS, this.#closing.signal);
      }
    }
    this.#running = null;
  }

  /** False: some call got no answer, and what is known may have holes. */
  async #round(client: Client): Promise<boolean> {
    const gap = this.#gap;
    this.#gap = false;
    if (this.#readFrom !== client) {
      // a new session has no watches yet
      this.#readFrom = client;
      this.#listStale = true;
      for (const node of this.#known.keys()) this.#stale.add(node);
    }
    // in the same session missed watches fire before any later answer, so this read sees them all noted
    if (gap && (await client.exists(this.#path)) === null) return false;
    const changed = new Map<string, Registered | null>();
    if (this.#listStale) {
      this.#listStale = false;
      const listed = await client.children(this.#path, true);
      if (listed?.rc !== answers.OK) {
        this.#listStale = true;
        return false;
      }
      const nodes = new Set(listed.value as string[]);
      for (const node of this.#known.keys()) if (!nodes.has(node)) changed.set(node, null);
      for (const node of nodes) if (!this.#known.has(node)) this.#stale.add(node);
    }
    const complete = await this.#read(client, changed);
    if (this.#closing.signal.aborted) return true;
    for (const [node, entry] of changed) {
      if (entry === null) this.#known.delete(node);
      else this.#known.set(node, entry);
    }
    if (!complete) return false;
    if (gap) this.#observer.onView(new Map([...this.#known].map(([node, entry]) => [hostOf(node), entry])));
    else for (const [node, entry] of changed) this.#observer.onHost(hostOf(node) as HostId, entry);
    return true;
  }

  async #read(client: Client, changed: Map<string, Registered | null>): Promise<boolean> {
    const nodes = [...this.#stale].filter((node) => changed.get(node) !== null);
    this.#stale.clear();
    let next = 0;
    let complete = true;
    const reader = async () => {
      for (let node = nodes[next++]; node !== undefined; node = nodes[next++]) {
        const got = complete ? await client.get(`${this.#path}/${node}`, true) : null;
        if (got?.rc === answers.OK) {
          const session = (got.value as Stat).ephemeralOwner;
          changed.set(node, readEntry(hostOf(node), session, got.data?.toString('utf8') ?? ''));
        } else if (got?.rc === answers.NO_NODE) {
          if (this.#known.has(node)) changed.set(node, null);
        } else {
          this.#stale.add(node);
          complete = false;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(READS, nodes.length) }, reader));
    return complete;
  }
}

export async function watchHosts(sessions: Sessions, observer: Observer): Promise<Outcome<RegistryWatch, 'REGISTRY_UNREACHABLE'>> {
  const refusal = failed('REGISTRY_UNREACHABLE', 'watch: ZooKeeper did not answer within the limit');
  if ((await sessions.reach(sessions.timeoutMs)) === null) return refusal;
  const watch = new HostWatch(sessions, observer);
  await watch.run();
  if (!watch.shown) {
    await watch.close();
    return refusal;
  }
  return ok({ close: () => watch.close().then(() => done.value) });
}
