/**
 * sfc32. `fork(name)` gives each source of chance a stream of its own, so that adding one never reshuffles another:
 * a failing seed stays the same story when a new fault kind is written.
 */
export class Prng {
  readonly #seed: number;
  #a = 0x9e3779b9;
  #b = 0x243f6a88;
  #c: number;
  #n = 1;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#c = this.#seed;
    for (let i = 0; i < 12; i++) this.next();
  }

  fork(name: string): Prng {
    let h = 2166136261 ^ this.#seed;
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 16777619);
    return new Prng(h);
  }

  /** 0 ≤ x < 1 */
  next(): number {
    const t = (this.#a + this.#b + this.#n++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return (t >>> 0) / 2 ** 32;
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  /** A whole number, both ends included. */
  between(lo: number, hi: number): number {
    return lo + Math.floor(this.next() * (hi - lo + 1));
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error('pick: nothing to pick from');
    return from[this.between(0, from.length - 1)] as T;
  }

  /** Like `pick`, for lists that may be empty. */
  maybe<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : this.pick(from);
  }

  uuid(): string {
    const hex = Array.from({ length: 32 }, (_, i) =>
      (i === 12 ? 4 : i === 16 ? 8 + this.between(0, 3) : this.between(0, 15)).toString(16),
    ).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}
