import { at, pick, real } from '../arrays.ts';
import { NONE } from '../solve/problem.ts';
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
  /** Load that the alternates handed out so far would bring, were all of them used. */
  readonly #promised: Float64Array;
  readonly #loads: Float64Array;
  readonly #wanted: number;
  readonly #order = new Map<number, readonly number[]>();

  constructor(seating: Seating, wanted: number) {
    this.#seating = seating;
    this.#wanted = wanted;
    this.#promised = new Float64Array(seating.problem.room.layout.hosts);
    this.#loads = new Float64Array(wanted);
  }

  of(i: number): number[] {
    const wanted = this.#wanted;
    const { problem, place } = this.#seating;
    // One of a group that stays together must not go elsewhere alone: a refusal asks for a new plan.
    if (wanted === 0 || at(problem.pin, i) !== NONE || problem.together.has(i)) return [];
    const found: number[] = [];
    const domain = domainOf(this.#seating, i);
    const own = this.#seating.segmentOf(at(place, i));
    this.#gather(i, own, wanted, found);
    const domains = domain === at(problem.first, i) ? [domain, at(problem.second, i)] : [domain, at(problem.first, i)];
    for (const d of domains) {
      if (d === NONE || found.length >= wanted) continue;
      let looked = 0;
      for (const s of this.#racks(at(problem.type, i), d)) {
        if (found.length >= wanted || looked++ >= RACKS) break;
        if (s !== own) this.#gather(i, s, wanted, found);
      }
    }
    const { vcpus, memory } = pick(problem.shapes, at(problem.shape, i));
    for (const p of found)
      this.#promised[p] = real(this.#promised, p) + problem.room.projected(p, vcpus, memory) - real(problem.room.load, p);
    return found;
  }

  /** The segments of a domain, fewest of the type first. */
  #racks(type: number, domain: number): readonly number[] {
    const { problem } = this.#seating;
    const key = type * problem.domains.length + domain;
    const known = this.#order.get(key);
    if (known) return known;
    const count = (s: number) => (type === 0 ? 0 : this.#seating.standing(type, at(problem.room.layout.rackOf, s)));
    const made = [...pick(problem.domains, domain).segments].sort((a, b) => count(a) - count(b) || a - b);
    this.#order.set(key, made);
    return made;
  }

  /** Appends the least loaded hosts of a segment that may take the item, as many as are still wanted. */
  #gather(i: number, segment: number, wanted: number, found: number[]): void {
    const { problem, place } = this.#seating;
    const { room } = problem;
    const s = pick(problem.shapes, at(problem.shape, i));
    const own = at(place, i);
    const first = found.length;
    const end = at(room.layout.start, segment + 1);
    for (let p = at(room.layout.start, segment); p < end; p++) {
      const load = real(room.load, p) + real(this.#promised, p) + s.memory * real(room.perMemory, p) + s.vcpus * real(room.perVcpu, p);
      const full = found.length === wanted;
      if (full && load >= real(this.#loads, wanted - 1)) continue;
      if (p === own || !this.#seating.may(i, p) || (first > 0 && found.indexOf(p) >= 0)) continue;
      if (full) found.length -= 1;
      let x = found.length;
      for (found.push(p); x > first && real(this.#loads, x - 1) > load; x--) {
        found[x] = pick(found, x - 1);
        this.#loads[x] = real(this.#loads, x - 1);
      }
      found[x] = p;
      this.#loads[x] = load;
    }
  }
}
