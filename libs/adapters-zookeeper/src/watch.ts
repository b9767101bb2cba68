import { done, failed, type HostId, type Outcome, ok } from '@lifeboat/kernel';
import type { RegionCount, RegistryObserver, RegistryWatch } from '@lifeboat/ports';
import { answers, type Client, type Stat } from './client.ts';
import { hostOf, hostsPath, readEntry } from './hosts.ts';
import type { Sessions } from './session.ts';

type Concerns = (host: HostId) => boolean;
const everybody: Concerns = () => true;
interface Listed {
  readonly gone: readonly string[];
  readonly region: RegionCount;
}
const nobodyGone: Listed = { gone: [], region: { before: 0, now: 0 } };

/** Changes are gathered for this long: an agent that takes its own place over is gone for less. */
const GATHER_MS = 25;
/** After a long round longer, within reason: a fleet that registers at once must not be listed for each host. */
const GATHER_SHARE = 2;
const GATHER_LONGEST_MS = 400;
/** Reads under way at once, of each watch: answers come in one go, and must not keep everything else waiting. */
const READS = 4;

/**
 * Reads what is registered, then what changed. Watches fire once and are set anew by the read that follows. What was read is told
 * at once and not kept: ten thousand hosts' entries are some 30 MB.
 */
class HostWatch {
  readonly #sessions: Sessions;
  readonly #observer: RegistryObserver;
  readonly #concerns: Concerns;
  readonly #path: string;
  readonly #known = new Set<string>();
  readonly #stale = new Set<string>();
  readonly #closing = new AbortController();
  readonly #deaf: () => void;
  /** Those who wait for the end of a round that has not begun yet. */
  #settling: ((told: boolean) => void)[] = [];
  #readFrom: Client | null = null;
  #listStale = true;
  #gap = true;
  #running: Promise<void> | null = null;
  #lastRoundMs = 0;
  /** Entries of the whole region, when they were listed last. */
  #listed = 0;

  constructor(sessions: Sessions, observer: RegistryObserver, concerns: Concerns) {
    this.#sessions = sessions;
    this.#observer = observer;
    this.#concerns = concerns;
    this.#path = hostsPath(sessions);
    this.#deaf = sessions.listen({
      connected: () => {
        this.#gap = true;
        void this.run();
      },
      change: (kind, path) => {
        if (path === this.#path) this.#listStale = true;
        else if (path.startsWith(`${this.#path}/`) && kind !== 'child') {
          const node = path.slice(this.#path.length + 1);
          if (!this.#concerns(hostOf(node))) return;
          this.#stale.add(node);
        } else return;
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

  /** Between two rounds. */
  get #isTold(): boolean {
    return !this.#closing.signal.aborted && !this.#gap && !this.#listStale && this.#stale.size === 0;
  }

  async settle(): Promise<boolean> {
    const answer = (await this.#sessions.client?.exists(this.#path)) ?? null;
    if (answer === null || this.#closing.signal.aborted) return false;
    // watches fire before a later answer: what changed before is noted, and the next round reads it
    if (this.#running === null) return this.#isTold;
    return new Promise((resolve) => this.#settling.push(resolve));
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
      const settling = this.#settling.splice(0);
      const complete = await this.#round(client);
      for (const settle of settling) settle(complete && !this.#gap);
      this.#lastRoundMs = this.#sessions.clock.monotonic() - began;
      if (!complete) {
        this.#gap = true;
        await this.#sessions.clock.sleep(GATHER_MS, this.#closing.signal);
      }
    }
    this.#running = null;
    for (const settle of this.#settling.splice(0)) settle(this.#isTold);
  }

  /** False: some call got no answer, and what is known may have holes. */
  async #round(client: Client): Promise<boolean> {
    const gap = this.#gap;
    this.#gap = false;
    if (this.#readFrom !== client) {
      // a new session has no watches yet
      this.#readFrom = client;
      this.#listStale = true;
      for (const node of this.#known) this.#stale.add(node);
    }
    // in the same session missed watches fire before any later answer, so this read sees them all noted
    if (gap && (await client.exists(this.#path)) === null) return false;
    const listed = this.#listStale ? await this.#list(client) : nobodyGone;
    if (listed === null || !(await this.#read(client))) return false;
    if (this.#closing.signal.aborted) return true;
    if (gap) this.#observer.onView([...this.#known].map(hostOf));
    // a gap that began meanwhile: its view will not have them
    else if (!this.#gap && (listed.gone.length > 0 || listed.region.now < listed.region.before))
      this.#observer.onGone(listed.gone.map(hostOf), listed.region);
    return true;
  }

  /** Who is there, and who is not any more; null: no answer. */
  async #list(client: Client): Promise<Listed | null> {
    this.#listStale = false;
    const listed = await this.#sessions.list(client, this.#path);
    if (listed?.rc !== answers.OK) {
      this.#listStale = true;
      return null;
    }
    await this.#sessions.turn();
    const all = listed.value as string[];
    const region = { before: this.#listed, now: all.length };
    this.#listed = all.length;
    const nodes = new Set(all.filter((node) => this.#concerns(hostOf(node))));
    const gone = [...this.#known].filter((node) => !nodes.has(node));
    for (const node of gone) {
      this.#known.delete(node);
      this.#stale.delete(node);
    }
    for (const node of nodes) if (!this.#known.has(node)) this.#stale.add(node);
    return { gone, region };
  }

  async #read(client: Client): Promise<boolean> {
    const nodes = [...this.#stale];
    this.#stale.clear();
    let next = 0;
    let complete = true;
    const reader = async () => {
      for (let node = nodes[next++]; node !== undefined; node = nodes[next++]) {
        const got = complete ? await client.get(`${this.#path}/${node}`, true) : null;
        if (got?.rc === answers.OK) {
          this.#known.add(node);
          if (this.#closing.signal.aborted) continue;
          const host = hostOf(node);
          this.#observer.onHost(host, readEntry(host, (got.value as Stat).ephemeralOwner, got.data?.toString('utf8') ?? ''));
        } else if (got?.rc === answers.NO_NODE) {
          // gone since it was listed: the next list tells of it, with those who went with it
          this.#listStale = true;
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

export async function watchHosts(
  sessions: Sessions,
  observer: RegistryObserver,
  concerns: Concerns = everybody,
): Promise<Outcome<RegistryWatch, 'REGISTRY_UNREACHABLE'>> {
  const refusal = failed('REGISTRY_UNREACHABLE', 'watch: ZooKeeper did not answer within the limit');
  if ((await sessions.reach(sessions.timeoutMs)) === null) return refusal;
  const watch = new HostWatch(sessions, observer, concerns);
  await watch.run();
  if (!watch.shown) {
    await watch.close();
    return refusal;
  }
  return ok({ settle: () => watch.settle(), close: () => watch.close().then(() => done.value) });
}
