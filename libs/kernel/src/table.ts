const BUCKETS = 64;

const hashOf = (key: string): number => {
  let h = 2166136261;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 16777619);
  return h >>> 0;
};
const bucketOf = (key: string): number => hashOf(key) % BUCKETS;
/** Divides keys over `parts`, always in the same way; otherwise than over the buckets of a table. */
export const spread = (key: string, parts: number): number => {
  const h = hashOf(key);
  return (Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) >>> 0) % parts;
};

type Bucket<V> = ReadonlyMap<string, V>;
const EMPTY: Bucket<never> = new Map<string, never>();

/**
 * An immutable keyed collection. `set` copies one of 64 buckets, so a change in a table of 10,000 hosts costs
 * microseconds, and `changesSince` finds what differs by reference: that is how the shell stores only what changed.
 * Iteration is in key order, so that it may reach an output.
 */
export class Table<V> {
  readonly #buckets: readonly Bucket<V>[];
  readonly size: number;

  private constructor(buckets: readonly Bucket<V>[], size: number) {
    this.#buckets = buckets;
    this.size = size;
  }

  static empty<V>(): Table<V> {
    return new Table<V>(new Array<Bucket<V>>(BUCKETS).fill(EMPTY), 0);
  }

  static of<V>(entries: Iterable<readonly [string, V]>): Table<V> {
    const buckets = Array.from({ length: BUCKETS }, () => new Map<string, V>());
    for (const [k, v] of entries) (buckets[bucketOf(k)] as Map<string, V>).set(k, v);
    return new Table<V>(
      buckets,
      buckets.reduce((n, b) => n + b.size, 0),
    );
  }

  get(key: string): V | undefined {
    return (this.#buckets[bucketOf(key)] as Bucket<V>).get(key);
  }

  has(key: string): boolean {
    return (this.#buckets[bucketOf(key)] as Bucket<V>).has(key);
  }

  set(key: string, value: V): Table<V> {
    const i = bucketOf(key);
    const old = this.#buckets[i] as Bucket<V>;
    if (old.get(key) === value && old.has(key)) return this;
    const bucket = new Map(old).set(key, value);
    return this.#with(i, bucket, this.size + bucket.size - old.size);
  }

  delete(key: string): Table<V> {
    const i = bucketOf(key);
    const old = this.#buckets[i] as Bucket<V>;
    if (!old.has(key)) return this;
    const bucket = new Map(old);
    bucket.delete(key);
    return this.#with(i, bucket, this.size - 1);
  }

  #with(i: number, bucket: Bucket<V>, size: number): Table<V> {
    const buckets = this.#buckets.slice();
    buckets[i] = bucket;
    return new Table<V>(buckets, size);
  }

  keys(): string[] {
    return this.#buckets.flatMap((b) => [...b.keys()]).sort();
  }

  entries(): [string, V][] {
    return this.#buckets.flatMap((b) => [...b]).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  values(): V[] {
    return this.entries().map(([, v]) => v);
  }

  /** What turns `before` into this table: keys put (with their values) and keys deleted. */
  changesSince(before: Table<V>): { put: [string, V][]; del: string[] } {
    const put: [string, V][] = [];
    const del: string[] = [];
    for (let i = 0; i < BUCKETS; i++) {
      const was = before.#buckets[i] as Bucket<V>;
      const is = this.#buckets[i] as Bucket<V>;
      if (was === is) continue;
      for (const [k, v] of is) if (!was.has(k) || was.get(k) !== v) put.push([k, v]);
      for (const k of was.keys()) if (!is.has(k)) del.push(k);
    }
    return { put, del };
  }
}
