/** Reads of typed arrays at an index known to be inside; one function per element kind, so that each stays fast. */
export const at = (a: Int32Array, i: number): number => a[i] as number;
export const real = (a: Float64Array, i: number): number => a[i] as number;
export const pick = <T>(a: readonly T[], i: number): T => a[i] as T;

export const grown = (a: Int32Array, length: number, fill = 0): Int32Array => {
  if (length <= a.length) return a;
  const b = new Int32Array(Math.max(length, Math.ceil(a.length * 1.5), 64)).fill(fill, a.length);
  b.set(a);
  return b;
};
export const grownReals = (a: Float64Array, length: number): Float64Array => {
  if (length <= a.length) return a;
  const b = new Float64Array(Math.max(length, Math.ceil(a.length * 1.5), 64));
  b.set(a);
  return b;
};

/** Names to small numbers, in the order in which they were first seen. */
export class Interner<Name extends string = string> {
  readonly names: Name[] = [];
  readonly #index = new Map<Name, number>();

  get size(): number {
    return this.names.length;
  }

  of(name: Name): number {
    const known = this.#index.get(name);
    if (known !== undefined) return known;
    this.#index.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  find(name: Name): number | undefined {
    return this.#index.get(name);
  }
}

/** from, from + 1, ... */
export const range = (from: number, length: number): Int32Array => {
  const a = new Int32Array(length);
  for (let i = 0; i < length; i++) a[i] = from + i;
  return a;
};

/** FNV-1a: a fixed number for a name, so that an order by it is the same on every machine and after any history. */
export const fingerprint = (s: string): number => {
  let h = 2166136261;
  for (let i = 0; i < s.length; i++) h = Math.imul(h ^ s.charCodeAt(i), 16777619);
  return h >>> 0;
};

const RUN = 8;

/** Sorts indices by key, ascending; `tie` decides equal keys. A merge sort over short sorted runs: stable, and quick. */
export const sortByKey = (indices: Int32Array, key: Float64Array, tie: (a: number, b: number) => number): Int32Array => {
  const n = indices.length;
  const inOrder = (a: number, b: number): boolean => real(key, a) < real(key, b) || (real(key, a) === real(key, b) && tie(a, b) <= 0);
  for (let start = 0; start < n; start += RUN)
    for (let x = start + 1; x < n && x < start + RUN; x++) {
      const item = at(indices, x);
      let y = x - 1;
      for (; y >= start && !inOrder(at(indices, y), item); y--) indices[y + 1] = at(indices, y);
      indices[y + 1] = item;
    }
  let from: Int32Array = indices;
  let to: Int32Array = new Int32Array(n);
  for (let width = RUN; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(start + 2 * width, n);
      let left = start;
      let right = middle;
      if (middle === end || inOrder(at(from, middle - 1), at(from, middle))) {
        for (let x = start; x < end; x++) to[x] = at(from, x);
        continue;
      }
      for (let out = start; out < end; out++) {
        const takeLeft = left < middle && (right >= end || inOrder(at(from, left), at(from, right)));
        to[out] = takeLeft ? at(from, left++) : at(from, right++);
      }
    }
    [from, to] = [to, from];
  }
  return from;
};

/** Up to so many numbers a run is sorted in place, by insertion: quick when it is nearly in order, as it mostly is. */
const SMALL = 96;

/** Sorts a run of an array of indices by key, then by index. */
export const sortRun = (indices: Int32Array, from: number, to: number, key: Float64Array): void => {
  if (to - from > SMALL) {
    indices.set(
      sortByKey(indices.slice(from, to), key, (a, b) => a - b),
      from,
    );
    return;
  }
  for (let x = from + 1; x < to; x++) {
    const item = at(indices, x);
    const k = real(key, item);
    let y = x - 1;
    for (; y >= from; y--) {
      const other = at(indices, y);
      const o = real(key, other);
      if (o < k || (o === k && other < item)) break;
      indices[y + 1] = other;
    }
    indices[y + 1] = item;
  }
};

/** A seeded generator (xorshift32) for the searches: the seed is part of the plan's input, so a plan can be replayed. */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }
  below(n: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % n;
  }
  unit(): number {
    return this.below(1 << 24) / (1 << 24);
  }
}
