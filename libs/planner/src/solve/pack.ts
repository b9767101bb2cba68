import { at, pick, sortByKey } from '../arrays.ts';
import { type Bins, type Scale, sizeOf, slack } from './bins.ts';
import { NONE } from './problem.ts';

/** A work meter: a search ends by steps, not by the clock, so that it always ends at the same plan. */
export interface Meter {
  left: number;
}

/** One kind's hosts that have room, tightest fit first: a heap that is filled from the front. */
class Tightest {
  readonly #host: number[] = [];
  readonly #key: number[] = [];

  constructor(bins: Bins, kind: number, scale: Scale) {
    const k = pick(bins.scarce.kinds, kind);
    for (let x = 0; x < k.hosts.length; x++) {
      const j = at(k.hosts, x);
      if (!bins.fits(k, j)) continue;
      this.#host.push(j);
      this.#key.push(slack(bins, k, j, scale));
    }
    for (let i = (this.#host.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  get size(): number {
    return this.#host.length;
  }

  get top(): number {
    return pick(this.#host, 0);
  }

  pop(): void {
    const host = this.#host.pop() as number;
    const key = this.#key.pop() as number;
    if (this.#host.length === 0) return;
    this.#host[0] = host;
    this.#key[0] = key;
    this.#sink(0);
  }

  #before(i: number, j: number): boolean {
    return (
      pick(this.#key, i) < pick(this.#key, j) || (pick(this.#key, i) === pick(this.#key, j) && pick(this.#host, i) < pick(this.#host, j))
    );
  }

  #sink(from: number): void {
    for (let i = from; ; ) {
      let child = 2 * i + 1;
      if (child >= this.#host.length) return;
      if (child + 1 < this.#host.length && this.#before(child + 1, child)) child += 1;
      if (!this.#before(child, i)) return;
      [this.#host[i], this.#host[child]] = [pick(this.#host, child), pick(this.#host, i)];
      [this.#key[i], this.#key[child]] = [pick(this.#key, child), pick(this.#key, i)];
      i = child;
    }
  }
}

/** Packs the given items into empty bins, in the order given, each where least is left over. Returns how many fit. */
const pack = (bins: Bins, items: Int32Array, scale: Scale, meter: Meter): number => {
  bins.clear();
  let placed = 0;
  let kind: number = NONE;
  let heap: Tightest | undefined;
  for (let x = 0; x < items.length; x++) {
    const i = at(items, x);
    if (at(bins.scarce.kindOf, i) !== kind || !heap) {
      kind = at(bins.scarce.kindOf, i);
      heap = new Tightest(bins, kind, scale);
      meter.left -= pick(bins.scarce.kinds, kind).hosts.length;
    }
    const kept: number[] = [];
    while (heap.size > 0) {
      const j = heap.top;
      meter.left -= 1;
      if (bins.fits(bins.kind(i), j) && !bins.kept(i, j)) {
        bins.put(i, j);
        placed += 1;
        break;
      }
      if (bins.fits(bins.kind(i), j)) kept.push(j);
      heap.pop();
    }
    // Hosts that only the server group shut are open again to the next item.
    if (kept.length > 0) heap = undefined;
  }
  return placed;
};

/** The orders in which one scale sees the items: for choosing (small first) and for packing (large first). */
const orders = (bins: Bins, scale: Scale) => {
  const { scarce } = bins;
  const n = scarce.items.length;
  const size = scarce.kinds.map((k) => sizeOf(k, scale));
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const key = (sign: 1 | -1, grouped: number) =>
    Float64Array.from(all, (i) => sign * pick(size, at(scarce.kindOf, i)) + (at(scarce.company, i) === NONE ? 0 : grouped));
  const byKind = (a: number, b: number) => at(scarce.kindOf, a) - at(scarce.kindOf, b) || a - b;
  return { small: sortByKey(all.slice(), key(1, 1e-9), byKind), large: sortByKey(all.slice(), key(-1, 0), byKind) };
};

/**
 * As many items as possible, higher priority first: per priority the most of its small items that still pack, large
 * before small, together with everything chosen before. All-large-first would starve the many for the few.
 */
export const prefixPack = (bins: Bins, scale: Scale, meter: Meter): Int32Array => {
  const { scarce } = bins;
  const { small, large } = orders(bins, scale);
  const chosen = new Uint8Array(scarce.items.length);
  let best = new Int32Array(scarce.items.length).fill(NONE);
  let kept = 0;
  const attempt = (level: Int32Array, k: number): number => {
    for (let x = 0; x < level.length; x++) chosen[at(level, x)] = x < k ? 1 : 0;
    return pack(
      bins,
      large.filter((i) => chosen[i] === 1),
      scale,
      meter,
    );
  };
  for (const priority of [...new Set(scarce.priority)].sort((a, b) => a - b)) {
    const level = small.filter((i) => at(scarce.priority, i) === priority);
    let most = -1;
    const keep = (k: number): boolean => {
      const placed = attempt(level, k);
      const higher = bins.host.reduce((n, j, i) => n + (j !== NONE && at(scarce.priority, i) < priority ? 1 : 0), 0);
      if (higher === kept && placed > most) {
        most = placed;
        best = bins.host.slice();
      }
      return placed === kept + k;
    };
    let [low, high] = [0, level.length];
    if (keep(level.length)) low = level.length;
    while (low + 1 < high && meter.left > 0) {
      const middle = (low + high) >> 1;
      if (keep(middle)) low = middle;
      else high = middle;
    }
    // A few more than fit may still leave more placed, and a pack is not quite monotone.
    for (let k = low + 1; k <= Math.min(low + 24, level.length) && meter.left > 0; k++) keep(k);
    kept = Math.max(kept, most);
    for (let i = 0; i < best.length; i++) chosen[i] = at(best, i) === NONE ? 0 : 1;
  }
  return best;
};

/** Lexicographic by priority: does `a` place more of the first priority in which they differ? */
export const better = (priority: Int32Array, a: Int32Array, b: Int32Array): boolean => {
  const gain = new Map<number, number>();
  for (let i = 0; i < a.length; i++) {
    const d = (at(a, i) !== NONE ? 1 : 0) - (at(b, i) !== NONE ? 1 : 0);
    if (d !== 0) gain.set(at(priority, i), (gain.get(at(priority, i)) ?? 0) + d);
  }
  for (const [, d] of [...gain].sort((x, y) => x[0] - y[0])) if (d !== 0) return d > 0;
  return false;
};
