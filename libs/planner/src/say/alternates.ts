import type { HostId } from '@lifeboat/kernel';
import { at, pick } from '../arrays.ts';
import { NONE } from '../solve/problem.ts';
import { needed } from '../solve/room.ts';
import type { Seating } from '../solve/seating.ts';
import { domainOf } from '../solve/spread.ts';

/** How many racks are looked through for one VM's alternates. */
const RACKS = 12;

/**
 * Next best hosts once the plan is settled: each could take the VM by itself, with everything else of the plan in
 * place. First in the same rack (no rack count changes), then in the racks with fewest of its type, then in the next
 * choice of clusters. VMs are handed different hosts, so that a wave of refusals does not meet on one.
 */
export class Alternates {
  readonly #seating: Seating;
  /** Per segment: whose turn it is. */
  readonly #turn: Int32Array;
  /** The positions found for one VM: the first `#count` of these. */
  readonly #found: Int32Array;
  #count = 0;
  readonly #order = new Map<number, Int32Array>();

  constructor(seating: Seating, wanted: number) {
    this.#seating = seating;
    this.#found = new Int32Array(wanted);
    this.#turn = new Int32Array(seating.problem.room.layout.segments);
  }

  /** Their names, best first. */
  of(i: number): HostId[] {
    const { problem, place } = this.#seating;
    const { names } = problem.model.hosts.names;
    const said: HostId[] = [];
    this.#count = 0;
    // One of a group that stays together must not go elsewhere alone: a refusal asks for a new plan.
    if (at(problem.pin, i) !== NONE || problem.together.has(i)) return said;
    this.#gather(i, this.#seating.segmentOf(at(place, i)));
    if (this.#count < this.#found.length) this.#elsewhere(i);
    for (let x = 0; x < this.#count; x++) said.push(pick(names, at(problem.room.layout.rowAt, at(this.#found, x))));
    return said;
  }

  #elsewhere(i: number): void {
    const { problem, place } = this.#seating;
    const domain = domainOf(this.#seating, i);
    const own = this.#seating.segmentOf(at(place, i));
    const domains = domain === at(problem.first, i) ? [domain, at(problem.second, i)] : [domain, at(problem.first, i)];
    for (const d of domains) {
      if (d === NONE) continue;
      let looked = 0;
      for (const s of this.#racks(at(problem.type, i), d)) {
        if (this.#count === this.#found.length || looked++ >= RACKS) break;
        if (s !== own) this.#gather(i, s);
      }
    }
  }

  /** The segments of a domain, fewest of the type first. */
  #racks(type: number, domain: number): Int32Array {
    const { problem } = this.#seating;
    const key = type * problem.domains.length + domain;
    const known = this.#order.get(key);
    if (known) return known;
    const count = (s: number) => (type === 0 ? 0 : this.#seating.standing(type, at(problem.room.layout.rackOf, s)));
    const made = pick(problem.domains, domain)
      .segments.slice()
      .sort((a, b) => count(a) - count(b) || a - b);
    this.#order.set(key, made);
    return made;
  }

  /** Appends hosts of a segment that may take the item, from where the last VM's alternates of this segment ended. */
  #gather(i: number, segment: number): void {
    const found = this.#found;
    const { problem } = this.#seating;
    const { layout, byLoad, profile, vcpus: freeVcpus, memory: freeMemory, disk: freeDisk } = problem.room;
    const s = pick(problem.shapes, at(problem.shape, i));
    const [vcpus, memory, disk, { allowed }] = [needed(s.vcpus), needed(s.memory), needed(s.disk), s];
    const apart = at(problem.company, i) !== NONE;
    const base = at(layout.start, segment);
    const size = at(layout.start, segment + 1) - base;
    const own = at(this.#seating.place, i);
    let x = at(this.#turn, segment);
    for (let n = 0; n < size && this.#count < found.length; n++) {
      const p = at(byLoad, base + x);
      x = x + 1 === size ? 0 : x + 1;
      if (p === own || vcpus > at(freeVcpus, p) || memory > at(freeMemory, p) || disk > at(freeDisk, p)) continue;
      if (allowed && at(allowed, at(profile, p)) === 0) continue;
      if ((apart && this.#seating.kept(i, p)) || this.#has(p)) continue;
      found[this.#count++] = p;
      this.#turn[segment] = x;
    }
  }
  #has(p: number): boolean {
    for (let x = 0; x < this.#count; x++) if (at(this.#found, x) === p) return true;
    return false;
  }
}
