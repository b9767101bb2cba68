import type { LifeboatEvent } from '@lifeboat/contracts';
import { type Epoch, epoch } from '@lifeboat/kernel';
import type { Bus, Clock, Lease, Registry, StateStore } from '@lifeboat/ports';
import { Reign, STALE } from './reign.ts';
import { type Effect, type ServiceDefinition, type ServiceWorld, type State, scopeOf } from './service.ts';

/** What the shell tells whoever watches it: logs, metrics, health, the simulation's trace. Watching changes nothing. */
export interface ShellObserver {
  standby?(): void;
  leading?(epoch: Epoch): void;
  deposed?(why: string): void;
  /** An input was decided and committed. */
  decided?(what: string, told: readonly LifeboatEvent[], rejected: string | null): void;
  performing?(effect: Effect): void;
  trouble?(what: string): void;
}

export interface ShellPorts {
  readonly bus: Bus;
  readonly store: StateStore;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Names this process among the candidates. */
  readonly instance: string;
}

/** How `deposed` begins when a decision or the shell itself threw. */
export const BUG = 'a bug';
const PAUSE_MS = 100;
/** After a bug: what failed would fail again at once, and must not spin. */
const PAUSE_AFTER_BUG_MS = 5_000;

/**
 * Runs one service: stands by, leads, stands by again after a lost lease. What it does while it leads, and in which
 * order, is in reign.ts.
 */
export class Shell<S extends State, E extends Effect, Result, Observation> {
  readonly #d: ServiceDefinition<S, E, Result, Observation>;
  readonly #world: ServiceWorld<E, Result, Observation>;
  readonly #ports: ShellPorts;
  readonly #see: ShellObserver;
  #reign: Reign<S, E, Result, Observation> | null = null;

  constructor(
    d: ServiceDefinition<S, E, Result, Observation>,
    world: ServiceWorld<E, Result, Observation>,
    ports: ShellPorts,
    see: ShellObserver = {},
  ) {
    this.#d = d;
    this.#world = world;
    this.#ports = ports;
    this.#see = see;
  }

  /** The committed state while we lead, for people who look; null on standby. */
  get state(): S | null {
    return this.#reign?.state ?? null;
  }

  get figures(): { readonly queued: number; readonly owed: number; readonly outbox: number } {
    return this.#reign?.figures ?? { queued: 0, owed: 0, outbox: 0 };
  }

  async run(signal: AbortSignal): Promise<void> {
    let atLeast = epoch(0);
    while (!signal.aborted) {
      this.#see.standby?.();
      const lease = await this.#ports.registry.campaign(scopeOf(this.#d), this.#ports.instance, { signal, atLeast });
      if (lease === null) return;
      const why = await this.#lead(lease, signal).catch((bug: unknown) => `${BUG}: ${bug instanceof Error ? bug.stack : String(bug)}`);
      this.#see.deposed?.(why);
      await lease.release();
      // The registry was set up anew and counts from its beginning: go above what the store has seen.
      if (why === STALE) atLeast = epoch(Math.max(atLeast, lease.epoch) * 2 + 1_000);
      if (!signal.aborted) await this.#ports.clock.sleep(why.startsWith(BUG) ? PAUSE_AFTER_BUG_MS : PAUSE_MS, signal);
    }
  }

  async #lead(lease: Lease, stop: AbortSignal): Promise<string> {
    const over = new AbortController();
    const end = () => over.abort();
    lease.lost.addEventListener('abort', end, { once: true });
    stop.addEventListener('abort', end, { once: true });
    if (stop.aborted || lease.lost.aborted) end();
    this.#reign = new Reign(this.#d, this.#world, this.#ports, this.#see, lease, over);
    try {
      return await this.#reign.run();
    } finally {
      this.#reign = null;
      lease.lost.removeEventListener('abort', end);
      stop.removeEventListener('abort', end);
      over.abort();
    }
  }
}
