import { at, Chance, real } from '../arrays.ts';
import { Augment } from './augment.ts';
import { type Bins, type Scale, sizeOf, slack } from './bins.ts';
import type { Meter } from './pack.ts';
import { NONE } from './problem.ts';

/** How many items that are left over may join one repack. */
const GUESTS = 10;
const HOSTS = 4;
/** One in so many repacks that bring nothing may leave things worse than they were. */
const WORSE = 6;
/** Work given to repacking per work spent on looking for chains. */
const SHARE = 2;
/** Repacks between two looks for chains of moves, at least. */
const KICKS = 30;

/**
 * Large neighbourhood search: empty two to four hosts, invite some items that are left over, pack anew in a noisy
 * order, keep what is not worse. Higher priorities may change hosts, never lose their place to lower ones.
 */
export class Search {
  readonly #bins: Bins;
  readonly #scale: Scale;
  readonly #chance: Chance;
  readonly #size: Float64Array;
  readonly #augment: Augment;
  readonly #hosts = new Int32Array(HOSTS);
  #hostCount = 0;
  /** The items being packed, where they were, and the noise that orders them. */
  #pool = new Int32Array(64);
  #before = new Int32Array(64);
  #key = new Float64Array(64);
  #poolCount = 0;

  constructor(bins: Bins, scale: Scale, seed: number) {
    this.#bins = bins;
    this.#scale = scale;
    this.#chance = new Chance(seed);
    const { scarce } = bins;
    this.#size = Float64Array.from(scarce.kinds, (k) => sizeOf(k, scale));
    this.#augment = new Augment(bins);
  }

  /** Searches until `enough` are placed, nothing came of it for long, or the meter has run down. */
  run(enough: number, patience: number, meter: Meter): void {
    const bins = this.#bins;
    let most = bins.placed();
    let idle = 0;
    while (meter.left > 0 && idle < patience && this.#bins.leftCount > 0 && most < enough) {
      const before = meter.left;
      this.#augment.all(meter);
      // As much for repacking as looking for chains took: with many groups that is dear.
      let steps = 0;
      for (const until = meter.left - SHARE * (before - meter.left); bins.leftCount > 0 && (steps < KICKS || meter.left > until); steps++)
        meter.left -= this.#step();
      idle = bins.placed() > most ? 0 : idle + steps;
      most = Math.max(most, this.#bins.placed());
    }
    this.#augment.all(meter);
  }

  /** Two to four hosts that could take one of the items left over. */
  #choose(): void {
    const { left, leftCount } = this.#bins;
    const { hosts } = this.#bins.kind(at(left, this.#chance.below(leftCount)));
    const n = Math.min(hosts.length, 2 + this.#chance.below(HOSTS - 1));
    this.#hostCount = 0;
    while (this.#hostCount < n) {
      const j = at(hosts, this.#chance.below(hosts.length));
      let fresh = true;
      for (let x = 0; x < this.#hostCount; x++) if (at(this.#hosts, x) === j) fresh = false;
      if (fresh) this.#hosts[this.#hostCount++] = j;
      else if (this.#hostCount > 1) return;
    }
  }

  #add(i: number, before: number): void {
    if (this.#poolCount === this.#pool.length) this.#enlarge();
    this.#pool[this.#poolCount] = i;
    this.#before[this.#poolCount++] = before;
  }

  #enlarge(): void {
    const size = 2 * this.#pool.length;
    const wider = (a: Int32Array) => {
      const b = new Int32Array(size);
      b.set(a);
      return b;
    };
    this.#pool = wider(this.#pool);
    this.#before = wider(this.#before);
    this.#key = new Float64Array(size);
  }

  #step(): number {
    const bins = this.#bins;
    this.#choose();
    this.#poolCount = 0;
    for (let x = 0; x < this.#hostCount; x++) {
      const j = at(this.#hosts, x);
      for (let i = at(bins.first, j); i !== NONE; i = at(bins.next, i)) this.#add(i, j);
    }
    const guests = Math.min(GUESTS, bins.leftCount);
    const from = this.#chance.below(bins.leftCount);
    const settled = this.#poolCount;
    for (let g = 0; g < guests; g++) this.#add(at(bins.left, (from + g) % bins.leftCount), NONE);
    const wish = at(bins.left, from);
    const promise = this.#promise(wish);
    for (let x = 0; x < settled; x++) bins.lift(at(this.#pool, x));
    this.#order();
    for (let x = 0; x < this.#poolCount; x++) this.#seat(at(this.#pool, x));
    const gain = this.#gain();
    if (gain < 0 || (gain === 0 && this.#promise(wish) < promise && this.#chance.below(WORSE) > 0)) this.#undo();
    return 8 + this.#poolCount * this.#hostCount;
  }

  /** Priority first; then mostly small before large, so that many fit, with noise, so that each try is another one. */
  #order(): void {
    const { priority, kindOf } = this.#bins.scarce;
    const noise = 0.2 + 0.8 * this.#chance.unit();
    for (let x = 0; x < this.#poolCount; x++) {
      const i = at(this.#pool, x);
      const before = at(this.#before, x);
      const key = real(this.#size, at(kindOf, i)) * (1 + noise * (2 * this.#chance.unit() - 1));
      let y = x - 1;
      for (; y >= 0; y--) {
        const other = at(this.#pool, y);
        const urgent = at(priority, i) - at(priority, other);
        if (urgent > 0 || (urgent === 0 && real(this.#key, y) <= key)) break;
        this.#pool[y + 1] = other;
        this.#before[y + 1] = at(this.#before, y);
        this.#key[y + 1] = real(this.#key, y);
      }
      this.#pool[y + 1] = i;
      this.#before[y + 1] = before;
      this.#key[y + 1] = key;
    }
  }

  #seat(i: number): void {
    const bins = this.#bins;
    const k = bins.kind(i);
    let best: number = NONE;
    let least = Infinity;
    for (let x = 0; x < this.#hostCount; x++) {
      const j = at(this.#hosts, x);
      if (k.open[j] !== 1 || !bins.fits(k, j) || bins.kept(i, j)) continue;
      const s = slack(bins, k, j, this.#scale);
      if (s < least) {
        least = s;
        best = j;
      }
    }
    if (best !== NONE) bins.put(i, best);
  }

  /** What the most urgent priority that changed gained; the pool is in the order of priority. */
  #gain(): number {
    let gain = 0;
    for (let x = 0; x < this.#poolCount; x++) {
      const i = at(this.#pool, x);
      if (gain !== 0 && x > 0 && at(this.#bins.scarce.priority, i) !== at(this.#bins.scarce.priority, at(this.#pool, x - 1))) return gain;
      gain += (at(this.#bins.host, i) !== NONE ? 1 : 0) - (at(this.#before, x) !== NONE ? 1 : 0);
    }
    return gain;
  }

  /** How near the chosen hosts are to having room for an item: near on one is better than half way on two. */
  #promise(i: number): number {
    const k = this.#bins.kind(i);
    let sum = 0;
    for (let x = 0; x < this.#hostCount; x++) {
      const share = this.#bins.shareOf(k, at(this.#hosts, x));
      sum += share * share;
    }
    return sum;
  }

  #undo(): void {
    for (let x = 0; x < this.#poolCount; x++) if (at(this.#bins.host, at(this.#pool, x)) !== NONE) this.#bins.lift(at(this.#pool, x));
    for (let x = 0; x < this.#poolCount; x++) if (at(this.#before, x) !== NONE) this.#bins.put(at(this.#pool, x), at(this.#before, x));
  }
}
