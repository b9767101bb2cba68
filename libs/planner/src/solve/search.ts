import { at, Chance, real } from '../arrays.ts';
import { Augment } from './augment.ts';
import { type Bins, type Scale, sizeOf } from './bins.ts';
import type { Meter } from './pack.ts';
import { NONE } from './problem.ts';
import { FIRST, SECOND } from './scarce.ts';

/** How many items that are left over may join one repack. */
const GUESTS = 8;
const HOSTS = 4;
/** One in so many repacks that bring nothing may leave things worse than they were. */
const WORSE = 6;
/** Work given to repacking per work spent on looking for chains. */
const SHARE = 3;
/** Repacks between two looks for chains of moves, at least. */
const KICKS = 30;
/** How many items are drawn at most to find one that is outside its first choice. */
const DRAWS = 12;
/** What first choices of clusters cost more. */
const PICKY = 1.6;
/** One in so many repacks is judged by what it leaves in one piece, the others by the item they were made for. */
const TIDY = 4;

export interface Goal {
  /** No more can be placed than this. */
  readonly enough: number;
  /** No more can be in their first choice of clusters; undefined: that is not looked at yet. */
  readonly firsts?: number;
}

/**
 * Large neighbourhood search: empty two to four hosts, invite some items that are left over, pack anew in a noisy
 * order, keep what is not worse. Higher priorities may change hosts, never lose their place to lower ones. Each repack
 * is tried on the side; the bins change only when it is kept.
 */
export class Search {
  readonly #bins: Bins;
  readonly #chance: Chance;
  readonly #size: Float64Array;
  readonly #augment: Augment;
  readonly #scale: Scale;
  readonly #worth = new Float64Array(3);
  /** The chosen hosts, and what would be free on them. */
  readonly #hosts = new Int32Array(HOSTS);
  readonly #vcpus = new Int32Array(HOSTS);
  readonly #memory = new Int32Array(HOSTS);
  readonly #disk = new Int32Array(HOSTS);
  #hostCount = 0;
  /** The items being packed, where they were, where they would go (index of a chosen host), the noise that orders them. */
  #pool = new Int32Array(64);
  #before = new Int32Array(64);
  #after = new Int32Array(64);
  #key = new Float64Array(64);
  #poolCount = 0;
  /** The round in which a kind last found no room. */
  readonly #barren: Int32Array;
  #round = 0;
  readonly #grouped: boolean;
  /** Items in their first choice, of those that have a choice. */
  #firsts = 0;
  #picky = false;

  constructor(bins: Bins, scale: Scale, seed: number) {
    this.#bins = bins;
    this.#scale = scale;
    this.#chance = new Chance(seed);
    const { scarce } = bins;
    this.#size = Float64Array.from(scarce.kinds, (k) => sizeOf(k, scale));
    this.#augment = new Augment(bins);
    this.#barren = new Int32Array(scarce.kinds.length);
    this.#grouped = scarce.company.some((c) => c !== NONE);
  }

