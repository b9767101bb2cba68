import { at, real } from '../arrays.ts';
import { type Domain, NONE } from './problem.ts';
import type { Seating } from './seating.ts';

const LEVELS = 256;
/** One VM more in a rack outweighs any load. */
const STEP = 2 ** 20;
const EVERY = 2 ** 30;
const CHUNK = 4096;

/** Room to think in, shared by the frontiers of one plan. */
export class Scratch {
  readonly histogram = new Int32Array(LEVELS);
  readonly segments: Int32Array;
  readonly held: Uint8Array;
  /** How many of `segments` are of interest, and the level up to which they are collected. */
  near = 0;
  likely = 0;

  /** The heaps of all frontiers, one after the other: hundreds of small arrays would cost more than what is in them. */
  heaps = new Int32Array(CHUNK);
  keys = new Float64Array(CHUNK);
  lent = 0;

  constructor(segments: number) {
    this.segments = new Int32Array(segments);
    this.held = new Uint8Array(segments);
  }

  /** Lends the next `size` places of `heaps` and `keys`, those before `lent`. */
  lend(size: number): void {
    if (this.lent + size > this.heaps.length) {
      this.heaps = new Int32Array(Math.max(CHUNK, size));
      this.keys = new Float64Array(Math.max(CHUNK, size));
      this.lent = 0;
    }
    this.lent += size;
  }
}

/**
 * The segments of a domain for one business type, best first: fewest VMs of the type in the rack, then least load. A
 * lazy heap: while VMs only arrive, keys only grow, so an outdated key is put right when it comes to the top. Racks above
 * the level that the type's VMs can fill wait outside the heap: most plans never come to them.
 */
export class Frontier {
  readonly #count: Int32Array;
  readonly #least: Float64Array;
  readonly #rackOf: Int32Array;
  readonly #row: number;
  readonly #open: Int32Array;
  /** The racks of the open segments. */
  readonly #racks: Int32Array;
  readonly #scratch: Scratch;
  readonly #limit: number;
  /** The heap: `size` places from `#base` on. */
  #segment: Int32Array;
  #key: Float64Array;
  #base: number;
  #waiting: boolean;
  size = 0;

