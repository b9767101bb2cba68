import { at, grownReals, real } from '../arrays.ts';
import type { Domain } from './problem.ts';
import type { Seating } from './seating.ts';

const LEVELS = 256;
const histogram = new Int32Array(LEVELS);

/** The lowest level up to which the racks have room for so many VMs more, were their hosts empty. */
const levelFor = (segments: Int32Array, count: Int32Array, row: number, rackOf: Int32Array, expected: number): number => {
  histogram.fill(0);
  for (let x = 0; x < segments.length; x++) {
    const level = at(count, row + at(rackOf, at(segments, x)));
    if (level < LEVELS) histogram[level] = at(histogram, level) + 1;
  }
  let racks = 0;
  let room = 0;
  for (let level = 0; level < LEVELS; level++) {
    racks += at(histogram, level);
    room += racks;
    if (room >= expected) return level;
  }
  return 2 ** 30;
};

/** One VM more in a rack outweighs any load. */
const STEP = 2 ** 20;

/**
 * The segments of a domain for one business type, best first: fewest VMs of the type in the rack, then least load. A
 * lazy heap: while VMs only arrive, keys only grow, so an outdated key is put right when it comes to the top.
 */
export class Frontier {
  readonly #count: Int32Array;
  readonly #least: Float64Array;
  readonly #rackOf: Int32Array;
  readonly #row: number;
  readonly #segment: Int32Array;
  #key: Float64Array;
  size: number;

  /** Segments above this level wait at the end of the array, outside the heap: most plans never come to them. */
  readonly #limit: number;
  #waiting: number;

  /** `expected`: how many items of the type there are. */
  constructor(seating: Seating, type: number, domain: Domain, expected: number) {
    const { count, least, problem } = seating;
    const { rackOf } = problem.room.layout;
    const segments = seating.open(domain);
    const row = type * problem.racks;
    this.#limit = type === 0 ? 0 : levelFor(segments, count, row, rackOf, expected);
    const segment = new Int32Array(segments.length);
    const limit = this.#limit;
    let size = 0;
    let waiting = 0;
    for (let x = 0; x < segments.length; x++) {
      const s = at(segments, x);
      if (at(count, row + at(rackOf, s)) <= limit) segment[size++] = s;
      else segment[segments.length - ++waiting] = s;
    }
    const key = new Float64Array(size);
    for (let x = 0; x < size; x++) {
      const s = at(segment, x);
      key[x] = at(count, row + at(rackOf, s)) * STEP + Math.min(real(least, s), STEP - 1);
    }
    this.#segment = segment;
    this.#key = key;
    this.#waiting = waiting;
    this.size = size;
    this.#count = count;
    this.#least = least;
    this.#rackOf = rackOf;
    this.#row = row;
    for (let i = (this.size >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  /** Is there a segment left? Calls in those that waited when the others have come to their level. */
  more(): boolean {
    if (this.#waiting > 0 && (this.size === 0 || this.level(this.top()) > this.#limit)) {
      const called = this.#segment.slice(this.#segment.length - this.#waiting);
      this.#waiting = 0;
      this.#key = grownReals(this.#key, this.#segment.length);
      for (let x = 0; x < called.length; x++) this.push(at(called, x));
    }
    return this.size > 0;
  }

  #keyOf(segment: number): number {
    return this.level(segment) * STEP + Math.min(real(this.#least, segment), STEP - 1);
  }

  /** The best segment by keys of now. Only while `size` > 0. */
  top(): number {
    for (;;) {
      const now = this.#keyOf(at(this.#segment, 0));
      if (now <= real(this.#key, 0)) return at(this.#segment, 0);
      this.#key[0] = now;
      this.#sink(0);
    }
  }

  pop(): number {
    const top = at(this.#segment, 0);
    this.size -= 1;
    this.#segment[0] = at(this.#segment, this.size);
    this.#key[0] = real(this.#key, this.size);
    this.#sink(0);
    return top;
  }

  push(segment: number): void {
    let i = this.size++;
    const key = this.#keyOf(segment);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(key, segment, parent)) break;
      this.#segment[i] = at(this.#segment, parent);
      this.#key[i] = real(this.#key, parent);
      i = parent;
    }
    this.#segment[i] = segment;
    this.#key[i] = key;
  }

  /** The rack count of a segment's type, as the heap ranks it. */
  level(segment: number): number {
    return at(this.#count, this.#row + at(this.#rackOf, segment));
  }

  /** May a segment below the top hold a host with less than this load, at the same rack count? */
  rivals(level: number, load: number): boolean {
    for (let child = 1; child <= 2 && child < this.size; child++) {
      const key = real(this.#key, child);
      if (key < level * STEP + load && key < (level + 1) * STEP) return true;
    }
    return false;
  }

  #before(key: number, segment: number, j: number): boolean {
    const other = real(this.#key, j);
    return key < other || (key === other && segment < at(this.#segment, j));
  }

  #sink(from: number): void {
    const segment = at(this.#segment, from);
    const key = real(this.#key, from);
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.size) break;
      const right = child + 1;
      if (right < this.size && this.#before(real(this.#key, right), at(this.#segment, right), child)) child = right;
      if (this.#before(key, segment, child)) break;
      this.#segment[i] = at(this.#segment, child);
      this.#key[i] = real(this.#key, child);
      i = child;
    }
    this.#segment[i] = segment;
    this.#key[i] = key;
  }
}
