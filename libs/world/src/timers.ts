import type { Clock } from '@lifeboat/ports';

class Closed extends Error {}

/** Everything that will happen later in the world, on its one clock; ends with `close`. */
export class Timers {
  readonly clock: Clock;
  readonly #ended = new AbortController();
  readonly #onBug: (e: unknown) => void;
  readonly #running = new Set<Promise<void>>();

  constructor(clock: Clock, onBug: (e: unknown) => void) {
    this.clock = clock;
    this.#onBug = onBug;
  }

  /** Aborts when the world is closed. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  after(ms: number, run: () => void): void {
    this.spawn(async () => {
      await this.sleep(ms);
      run();
    });
  }

  /** For work begun with `spawn` only: when the world is closed, the work ends here. */
  async sleep(ms: number): Promise<void> {
    await this.clock.sleep(ms, this.#ended.signal);
    this.check();
  }
  check(): void {
    if (this.ended.aborted) throw new Closed();
  }

  /** Work of the world that nobody awaits: its bugs are told, not lost. */
  spawn(work: () => Promise<void>): void {
    const p: Promise<void> = work()
      .catch((e: unknown) => {
        if (!(e instanceof Closed)) this.#onBug(e);
      })
      .finally(() => this.#running.delete(p));
    this.#running.add(p);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#running);
  }
}

/** At most `size` at once, first come, first served. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  /** Whoever takes one gives it back, whatever happens. */
  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((go) => this.#waiting.push(go));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
