import type { HostId } from '@lifeboat/kernel';
import type { Clock, RegionCount, Registered, Registry, RegistryWatch } from '@lifeboat/ports';
import type { ServiceWorld } from '@lifeboat/runtime';
import { type Observation, type Seen, seenAs } from './decide/entries.ts';

export interface WatcherPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  /** One session timeout of the agents. */
  readonly sessionMs: number;
  /** Which hosts this part answers for; the others are not even read. */
  readonly concerns?: (host: HostId) => boolean;
}

const COALESCE_MS = 20;
/** Entries in one decision: with all their VMs they must stay small beside what the store takes in one write, and be decided in milliseconds. */
const TOGETHER = 25;
const AGAIN_MS = 1_000;
/** How often the registry is asked whether it is there. */
const BEAT_MS = 1_000;
/** An answer that is later than this part of a session timeout, an agent's heartbeat's worth: we, or the registry, stood still. */
const STALL_SHARE = 1 / 3;

type World = ServiceWorld<never, never, Observation>;

/**
 * Turns the registry's calls into observations. A host that changes many times in a moment is observed once, as it last
 * was; a view of 10,000 hosts comes in pieces, its names at the end.
 */
export const agentWatcherWorld = ({ registry, clock, sessionMs, concerns = () => true }: WatcherPorts): World => ({
  perform: async (effect) => effect,
  async observe(push, { signal }) {
    const news = new News();
    const watch = await registry.watch(news, concerns);
    if (!watch.ok) {
      // The registry is away: the shell calls again in a moment; connections show in the health.
      await clock.sleep(AGAIN_MS, signal);
      return;
    }
    const beat = new Beat({ clock, mostMs: BEAT_MS + STALL_SHARE * sessionMs, push });
    const stop = () => news.end();
    signal.addEventListener('abort', stop);
    const beating = beat.run(watch.value, news, signal);
    while (!signal.aborted) {
      if (news.isEmpty) await news.some();
      else {
        beat.look();
        for (const o of news.take()) push(o);
      }
      await clock.sleep(COALESCE_MS, signal);
    }
    signal.removeEventListener('abort', stop);
    await beating;
    await watch.value.close();
  },
});

interface Beating {
  readonly clock: Clock;
  readonly mostMs: number;
  readonly push: (o: Observation) => void;
}

/**
 * Asks the registry every second, and says when it has answered, after all that it held has been passed on. Where the last answer is
 * too long ago, something stood still, ourselves perhaps: that is said before anything seen since.
 */
class Beat {
  readonly #b: Beating;
  #last: number;

  constructor(b: Beating) {
    this.#b = b;
    this.#last = b.clock.monotonic();
  }

  look(): void {
    const now = this.#b.clock.monotonic();
    const forMs = now - this.#last;
    if (forMs <= this.#b.mostMs) return;
    this.#last = now;
    this.#b.push({ kind: 'stalled', forMs: Math.round(forMs) });
  }

  async run(watch: RegistryWatch, news: News, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#b.clock.sleep(BEAT_MS, signal);
      if (signal.aborted || !(await watch.settle())) continue;
      await news.passed();
      if (signal.aborted) return;
      this.look();
      this.#last = this.#b.clock.monotonic();
      this.#b.push({ kind: 'sound' });
    }
  }
}

/** What was told and not yet passed on. */
class News {
  readonly #entries = new Map<HostId, Seen>();
  readonly #gone = new Set<HostId>();
  #fell = 0;
  #of = 0;
  /** Who is there, as of now: a host that comes while the view waits for the entries before it is there, too. */
  #view: Set<HostId> | null = null;
  #ended = false;
  #wake: () => void = () => undefined;
  readonly #waiting: { ahead: number; readonly resolve: () => void }[] = [];

  readonly onHost = (host: HostId, found: Registered): void => {
    this.#gone.delete(host);
    this.#view?.add(host);
    this.#entries.set(host, seenAs(host, found));
    this.wake();
  };

  readonly onGone = (hosts: readonly HostId[], { before, now }: RegionCount): void => {
    for (const host of hosts) {
      this.#entries.delete(host);
      this.#gone.add(host);
    }
    if (this.#fell === 0) this.#of = before;
    this.#fell += Math.max(0, before - now);
    this.wake();
  };

  readonly onView = (present: readonly HostId[]): void => {
    // The view is newer than every loss before it, and judged with more care.
    this.#gone.clear();
    this.#fell = 0;
    this.#view = new Set(present);
    this.wake();
  };

  wake(): void {
    this.#wake();
  }

  /** Resolves when everything that waits now has been passed on, or nothing will be any more. */
  passed(): Promise<void> {
    if (this.isEmpty || this.#ended) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ ahead: this.#entries.size, resolve }));
  }

  end(): void {
    this.#ended = true;
    for (const w of this.#waiting.splice(0)) w.resolve();
    this.wake();
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0 && this.#gone.size === 0 && this.#fell === 0 && this.#view === null;
  }

  some(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Who went together is told together; of the entries some, the view after the last of them. */
  take(): Observation[] {
    const taken: Observation[] = [];
    if (this.#gone.size > 0 || this.#fell > 0)
      taken.push({ kind: 'gone', hosts: [...this.#gone], region: { fell: this.#fell, of: this.#of } });
    this.#gone.clear();
    this.#fell = 0;
    const entries: [HostId, Seen][] = [];
    for (const entry of this.#entries) {
      if (entries.length === TOGETHER) break;
      entries.push(entry);
    }
    for (const [host] of entries) this.#entries.delete(host);
    if (entries.length > 0) taken.push({ kind: 'entries', entries });
    if (this.#entries.size === 0 && this.#view !== null) {
      taken.push({ kind: 'view', present: [...this.#view] });
      this.#view = null;
    }
    for (const w of this.#waiting) w.ahead -= entries.length;
    while (this.#view === null && (this.isEmpty || (this.#waiting[0]?.ahead ?? 1) <= 0) && this.#waiting.length > 0)
      this.#waiting.shift()?.resolve();
    return taken;
  }
}
