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
  /** Type → domain → VMs seated there. */
  readonly #seated: Map<number, number>[];

  constructor(seating: Seating) {
    this.#seating = seating;
    const { problem } = seating;
    this.#seated = problem.types.map(() => new Map());
    for (let i = 0; i < problem.items; i++) {
      const d = at(seating.place, i) === NONE ? at(problem.first, i) : domainOf(seating, i);
      for (const type of seating.typesOf(i)) {
        const here = pick(this.#seated, type);
        here.set(d, (here.get(d) ?? 0) + (at(seating.place, i) === NONE ? 0 : 1));
      }
    }
  }

  racks(domain: number): Int32Array {
    const known = this.#racks[domain];
    if (known) return known;
    const made = openRacks(this.#seating.problem, domain);
    this.#racks[domain] = made;
    return made;
  }

  domains(type: number): IterableIterator<number> {
    return pick(this.#seated, type).keys();
  }

  most(type: number): number {
    let most = 0;
    for (const d of this.domains(type)) for (const r of this.racks(d)) most = Math.max(most, this.#seating.standing(type, r));
    return most;
  }

  /** Can no plan keep the type's fullest rack below this level? Quicker than the bound itself, and mostly all it takes. */
  tight(type: number, level: number): boolean {
    const { standing, racks: width } = this.#seating.problem;
    for (const [d, n] of pick(this.#seated, type)) {
      const racks = this.racks(d);
      let room = 0;
      for (let x = 0; x < racks.length; x++) {
        const below = level - 1 - at(standing, type * width + at(racks, x));
        if (below < 0) return true;
        room += below;
      }
      if (room < n) return true;
    }
    return false;
  }

  /** The fullest rack can have no fewer of the type than this, with as many of it placed in each domain as here. */
  bound(type: number, capped: boolean): number {
    const { problem } = this.#seating;
    let bound = 0;
    for (const [d, n] of pick(this.#seated, type)) {
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