  /** Searches until the goal is reached, nothing came of it for long, or the meter has run down. */
  run(goal: Goal, patience: number, meter: Meter): void {
    const bins = this.#bins;
    this.#picky = goal.firsts !== undefined;
    this.#firsts = this.#picky ? this.#countFirsts() : 0;
    let idle = 0;
    while (meter.left > 0 && idle < patience && !this.#reached(goal)) {
      const [before, most, firsts] = [meter.left, bins.placed(), this.#firsts];
      if (bins.leftCount > 0 && bins.placed() < goal.enough) this.#augment.all(meter);
      if (this.#picky) this.#firsts = this.#countFirsts();
      // As much for repacking as looking for chains took: with many groups that is dear.
      const until = meter.left - SHARE * (before - meter.left);
      const began = meter.left;
      for (let steps = 0; (steps < KICKS || meter.left > until) && !this.#reached(goal); steps++) meter.left -= this.#step();
      idle = bins.placed() > most || this.#firsts > firsts ? 0 : idle + began - meter.left;
    }
    if (bins.placed() < goal.enough) this.#augment.all(meter);
  }

  #reached({ enough, firsts = 0 }: Goal): boolean {
    return this.#bins.placed() >= enough && this.#firsts >= firsts;
  }

  #countFirsts(): number {
    const { host, active } = this.#bins;
    let n = 0;
    for (let i = 0; i < active; i++) if (at(host, i) !== NONE && this.#bins.kind(i).open[at(host, i)] === FIRST) n += 1;
    return n;
  }

  /** An item that is left over, or one outside its first choice. */
  #wish(): number {
    const { left, leftCount, active, host } = this.#bins;
    if (!this.#picky || (leftCount > 0 && this.#chance.below(4) === 0)) return at(left, this.#chance.below(leftCount));
    let i = 0;
    for (let n = 0; n < DRAWS; n++) {
      i = this.#chance.below(active);
      if (at(host, i) !== NONE && this.#bins.kind(i).open[at(host, i)] === SECOND && this.#bins.kind(i).picky) return i;
    }
    return i;
  }

  /** Two to four hosts that could take the item, its own among them. */
  #choose(i: number): void {
    const { hosts } = this.#bins.kind(i);
    const n = Math.min(hosts.length, 2 + this.#chance.below(HOSTS - 1));
    this.#hostCount = 0;
    const own = at(this.#bins.host, i);
    if (own !== NONE) this.#hosts[this.#hostCount++] = own;
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
    this.#after = wider(this.#after);
    this.#key = new Float64Array(size);
  }

  #step(): number {
    const bins = this.#bins;
    const wish = this.#wish();
    this.#choose(wish);
    this.#poolCount = 0;
    for (let x = 0; x < this.#hostCount; x++) this.#empty(x);
    const guests = Math.min(GUESTS, bins.leftCount);
    const from = bins.leftCount === 0 ? 0 : this.#chance.below(bins.leftCount);
    for (let g = 0; g < guests; g++) this.#add(at(bins.left, (from + g) % bins.leftCount), NONE);
    if (at(bins.host, wish) === NONE) this.#swapIn(wish, guests);
    this.#order();
    this.#seatAll();
    if (this.#keeps(wish)) this.#commit();
    else this.#forget();
    // What seating and ordering cost, in looks at a host.
    const cost = 8 + this.#poolCount * (this.#hostCount + this.#poolCount / 8);
    return this.#picky ? PICKY * cost : cost;
  }

  /** Makes sure that the item wished for is among the guests. */
  #swapIn(wish: number, guests: number): void {
    const first = this.#poolCount - guests;
    for (let x = first; x < this.#poolCount; x++) if (at(this.#pool, x) === wish) return;
    this.#pool[first] = wish;
  }

  /** Looks at a chosen host as if its items had left it. */
  #empty(x: number): void {
    const bins = this.#bins;
    const j = at(this.#hosts, x);
    let vcpus = at(bins.vcpus, j);
    let memory = at(bins.memory, j);
    let disk = at(bins.disk, j);
    for (let i = at(bins.first, j); i !== NONE; i = at(bins.next, i)) {
      const kind = bins.kindOf(i);
      vcpus += at(bins.takeVcpus, kind);
      memory += at(bins.takeMemory, kind);
      disk += at(bins.takeDisk, kind);
      if (this.#grouped) bins.join(i, j, -1);
      this.#add(i, j);
    }
    this.#vcpus[x] = vcpus;
    this.#memory[x] = memory;
    this.#disk[x] = disk;
  }

  /** Priority first; then mostly small before large, so that many fit, with noise, so that each try is another one. */
  #order(): void {
    const { priority, kindOf } = this.#bins.scarce;
    const noise = 0.2 + 0.8 * this.#chance.unit();
    // Each try sees the resources a little otherwise: what is packed tightly by one view is not by the next.
    for (let d = 0; d < 3; d++) this.#worth[d] = (this.#scale.worth[d] as number) * 4 ** (2 * this.#chance.unit() - 1);
    // Read once: this is where a search spends its time.
    const [pool, befores, keys, sizes, count, chance] = [this.#pool, this.#before, this.#key, this.#size, this.#poolCount, this.#chance];
    for (let x = 0; x < count; x++) {
      const i = at(pool, x);
      const before = at(befores, x);
      const urgency = at(priority, i);
      const key = real(sizes, at(kindOf, i)) * (1 + noise * (2 * chance.unit() - 1));
      let y = x - 1;
      for (; y >= 0; y--) {
        const other = at(pool, y);
        const urgent = urgency - at(priority, other);
        if (urgent > 0 || (urgent === 0 && real(keys, y) <= key)) break;
        pool[y + 1] = other;
        befores[y + 1] = at(befores, y);
        keys[y + 1] = real(keys, y);
      }
      pool[y + 1] = i;
      befores[y + 1] = before;
      keys[y + 1] = key;
    }
  }

  /** Seats the pool, one by one. Of items that are alike, none after the first that finds no room is looked at. */
  #seatAll(): void {
    const { kindOf, company } = this.#bins.scarce;
    const [pool, after, barren, count] = [this.#pool, this.#after, this.#barren, this.#poolCount];
    const round = ++this.#round;
    for (let x = 0; x < count; x++) {
      const i = at(pool, x);
      const kind = at(kindOf, i);
      const found = at(barren, kind) === round ? NONE : this.#seat(i, kind);
      if (found === NONE && at(company, i) === NONE) barren[kind] = round;
      after[x] = found;
    }
  }

  /** The chosen host where least would be left over, in the first choice of clusters if that counts; by its index. */
  #seat(i: number, kind: number): number {
    const bins = this.#bins;
    const { open } = bins.kind(i);
    const grouped = at(bins.scarce.company, i) !== NONE;
    const [hosts, vcpus, memory, disk, worth, picky] = [this.#hosts, this.#vcpus, this.#memory, this.#disk, this.#worth, this.#picky];
    const needVcpus = at(bins.needVcpus, kind);
    const needMemory = at(bins.needMemory, kind);
    const needDisk = at(bins.needDisk, kind);
    const takeVcpus = at(bins.takeVcpus, kind);
    const takeMemory = at(bins.takeMemory, kind);
    const takeDisk = at(bins.takeDisk, kind);
    let best: number = NONE;
    let least = Infinity;
    let choice = 0;
    for (let x = 0; x < this.#hostCount; x++) {
      if (needVcpus > at(vcpus, x) || needMemory > at(memory, x) || needDisk > at(disk, x)) continue;
      const j = at(hosts, x);
      const here = open[j] as number;
      if (here === 0 || (picky && here < choice) || (grouped && bins.kept(i, j))) continue;
      const a = at(vcpus, x) - takeVcpus;
      const b = at(memory, x) - takeMemory;
      const c = at(disk, x) - takeDisk;
      const s = real(worth, 0) * a * a + real(worth, 1) * b * b + real(worth, 2) * c * c;
      if (s >= least && !(picky && here > choice)) continue;
      least = s;
      best = x;
      choice = here;
    }
    if (best === NONE) return NONE;
    vcpus[best] = at(vcpus, best) - takeVcpus;
    memory[best] = at(memory, best) - takeMemory;
    disk[best] = at(disk, best) - takeDisk;
    if (grouped) bins.join(i, at(hosts, best), 1);
    return best;
  }

  #keeps(wish: number): boolean {
    const gain = this.#gain();
    if (gain !== 0) return gain > 0;
    const firsts = this.#picky ? this.#gainOfFirsts() : 0;
    if (firsts !== 0) return firsts > 0;
    return (this.#chance.below(TIDY) === 0 ? this.#gathers() : this.#grows(wish)) || this.#chance.below(WORSE) === 0;
  }

  /**
   * Are the chosen hosts at least as near to having room for the item as before? Near on one is better than half way on
   * two. An item that has a place already waits for its first choice.
   */
  #grows(wish: number): boolean {
    const bins = this.#bins;
    const hosts = this.#hosts;
    const { open } = bins.kind(wish);
    const seated = at(bins.host, wish) !== NONE;
    const kind = bins.kindOf(wish);
    let sum = 0;
    for (let x = 0; x < this.#hostCount; x++) {
      const j = at(hosts, x);
      if (seated && open[j] !== FIRST) continue;
      const now = this.#share(kind, at(bins.vcpus, j), at(bins.memory, j), at(bins.disk, j));
      const then = this.#share(kind, at(this.#vcpus, x), at(this.#memory, x), at(this.#disk, x));
      sum += then * then - now * now;
    }
    return sum >= 0;
  }

  /** Is what is left on the chosen hosts at least as much in one piece as before? */
  #gathers(): boolean {
    const bins = this.#bins;
    const [wv, wm, wd] = this.#scale.worth;
    let sum = 0;
    for (let x = 0; x < this.#hostCount; x++) {
      const j = at(this.#hosts, x);
      const [v, m, d] = [at(bins.vcpus, j), at(bins.memory, j), at(bins.disk, j)];
      const [a, b, c] = [at(this.#vcpus, x), at(this.#memory, x), at(this.#disk, x)];
      sum += wv * (a * a - v * v) + wm * (b * b - m * m) + wd * (c * c - d * d);
    }
    return sum >= 0;
  }

  /** The part of what the kind needs that is free, by the resource that lacks most. */
  #share(kind: number, vcpus: number, memory: number, disk: number): number {
    const bins = this.#bins;
    const v = at(bins.takeVcpus, kind);
    const m = at(bins.takeMemory, kind);
    const d = at(bins.takeDisk, kind);
    let share = v > 0 ? vcpus / v : 1;
    if (m > 0) share = Math.min(share, memory / m);
    if (d > 0) share = Math.min(share, disk / d);
    return Math.max(0, Math.min(1, share));
  }

  #commit(): void {
    const bins = this.#bins;
    const now = (x: number): number => (at(this.#after, x) === NONE ? NONE : at(this.#hosts, at(this.#after, x)));
    if (this.#picky) this.#firsts += this.#gainOfFirsts();
    this.#forget();
    for (let x = 0; x < this.#poolCount; x++)
      if (at(this.#before, x) !== NONE && now(x) !== at(this.#before, x)) bins.lift(at(this.#pool, x));
    for (let x = 0; x < this.#poolCount; x++) if (now(x) !== NONE && now(x) !== at(this.#before, x)) bins.put(at(this.#pool, x), now(x));
  }

  /** Counts the groups of the pool as they stand in the bins again. */
  #forget(): void {
    for (let x = 0; this.#grouped && x < this.#poolCount; x++) {
      const i = at(this.#pool, x);
      if (at(this.#bins.scarce.company, i) === NONE) continue;
      if (at(this.#after, x) !== NONE) this.#bins.join(i, at(this.#hosts, at(this.#after, x)), -1);
      if (at(this.#before, x) !== NONE) this.#bins.join(i, at(this.#before, x), 1);
    }
  }

  /** What the most urgent priority that changed gained; the pool is in the order of priority. */
  #gain(): number {
    const { priority } = this.#bins.scarce;
    let gain = 0;
    for (let x = 0; x < this.#poolCount; x++) {
      if (gain !== 0 && at(priority, at(this.#pool, x)) !== at(priority, at(this.#pool, x - 1))) return gain;
      gain += (at(this.#after, x) !== NONE ? 1 : 0) - (at(this.#before, x) !== NONE ? 1 : 0);
    }
    return gain;
  }

  #gainOfFirsts(): number {
    let gain = 0;
    for (let x = 0; x < this.#poolCount; x++) {
      const { open } = this.#bins.kind(at(this.#pool, x));
      const [before, after] = [at(this.#before, x), at(this.#after, x)];
      if (after !== NONE && open[at(this.#hosts, after)] === FIRST) gain += 1;
      if (before !== NONE && open[before] === FIRST) gain -= 1;
    }
    return gain;
  }
}
