import { at, pick } from '../arrays.ts';
import { Frontier, Scratch } from './frontier.ts';
import { NONE } from './problem.ts';
import { ROUNDING, type Seating, SOFT } from './seating.ts';

/** How many more racks of the same level are looked at when the best one's best host is a busy one. */
const LOOK = 3;

/**
 * Places items one by one, each on the least loaded host of the rack that has fewest of its business type. What found no
 * host of a segment for a shape stays true while room only shrinks: so it is remembered, and a full segment is scanned
 * once per shape.
 */
export class Greedy {
  readonly #seating: Seating;
  /** By business type and domain. */
  readonly #frontiers: (Frontier | undefined)[];
  /** Items per business type. */
  readonly #expected: Int32Array;
  readonly #full: Uint8Array;
  readonly #exhausted = new Set<number>();
  readonly #stash: number[] = [];
  readonly #scratch: Scratch;

  constructor(seating: Seating) {
    this.#seating = seating;
    const { problem } = seating;
    this.#frontiers = Array.from({ length: problem.types.length * problem.domains.length });
    this.#expected = new Int32Array(problem.types.length);
    for (let i = 0; i < problem.items; i++) this.#expected[at(problem.type, i)] = at(this.#expected, at(problem.type, i)) + 1;
    this.#scratch = new Scratch(seating.problem.room.layout.segments);
    this.#full = new Uint8Array(seating.problem.shapes.length * seating.problem.room.layout.segments);
  }

  /** Tries the item's clusters in the policy's order. */
  place(i: number): boolean {
    const { problem } = this.#seating;
    return this.placeIn(i, at(problem.first, i)) || this.placeIn(i, at(problem.second, i));
  }

  placeIn(i: number, domain: number): boolean {
    if (domain === NONE) return false;
    const pin = at(this.#seating.problem.pin, i);
    const position = pin === NONE ? this.#search(i, domain) : this.#pinned(i, domain, pin);
    if (position === NONE) return false;
    this.#seating.sit(i, position);
    this.#seating.measure(this.#seating.segmentOf(position));
    return true;
  }

  #pinned(i: number, domain: number, pin: number): number {
    const { problem } = this.#seating;
    const cluster = at(problem.room.layout.clusterOf, this.#seating.segmentOf(pin));
    return pick(problem.domains, domain).clusters.includes(cluster) && this.#seating.may(i, pin) ? pin : NONE;
  }

  #search(i: number, domain: number): number {
    const { problem } = this.#seating;
    const shape = at(problem.shape, i);
    const shapeInDomain = shape * problem.domains.length + domain;
    if (this.#exhausted.has(shapeInDomain)) return NONE;
    const frontier = this.#frontier(at(problem.type, i), domain);
    let best: number = NONE;
    let bestLoad = Infinity;
    let level = 0;
    let looks = 0;
    let barred = false;
    for (;;) {
      const segment = frontier.best(this.#stash, best !== NONE);
      if (segment === NONE) break;
      if (best !== NONE && frontier.level(segment) !== level) break;
      const known = shape * problem.room.layout.segments + segment;
      if (this.#full[known] === 0) {
        this.#seating.scan(i, segment);
        barred ||= this.#seating.barred;
        if (this.#seating.foundLoad < bestLoad) {
          best = this.#seating.found;
          bestLoad = this.#seating.foundLoad;
          level = frontier.level(segment);
        }
        if (best === NONE && !this.#seating.barred) this.#full[known] = 1;
        const enough = looks++ >= LOOK && bestLoad < SOFT;
        if (best !== NONE && (enough || !frontier.rivals(level, this.#leastFor(i, bestLoad)))) break;
      }
      this.#stash.push(frontier.pop());
    }
    if (best === NONE && !barred) this.#exhausted.add(shapeInDomain);
    while (this.#stash.length > 0) frontier.push(this.#stash.pop() as number);
    return best === NONE ? NONE : this.#besideFriends(i, domain, frontier, { best, bestLoad, level });
  }

  /** One that likes to be with its group goes to a member's host, as long as that costs no rack spread. */
  #besideFriends(i: number, domain: number, frontier: Frontier, found: { best: number; bestLoad: number; level: number }): number {
    if (this.#seating.companyOf(i)?.policy !== 'soft-affinity') return found.best;
    const { clusters } = pick(this.#seating.problem.domains, domain);
    const { clusterOf } = this.#seating.problem.room.layout;
    let { best, bestLoad } = found;
    for (const p of this.#seating.membersOf(i)) {
      const segment = this.#seating.segmentOf(p);
      if (frontier.level(segment) > found.level || !clusters.includes(at(clusterOf, segment))) continue;
      this.#seating.scan(i, segment);
      if (this.#seating.foundLoad >= bestLoad) continue;
      best = this.#seating.found;
      bestLoad = this.#seating.foundLoad;
    }
    return best;
  }

  /** A segment whose least load is above this cannot beat what was found: its hosts gain from the item as well. */
  #leastFor(i: number, load: number): number {
    const { problem } = this.#seating;
    const s = pick(problem.shapes, at(problem.shape, i));
    return load - s.memory * problem.room.gain.memory - s.vcpus * problem.room.gain.vcpus - ROUNDING;
  }

  #frontier(type: number, domain: number): Frontier {
    const key = type * this.#seating.problem.domains.length + domain;
    const known = this.#frontiers[key];
    if (known) return known;
    const made = new Frontier(this.#seating, type, pick(this.#seating.problem.domains, domain), at(this.#expected, type), this.#scratch);
    this.#frontiers[key] = made;
    return made;
  }
}
