/** Inputs waiting to be decided. `put` never blocks; `room` is how whoever can wait is made to. */
export class InputQueue<T> {
  readonly #limit: number;
  #items: T[] = [];
  #wakeTaker: (() => void) | null = null;
  #waitingForRoom: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#items.length;
  }

  put(item: T): void {
    this.#items.push(item);
    this.#wakeTaker?.();
    this.#wakeTaker = null;
  }

  /** Resolves when fewer than the limit wait. */
  room(): Promise<void> {
    if (this.#items.length < this.#limit) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  /** Everything that waits, at most `max`; waits for the first. Resolves empty when `wake` was called. */
  async take(max: number): Promise<T[]> {
    if (this.#items.length === 0) await new Promise<void>((resolve) => (this.#wakeTaker = resolve));
    const taken = this.#items.length <= max ? this.#items : this.#items.slice(0, max);
    this.#items = this.#items.length <= max ? [] : this.#items.slice(max);
    if (this.#items.length < this.#limit) for (const go of this.#waitingForRoom.splice(0)) go();
    return taken;
  }

  /** What was taken and could not be decided now: it comes first again. */
  putBack(items: readonly T[]): void {
    if (items.length > 0) this.#items = [...items, ...this.#items];
  }

  /** Lets a waiting `take` return empty, and everybody waiting for room go on. */
  wake(): void {
    this.#wakeTaker?.();
    this.#wakeTaker = null;
    for (const go of this.#waitingForRoom.splice(0)) go();
  }
}
