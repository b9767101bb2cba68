import { at, pick } from '../arrays.ts';
import type { Meter } from './pack.ts';
import { NONE } from './problem.ts';
import type { Seating } from './seating.ts';
import { domainOf, type Levels } from './spread.ts';

/** An item that would leave its host so that the one before it in the chain can have it. */
interface Link {
  readonly item: number;
  readonly before: Link | undefined;
  readonly depth: number;
}
const DEPTH = 12;

/**
 * Brings the fullest racks of a business type down by chains of moves among the planned VMs: one leaves the rack; where
 * its new rack has no room, another planned VM makes room by moving on, as long as no type's fullest rack grows.
 */
export class Relief {
  readonly #seating: Seating;
  readonly #levels: Levels;
  readonly #on = new Map<number, number[]>();
  readonly #limit: Int32Array;

  constructor(seating: Seating, levels: Levels) {
    this.#seating = seating;
    this.#levels = levels;
    const { problem } = seating;
    this.#limit = Int32Array.from(problem.types, (_, t) => (t === 0 ? 2 ** 30 : levels.most(t)));
    for (let i = 0; i < problem.items; i++) if (at(seating.place, i) !== NONE) this.#arrive(i, at(seating.place, i));
  }

  /** Lowers one type to its bound if it can. */
  lower(type: number, bound: number, meter: Meter): void {
    while (meter.left > 0 && at(this.#limit, type) > bound) {
      const level = at(this.#limit, type);
      for (const i of this.#atLevel(type, level)) {
        if (this.#seating.standing(type, this.#seating.rackOf(at(this.#seating.place, i))) < level) continue;
        this.#relieve(i, level, meter);
      }
      const most = this.#levels.most(type);
      if (most >= level) return;
      this.#limit[type] = most;
    }
  }

  #atLevel(type: number, level: number): number[] {
    const { problem, place } = this.#seating;
    const items: number[] = [];
    for (let i = 0; i < problem.items; i++)
      if (
        at(problem.type, i) === type &&
        at(place, i) !== NONE &&
        at(problem.pin, i) === NONE &&
        this.#seating.standing(type, this.#seating.rackOf(at(place, i))) >= level
      )
        items.push(i);
    return items.filter((i) => !problem.together.has(i));
  }

  /** Breadth first: the shortest chain that frees a place in a rack below the level. */
  #relieve(i: number, level: number, meter: Meter): boolean {
    const seen = new Set<number>([i]);
    let wave: Link[] = [{ item: i, before: undefined, depth: 0 }];
    while (wave.length > 0) {
      const next: Link[] = [];
      for (const link of wave) {
        if (meter.left <= 0) return false;
        const target = this.#direct(link, level, meter);
        if (target !== NONE && this.#apply(link, target)) return true;
        if (link.depth < DEPTH) this.#extend(link, level, seen, next, meter);
      }
      wave = next;
    }
    return false;
  }

  /** The racks where the link's item would not raise any type's level. */
  #segments(link: Link, level: number): Int32Array {
    const { problem } = this.#seating;
    const type = at(problem.type, link.item);
    const here = this.#seating.rackOf(at(this.#seating.place, link.item));
    const { rackOf } = problem.room.layout;
    const most = link.before === undefined ? level - 1 : at(this.#limit, type);
    const open = (s: number): boolean => {
      const rack = at(rackOf, s);
      if (rack === here) return link.before !== undefined;
      return type === 0 || this.#seating.standing(type, rack) + 1 <= most;
    };
    return pick(problem.domains, domainOf(this.#seating, link.item)).segments.filter(open);
  }

  #direct(link: Link, level: number, meter: Meter): number {
    if (at(this.#seating.problem.pin, link.item) !== NONE) return NONE;
    for (const s of this.#segments(link, level)) {
      meter.left -= 1;
      this.#seating.scan(link.item, s);
      if (this.#seating.found !== NONE && this.#seating.found !== at(this.#seating.place, link.item)) return this.#seating.found;
    }
    return NONE;
  }

  #extend(link: Link, level: number, seen: Set<number>, next: Link[], meter: Meter): void {
    const { layout } = this.#seating.problem.room;
    for (const s of this.#segments(link, level))
      for (let p = at(layout.start, s); p < at(layout.start, s + 1); p++)
        for (const other of this.#on.get(p) ?? []) {
          if (seen.has(other) || p === at(this.#seating.place, link.item) || this.#seating.problem.together.has(other)) continue;
          meter.left -= 1;
          if (!this.#fitsInsteadOf(link.item, other, p)) continue;
          seen.add(other);
          next.push({ item: other, before: link, depth: link.depth + 1 });
        }
  }

  #fitsInsteadOf(i: number, other: number, p: number): boolean {
    this.#seating.rise(other);
    const fits = this.#seating.may(i, p);
    this.#seating.sit(other, p);
    return fits;
  }

  /** The last of the chain goes to the target, each one before it where the next one was; all or nothing. */
  #apply(link: Link, target: number): boolean {
    const done: { item: number; from: number }[] = [];
    let to = target;
    for (let l: Link | undefined = link; l; l = l.before) {
      const from = at(this.#seating.place, l.item);
      this.#seating.rise(l.item);
      if (!this.#seating.may(l.item, to)) {
        this.#seating.sit(l.item, from);
        for (const m of done) {
          this.#seating.rise(m.item);
          this.#seating.sit(m.item, m.from);
        }
        return false;
      }
      this.#seating.sit(l.item, to);
      done.push({ item: l.item, from });
      to = from;
    }
    for (const m of done) this.#depart(m.item, m.from);
    for (const m of done) this.#arrive(m.item, at(this.#seating.place, m.item));
    return true;
  }

  #arrive(i: number, p: number): void {
    const list = this.#on.get(p);
    if (list) list.push(i);
    else this.#on.set(p, [i]);
  }

  #depart(i: number, p: number): void {
    this.#on.set(
      p,
      (this.#on.get(p) ?? []).filter((x) => x !== i),
    );
  }
}
