import type { MemoryRegistryCore } from '@lifeboat/adapters-memory';

type RegistryClient = ReturnType<MemoryRegistryCore['client']>;

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * One life of a process: everything it asks of the world goes through `guard`, so that it can be killed or stalled
 * between any two steps, as kill -9 and SIGSTOP do: a dead process hears no answer and does nothing more; a stalled one
 * goes on later with whatever it had in hand.
 */
export class Life {
  readonly registry: RegistryClient;
  readonly signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #onStep: ((life: Life) => void) | null;
  #dead = false;
  #stalled: { promise: Promise<void>; end: () => void } | null = null;

  /** `onStep` is called at every step; it may kill or stall this life there. */
  constructor(registry: RegistryClient, onStep: ((life: Life) => void) | null = null) {
    this.registry = registry;
    this.signal = this.#stop.signal;
    this.#onStep = onStep;
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
    this.registry.kill();
    this.#stalled?.end();
  }

  /** Asks the process to end by itself, as SIGTERM does. */
  stop(): void {
    this.#stop.abort();
  }

  stall(): void {
    if (this.#dead || this.#stalled !== null) return;
    let end = () => {};
    const promise = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#stalled = { promise, end };
    this.registry.cut();
  }

  resume(): void {
    if (this.#stalled === null) return;
    const { end } = this.#stalled;
    this.#stalled = null;
    this.registry.heal();
    end();
  }

  /** The same port, with a step before and after each of its asynchronous calls. */
  guard<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (name === 'onlyWhile') return (...args: unknown[]): unknown => this.guard(member.apply(target, args) as object);
        return (...args: unknown[]): unknown => this.#called(member as (...a: unknown[]) => unknown, target, name, args);
      },
    });
  }

  #called(member: (...a: unknown[]) => unknown, target: object, name: string | symbol, args: unknown[]): unknown {
    if (synchronous.has(name)) return member.apply(target, args);
    return this.#step(async () => member.apply(target, args));
  }

  async #step(act: () => Promise<unknown>): Promise<unknown> {
    await this.#pass();
    const answer = await act();
    await this.#pass();
    return answer;
  }

  async #pass(): Promise<void> {
    if (!this.#dead && this.#stalled === null) this.#onStep?.(this);
    while (this.#stalled !== null && !this.#dead) await this.#stalled.promise;
    if (this.#dead) await never();
  }
}

/** What a port answers at once, without asking anybody. */
const synchronous = new Set<string | symbol>(['now', 'monotonic', 'connected', 'valid', 'onChange']);
