import { at, pick } from '../arrays.ts';
import { waterLevel } from './bounds.ts';
import { atFirst } from './improve.ts';
import { NONE, type Problem } from './problem.ts';
import type { Seating } from './seating.ts';

export interface Spread {
  readonly type: number;
  most: number;
  lowerBound: number;
}

/** The domain in which a seated item is. */
export const domainOf = (seating: Seating, i: number): number =>
  atFirst(seating, i) ? at(seating.problem.first, i) : at(seating.problem.second, i);

const openRacks = (problem: Problem, domain: number): Int32Array => {
  const { room } = problem;
  const racks = new Set<number>();
  for (const s of pick(problem.domains, domain).segments)
    for (let p = at(room.layout.start, s); p < at(room.layout.start, s + 1); p++)
      if (!room.closed(p)) {
        racks.add(at(room.layout.rackOf, s));
        break;
      }
  return Int32Array.from(racks);
};

/** Per business type and domain how many items sit there, and which racks they could have had. */
export class Levels {
  readonly #seating: Seating;
  readonly #racks: (Int32Array | undefined)[] = [];
  /** By type and domain: VMs seated there; NONE where the type has no business. */
  readonly #seated: Int32Array;
  readonly #domains: number;
  /** By type: the highest count of a rack to which an item went. */
  readonly #peak: Int32Array;
  /** By domain, of the type that was looked at last. */
  readonly #highest: Int32Array;
  readonly #sum: Int32Array;

  constructor(seating: Seating) {
    this.#seating = seating;
    const { problem } = seating;
    this.#domains = problem.domains.length;
    this.#seated = new Int32Array(problem.types.length * this.#domains).fill(NONE);
    this.#peak = new Int32Array(problem.types.length);
    this.#highest = new Int32Array(this.#domains);
    this.#sum = new Int32Array(this.#domains);
    for (let i = 0; i < problem.items; i++) {
      const seated = at(seating.place, i) === NONE ? 0 : 1;
      const d = seated ? domainOf(seating, i) : at(problem.first, i);
      if (problem.together.size === 0 || !problem.together.has(i)) this.#note(at(problem.type, i), d, seated, i);
      else for (const type of seating.typesOf(i)) this.#note(type, d, seated, i);
    }
  }

  #note(type: number, domain: number, seated: number, i: number): void {
    const x = type * this.#domains + domain;
    this.#seated[x] = Math.max(0, at(this.#seated, x)) + seated;
    if (seated === 0) return;
    const here = this.#seating.standing(type, this.#seating.rackOf(at(this.#seating.place, i)));
    if (here > at(this.#peak, type)) this.#peak[type] = here;
  }

  /** How many VMs of a type are seated in a domain; NONE where it has no business. */
  #in(type: number, domain: number): number {
    return at(this.#seated, type * this.#domains + domain);
  }

  racks(domain: number): Int32Array {
    const known = this.#racks[domain];
    if (known) return known;
    const made = openRacks(this.#seating.problem, domain);
    this.#racks[domain] = made;
    return made;
  }

  most(type: number): number {
    const { count, problem } = this.#seating;
    const row = type * problem.racks;
    let most = 0;
    for (let d = 0; d < this.#domains; d++) {
      if (this.#in(type, d) === NONE) continue;
      const racks = this.racks(d);
      for (let x = 0; x < racks.length; x++) if (at(count, row + at(racks, x)) > most) most = at(count, row + at(racks, x));
    }
    return most;
  }

  /**
   * The type's fullest rack, and whether no plan can keep it lower: quicker than the bound itself, and mostly all it takes.
   * For a plan that is settled: a rack's count is what stood there, or what an item of the plan brought it to.
   */
  settled(type: number): { readonly most: number; readonly tight: boolean } {
    const { standing, racks: width } = this.#seating.problem;
    const row = type * width;
    let most = at(this.#peak, type);
    for (let d = 0; d < this.#domains; d++) {
      if (this.#in(type, d) === NONE) continue;
      const racks = this.racks(d);
      let [highest, sum] = [0, 0];
      for (let x = 0; x < racks.length; x++) {
        const here = at(standing, row + at(racks, x));
        sum += here;
        if (here > highest) highest = here;
      }
      if (highest > most) most = highest;
      this.#highest[d] = highest;
      this.#sum[d] = sum;
    }
    for (let d = 0; d < this.#domains; d++) {
      const n = this.#in(type, d);
      if (n === NONE) continue;
      if (at(this.#highest, d) >= most || this.racks(d).length * (most - 1) - at(this.#sum, d) < n) return { most, tight: true };
    }
    return { most, tight: false };
  }

  /** The fullest rack can have no fewer of the type than this, with as many of it placed in each domain as here. */
  bound(type: number, capped: boolean): number {
    const { problem } = this.#seating;
    let bound = 0;
    for (let d = 0; d < this.#domains; d++) {
      const n = this.#in(type, d);
      if (n === NONE) continue;
      const racks = Array.from(this.racks(d));
      const standing = racks.map((r) => at(problem.standing, type * problem.racks + r));
      bound = Math.max(bound, waterLevel(standing, n, capped ? this.#capacity(type, d, racks) : undefined));
    }
    return bound;
  }

  /** How many of the type's smallest VM a rack could take, with nothing else of this plan in it. */
  #capacity(type: number, domain: number, racks: readonly number[]): number[] {
    const { problem } = this.#seating;
    const { room } = problem;
    const least = { vcpus: Infinity, memory: Infinity, disk: Infinity };
    for (let i = 0; i < problem.items; i++) {
      if (!this.#seating.typesOf(i).includes(type) || at(this.#seating.place, i) === NONE || domainOf(this.#seating, i) !== domain)
        continue;
      const s = pick(problem.shapes, at(problem.shape, i));
      const share = this.#seating.weight(i) > 1 ? 0 : 1;
      least.vcpus = Math.min(least.vcpus, share * s.vcpus);
      least.memory = Math.min(least.memory, share * s.memory);
      least.disk = Math.min(least.disk, share * s.disk);
    }
    const free = [room.vcpus, room.memory, room.disk].map((c) => c.slice());
    for (let i = 0; i < problem.items; i++) {
      const p = at(this.#seating.place, i);
      if (p === NONE) continue;
      const s = pick(problem.shapes, at(problem.shape, i));
      [s.vcpus, s.memory, s.disk].forEach((need, r) => {
        pick(free, r)[p] = at(pick(free, r), p) + need;
      });
    }
    const kind = { vcpus: least.vcpus, memory: least.memory, disk: least.disk };
    const slots = new Map<number, number>(racks.map((r) => [r, 0]));
    for (const s of pick(problem.domains, domain).segments) {
      const rack = at(room.layout.rackOf, s);
      for (let p = at(room.layout.start, s); p < at(room.layout.start, s + 1); p++)
        if (!room.closed(p)) slots.set(rack, (slots.get(rack) ?? 0) + roomFor(kind, free, p));
    }
    return racks.map((r) => slots.get(r) ?? 0);
  }
}

const roomFor = (least: { vcpus: number; memory: number; disk: number }, free: readonly Int32Array[], p: number): number => {
  let slots = Infinity;
  [least.vcpus, least.memory, least.disk].forEach((need, r) => {
    if (need > 0) slots = Math.min(slots, Math.max(0, Math.floor(at(pick(free, r), p) / need)));
  });
  return slots;
};
