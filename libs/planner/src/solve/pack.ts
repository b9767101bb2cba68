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
    const { hosts } = pick(bins.scarce.kinds, kind);
    for (let x = 0; x < hosts.length; x++) {
      const j = at(hosts, x);
      if (!bins.fits(kind, j)) continue;
      this.#host.push(j);
      this.#key.push(slack(bins, kind, j, scale));
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

/** Puts the given items, in the order given, each where least is left over. Returns how many fit. */
const pack = (bins: Bins, items: Int32Array, scale: Scale, meter: Meter): number => {
  let placed = 0;
  let kind: number = NONE;
  let heap: Tightest | undefined;
  for (let x = 0; x < items.length; x++) {
    const i = at(items, x);
    if (bins.kindOf(i) !== kind || !heap) {
      kind = bins.kindOf(i);
      heap = new Tightest(bins, kind, scale);
      meter.left -= pick(bins.scarce.kinds, kind).hosts.length;
    }
    const kept: number[] = [];
    while (heap.size > 0) {
      const j = heap.top;
      meter.left -= 1;
      if (bins.fits(kind, j) && !bins.kept(i, j)) {
        bins.put(i, j);
        placed += 1;
        break;
      }
      if (bins.fits(kind, j)) kept.push(j);
      heap.pop();
    }
    // Hosts that only the server group shut are open again to the next item.
    if (kept.length > 0) heap = undefined;
  }
  return placed;
};

/** How many more than fit at once are tried: they may still leave more placed, and a pack is not quite monotone. */
const BEYOND = 8;

/** One scale's way to see the items: small first for choosing, large first for packing. */
export class Packer {
  readonly #bins: Bins;
  readonly #scale: Scale;
  readonly #small: Int32Array;
  readonly #large: Int32Array;
  readonly #chosen: Uint8Array;
  readonly #packed: Int32Array;

  constructor(bins: Bins, scale: Scale) {
    const { scarce } = bins;
    this.#bins = bins;
    this.#scale = scale;
    const n = scarce.items.length;
    const size = scarce.kinds.map((k) => sizeOf(k, scale));
    const all = Int32Array.from({ length: n }, (_, i) => i);
    const key = (sign: 1 | -1, grouped: number) =>
      Float64Array.from(all, (i) => sign * pick(size, at(scarce.kindOf, i)) + (at(scarce.company, i) === NONE ? 0 : grouped));
    const byKind = (a: number, b: number) => at(scarce.kindOf, a) - at(scarce.kindOf, b) || a - b;
    this.#small = sortByKey(all.slice(), key(1, 1e-9), byKind);
    this.#large = sortByKey(all.slice(), key(-1, 0), byKind);
    this.#chosen = new Uint8Array(n);
    this.#packed = new Int32Array(n);
  }

  /** Adds to what is in the bins: the items from `from` on that still find room, small ones first. */
  add(from: number, meter: Meter): void {
    const { active, host } = this.#bins;
    const items = this.#small.filter((i) => i >= from && i < active && at(host, i) === NONE);
    pack(this.#bins, items, this.#scale, meter);
  }

  /**
   * Packs the active items anew: all that `above` places of those before `from`, and as many of the others as possible, the
   * small ones, large before small. All-large-first would starve the many for the few. Undefined where not even those
   * of `above` fit in this order.
   */
  anew(above: Int32Array, from: number, meter: Meter): Int32Array | undefined {
    const { active } = this.#bins;
    const level = this.#small.filter((i) => i >= from && i < active);
    let kept = 0;
    for (let i = 0; i < active; i++) this.#chosen[i] = i < from && at(above, i) !== NONE ? 1 : 0;
    for (let i = 0; i < from; i++) kept += at(above, i) === NONE ? 0 : 1;
    let most = -1;
    let best: Int32Array | undefined;
    const attempt = (k: number): boolean => {
      const placed = this.#attempt(level, k, meter);
      if (placed > most && this.#placedBefore(from) === kept) {
        most = placed;
        best = this.#bins.host.slice();
      }
      return placed === kept + k;
    };
    if (attempt(level.length)) return best;
    let [low, high] = [0, level.length];
    while (low + 1 < high && meter.left > 0) {
      const middle = (low + high) >> 1;
      if (attempt(middle)) low = middle;
      else high = middle;
    }
    for (let k = low + 1; k <= Math.min(low + BEYOND, level.length) && meter.left > 0; k++) attempt(k);
    return best;
  }

  #attempt(level: Int32Array, k: number, meter: Meter): number {
    for (let x = 0; x < level.length; x++) this.#chosen[at(level, x)] = x < k ? 1 : 0;
    const { active } = this.#bins;
    let n = 0;
    for (let x = 0; x < this.#large.length; x++) {
      const i = at(this.#large, x);
      if (i < active && this.#chosen[i] === 1) this.#packed[n++] = i;
    }
    meter.left -= this.#large.length >> 2;
    this.#bins.clear();
    return pack(this.#bins, this.#packed.subarray(0, n), this.#scale, meter);
  }

  #placedBefore(from: number): number {
    let n = 0;
    for (let i = 0; i < from; i++) if (at(this.#bins.host, i) !== NONE) n += 1;
    return n;
  }
}

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