  /** `expected`: how many items of the type there are. */
  constructor(seating: Seating, type: number, domain: Domain, expected: number, scratch: Scratch) {
    this.#count = seating.count;
    this.#least = seating.least;
    this.#rackOf = seating.problem.room.layout.rackOf;
    this.#row = type * seating.problem.racks;
    const { segments: open, racks } = seating.open(domain);
    this.#open = open;
    this.#racks = racks;
    this.#scratch = scratch;
    const { segments } = scratch;
    const n = this.#open.length;
    const limit = type === 0 ? EVERY : this.#levelFor(expected);
    this.#limit = limit;
    let size = 0;
    const near = type === 0 ? n : scratch.near;
    const from = type === 0 ? this.#open : segments;
    for (let x = 0; x < near; x++) {
      const s = at(from, x);
      if (this.level(s) <= limit) segments[size++] = s;
    }
    this.#waiting = size < n;
    scratch.lend(size);
    this.#segment = scratch.heaps;
    this.#key = scratch.keys;
    this.#base = scratch.lent - size;
    for (let x = 0; x < size; x++) {
      const s = at(segments, x);
      this.#segment[this.#base + x] = s;
      this.#key[this.#base + x] = this.#keyOf(s);
    }
    this.size = size;
    for (let i = (size >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  /**
   * The lowest level up to which the racks have room for so many VMs more, were their hosts empty. Leaves in `scratch`
   * the segments up to it, and perhaps some above. Mostly the level is near that of the type before: then one look does.
   */
  #levelFor(expected: number): number {
    const scratch = this.#scratch;
    const { segments, likely } = scratch;
    const [open, racks, count, row] = [this.#open, this.#racks, this.#count, this.#row];
    let [near, room] = [0, 0];
    for (let x = 0; x < open.length; x++) {
      const level = at(count, row + at(racks, x));
      if (level > likely) continue;
      room += likely + 1 - level;
      segments[near++] = at(open, x);
    }
    if (room < expected) {
      segments.set(open);
      near = open.length;
    }
    scratch.near = near;
    const limit = this.#lowest(near, expected);
    scratch.likely = limit === EVERY ? likely : limit + 1;
    return limit;
  }

  #lowest(near: number, expected: number): number {
    const { histogram, segments } = this.#scratch;
    histogram.fill(0);
    for (let x = 0; x < near; x++) {
      const level = this.level(at(segments, x));
      if (level < LEVELS) histogram[level] = at(histogram, level) + 1;
    }
    let racks = 0;
    let room = 0;
    for (let level = 0; level < LEVELS; level++) {
      racks += at(histogram, level);
      room += racks;
      if (room >= expected) return level;
    }
    return EVERY;
  }

  /**
   * The best segment that is left, or NONE. While nothing is `found`, calls in those that waited when the others, but for
   * those put aside, came to their level.
   */
  best(aside: readonly number[], found: boolean): number {
    if (this.#waiting && !found) {
      const top = this.size === 0 ? NONE : this.#top();
      if (top !== NONE && this.level(top) <= this.#limit) return top;
      this.#call(aside);
    }
    return this.size === 0 ? NONE : this.#top();
  }

  #call(aside: readonly number[]): void {
    const { held } = this.#scratch;
    this.#waiting = false;
    this.size = 0;
    held.fill(0);
    for (const s of aside) held[s] = 1;
    const open = this.#open;
    this.#segment = new Int32Array(open.length);
    this.#key = new Float64Array(open.length);
    this.#base = 0;
    for (let x = 0; x < open.length; x++) if (held[at(open, x)] === 0) this.push(at(open, x));
  }

  #keyOf(segment: number): number {
    return this.level(segment) * STEP + Math.min(real(this.#least, segment), STEP - 1);
  }

  /** The best segment by keys of now. Only while `size` > 0. */
  #top(): number {
    const base = this.#base;
    for (;;) {
      const segment = at(this.#segment, base);
      const now = this.#keyOf(segment);
      if (now <= real(this.#key, base)) return segment;
      this.#key[base] = now;
      this.#sink(0);
    }
  }

  pop(): number {
    const base = this.#base;
    const top = at(this.#segment, base);
    this.size -= 1;
    this.#segment[base] = at(this.#segment, base + this.size);
    this.#key[base] = real(this.#key, base + this.size);
    this.#sink(0);
    return top;
  }

  push(segment: number): void {
    const base = this.#base;
    let i = this.size++;
    const key = this.#keyOf(segment);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(key, segment, base + parent)) break;
      this.#segment[base + i] = at(this.#segment, base + parent);
      this.#key[base + i] = real(this.#key, base + parent);
      i = parent;
    }
    this.#segment[base + i] = segment;
    this.#key[base + i] = key;
  }

  /** The rack count of a segment's type, as the heap ranks it. */
  level(segment: number): number {
    return at(this.#count, this.#row + at(this.#rackOf, segment));
  }

  /** May a segment below the top hold a host with less than this load, at the same rack count? */
  rivals(level: number, load: number): boolean {
    for (let child = 1; child <= 2 && child < this.size; child++) {
      const key = real(this.#key, this.#base + child);
      if (key < level * STEP + load && key < (level + 1) * STEP) return true;
    }
    return false;
  }

  #before(key: number, segment: number, j: number): boolean {
    const other = real(this.#key, j);
    return key < other || (key === other && segment < at(this.#segment, j));
  }

  #sink(from: number): void {
    const base = this.#base;
    const segment = at(this.#segment, base + from);
    const key = real(this.#key, base + from);
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.size) break;
      const right = child + 1;
      if (right < this.size && this.#before(real(this.#key, base + right), at(this.#segment, base + right), base + child)) child = right;
      if (this.#before(key, segment, base + child)) break;
      this.#segment[base + i] = at(this.#segment, base + child);
      this.#key[base + i] = real(this.#key, base + child);
      i = child;
    }
    this.#segment[base + i] = segment;
    this.#key[base + i] = key;
  }
}
