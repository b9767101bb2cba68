import { type Epoch, stableId } from '@lifeboat/kernel';
import type { Effect, ServiceDefinition, ServiceWorld, State } from './service.ts';
import { BUG, Shell, type ShellObserver, type ShellPorts } from './shell.ts';

/** How a service is cut into parts that live processes share. The number is for ever: each part keeps what it knows under its own name. */
export interface Shards<E extends Effect, Result, Observation> {
  readonly count: number;
  readonly world: (shard: number) => ServiceWorld<E, Result, Observation>;
}

/**
 * Rendezvous hashing: who of the live members has this part. Everybody works it out by himself; when one comes or goes, only
 * what is his moves.
 */
export function ownerOf(part: string, members: readonly string[]): string | null {
  let best: { readonly member: string; readonly score: string } | null = null;
  for (const member of members) {
    const score = stableId(part, member);
    if (best === null || score > best.score || (score === best.score && member < best.member)) best = { member, score };
  }
  return best?.member ?? null;
}

/**
 * Runs the parts of a service that fall to this process. Each part is led like a service of its own (election, epoch, fenced
 * state), so that two who both believe a part is theirs do no harm; who stands for which election follows the live members.
 */
export class Band<S extends State, E extends Effect, Result, Observation> {
  readonly #d: ServiceDefinition<S, E, Result, Observation>;
  readonly #shards: Shards<E, Result, Observation>;
  readonly #ports: ShellPorts;
  readonly #see: ShellObserver;
  readonly #shells = new Map<number, Shell<S, E, Result, Observation>>();
  readonly #leading = new Set<number>();
  readonly #waiting = new Set<() => void>();
  #mine: ReadonlySet<number> = new Set();

  constructor(
    d: ServiceDefinition<S, E, Result, Observation>,
    shards: Shards<E, Result, Observation>,
    ports: ShellPorts,
    see: ShellObserver = {},
  ) {
    this.#d = d;
    this.#shards = shards;
    this.#ports = ports;
    this.#see = see;
  }

  get figures(): { readonly queued: number; readonly owed: number; readonly outbox: number } {
    const each = [...this.#shells.values()].map((s) => s.figures);
    const sum = (of: 'queued' | 'owed' | 'outbox') => each.reduce((n, f) => n + f[of], 0);
    return { queued: sum('queued'), owed: sum('owed'), outbox: sum('outbox') };
  }

  /** The parts that fall to this process. */
  get mine(): readonly number[] {
    return [...this.#mine];
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#see.standby?.();
    const parts = Array.from({ length: this.#shards.count }, (_, shard) => shard);
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake);
    const kept = parts.map((shard) => this.#keep(shard, signal));
    await this.#ports.registry.gather(this.#d.name, this.#ports.instance, {
      signal,
      onMembers: (members) => {
        this.#mine = new Set(parts.filter((shard) => ownerOf(`${this.#d.name}.${shard}`, members) === this.#ports.instance));
        this.#wake();
      },
    });
    wake();
    await Promise.all(kept);
    signal.removeEventListener('abort', wake);
  }

  /** Stands for election while the part is ours, and steps down when it is somebody else's. */
  async #keep(shard: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.#mine.has(shard)) {
        await this.#change();
        continue;
      }
      const stop = new AbortController();
      const shell = new Shell({ ...this.#d, shard }, this.#shards.world(shard), this.#ports, this.#seen(shard));
      this.#shells.set(shard, shell);
      const ended = shell.run(stop.signal);
      while (this.#mine.has(shard) && !signal.aborted) await this.#change();
      stop.abort();
      await ended;
      this.#shells.delete(shard);
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /** To whoever watches the process it leads while it leads anything. */
  #seen(shard: number): ShellObserver {
    return {
      ...this.#see,
      standby: () => undefined,
      leading: (epoch: Epoch) => {
        this.#leading.add(shard);
        this.#see.leading?.(epoch);
      },
      deposed: (why) => {
        this.#leading.delete(shard);
        if (this.#leading.size === 0) this.#see.deposed?.(why);
        else if (why.startsWith(BUG)) this.#see.trouble?.(`shard ${shard}: ${why}`);
      },
    };
  }
}
