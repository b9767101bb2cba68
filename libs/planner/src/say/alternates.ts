import { at, pick, range, sortByKey } from '../arrays.ts';
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
  /** Per segment: its open hosts by load, and whose turn it is. */
  readonly #hosts: Int32Array[] = [];
  readonly #turn: number[] = [];
  readonly #wanted: number;
  readonly #order = new Map<number, Int32Array>();

  constructor(seating: Seating, wanted: number) {
    this.#seating = seating;
    this.#wanted = wanted;
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
    return found;
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
  #gather(i: number, segment: number, wanted: number, found: number[]): void {
    const hosts = this.#byLoad(segment);
    const from = this.#turn[segment] ?? 0;
    let last = from;
    for (let n = 0; n < hosts.length && found.length < wanted; n++) {
      const x = (from + n) % hosts.length;
      const p = at(hosts, x);
      if (p === at(this.#seating.place, i) || !this.#seating.may(i, p) || found.includes(p)) continue;
      found.push(p);
      last = x + 1;
    }
    this.#turn[segment] = last % (hosts.length || 1);
  }

  /** The hosts of a segment, least loaded first. */
  #byLoad(segment: number): Int32Array {
    const known = this.#hosts[segment];
    if (known) return known;
    const { room } = this.#seating.problem;
    const from = at(room.layout.start, segment);
    const run = range(from, at(room.layout.start, segment + 1) - from);
    const hosts = sortByKey(run, room.load, (a, b) => a - b);
    this.#hosts[segment] = hosts;
    return hosts;
  }
}
