import { at, pick, real } from '../arrays.ts';
import { type Company, type Domain, NONE, type Problem } from './problem.ts';
import { needed } from './room.ts';

/** Added to a host's load per member of the item's group there, where the group's policy is soft; above any real load. */
export const SOFT = 16;
/** More than adding up loads in another order can make of a difference. */
export const ROUNDING = 1e-9;

/** Who sits where, with all that follows from it: room, load, rack counts, server groups. Every step can be undone. */
export class Seating {
  readonly problem: Problem;
  /** Item → position, or NONE. */
  readonly place: Int32Array;
  /** VMs per business type (of the plan) and rack, standing and planned. */
  readonly count: Int32Array;
  /** Least load of any open host per segment. */
  readonly least: Float64Array;
  seated = 0;
  /** Results of the last scan. */
  found = NONE;
  foundLoad = Infinity;
  barred = false;
  readonly #stamp: Int32Array;
  readonly #stamped: Int32Array;
  readonly #members: number[][];
  #serial = 0;
  readonly #open = new Map<Domain, { readonly segments: Int32Array; readonly racks: Int32Array }>();

  constructor(problem: Problem) {
    this.problem = problem;
    const { layout } = problem.room;
    this.place = new Int32Array(problem.items).fill(NONE);
    this.count = problem.standing.slice();
    this.least = problem.room.least.slice();
    this.#stamp = new Int32Array(layout.hosts);
    this.#stamped = new Int32Array(layout.hosts);
    this.#members = problem.companies.map((c) => [...c.members]);
  }

  /** The segments of a domain that have an open host, and their racks. */
  open(domain: Domain): { readonly segments: Int32Array; readonly racks: Int32Array } {
    const known = this.#open.get(domain);
    if (known) return known;
    const segments = domain.segments.filter((s) => real(this.least, s) < Infinity);
    const open = { segments, racks: segments.map((s) => at(this.problem.room.layout.rackOf, s)) };
    this.#open.set(domain, open);
    return open;
  }

  segmentOf(position: number): number {
    return at(this.problem.room.layout.segmentOf, position);
  }

  rackOf(position: number): number {
    return at(this.problem.room.layout.rackOf, this.segmentOf(position));
  }

  weight(i: number): number {
    return this.problem.together.get(i)?.length ?? 1;
  }

  /** How many VMs of a business type a rack has. Type 0 (none) is never counted. */
  standing(type: number, rack: number): number {
    return at(this.count, type * this.problem.racks + rack);
  }

  sit(i: number, position: number): void {
    this.#move(i, position, 1);
    this.place[i] = position;
    this.seated += this.weight(i);
  }

  rise(i: number): void {
    const position = at(this.place, i);
    if (position === NONE) return;
    this.#move(i, position, -1);
    this.place[i] = NONE;
    this.seated -= this.weight(i);
  }

  /** Takes over a whole assignment. */
  adopt(place: Int32Array): void {
    for (let i = 0; i < place.length; i++) if (at(this.place, i) !== at(place, i)) this.rise(i);
    for (let i = 0; i < place.length; i++) if (at(this.place, i) === NONE && at(place, i) !== NONE) this.sit(i, at(place, i));
  }

  #move(i: number, position: number, by: 1 | -1): void {
    const { problem } = this;
    const s = pick(problem.shapes, at(problem.shape, i));
    problem.room.take(position, by * s.vcpus, by * s.memory, by * s.disk);
    problem.room.reorder(position);
    const rack = this.rackOf(position);
    if (problem.together.size === 0 || !problem.together.has(i)) this.#tally(at(problem.type, i), rack, by);
    else for (const type of this.typesOf(i)) this.#tally(type, rack, by);
    const company = at(problem.company, i);
    if (company === NONE) return;
    const members = pick(this.#members, company);
    if (by === 1) members.push(position);
    else members.splice(members.lastIndexOf(position), 1);
  }

  #tally(type: number, rack: number, by: number): void {
    if (type > 0) this.count[type * this.problem.racks + rack] = this.standing(type, rack) + by;
  }

  /** The item's business type; for a group that goes together, each member's (they seldom differ). */
  typesOf(i: number): readonly number[] {
    const { problem } = this;
    const rows = problem.together.get(i);
    if (!rows) return [at(problem.type, i)];
    return rows.map((v) => problem.types.indexOf(at(problem.model.vms.type, v)));
  }

  companyOf(i: number): Company | undefined {
    const c = at(this.problem.company, i);
    return c === NONE ? undefined : pick(this.problem.companies, c);
  }

  /** Where the members of the item's group are, one entry per member. */
  membersOf(i: number): readonly number[] {
    const c = at(this.problem.company, i);
    return c === NONE ? [] : pick(this.#members, c);
  }

  /** Marks the hosts where members of the item's group are; returns what to compare stamps with. */
  #mark(i: number): number {
    const c = at(this.problem.company, i);
    if (c === NONE) return NONE;
    this.#serial += 1;
    for (const p of pick(this.#members, c)) {
      this.#stamped[p] = at(this.#stamp, p) === this.#serial ? at(this.#stamped, p) + 1 : 1;
      this.#stamp[p] = this.#serial;
    }
    return this.#serial;
  }

  /** May the item stand there, by every hard rule? Clusters and tiers are the caller's. */
  may(i: number, position: number): boolean {
    const { problem } = this;
    const s = pick(problem.shapes, at(problem.shape, i));
    const { room } = problem;
    if (!room.fits(position, s.vcpus, s.memory, s.disk)) return false;
    if (s.allowed && at(s.allowed, at(room.profile, position)) === 0) return false;
    if (at(problem.pin, i) !== NONE && at(problem.pin, i) !== position) return false;
    return !this.kept(i, position);
  }

  /** Is the item kept away by its hard anti-affinity group? */
  kept(i: number, position: number): boolean {
    const company = this.companyOf(i);
    if (company?.policy !== 'anti-affinity') return false;
    let n = 0;
    for (const p of pick(this.#members, at(this.problem.company, i))) if (p === position) n += 1;
    return n >= company.limit;
  }

  /** The least loaded host of a segment that may take the item, projected: into `found` and `foundLoad`. */
  scan(i: number, segment: number): void {
    const { problem } = this;
    const { room } = problem;
    const s = pick(problem.shapes, at(problem.shape, i));
    const [vcpus, memory, disk] = [needed(s.vcpus), needed(s.memory), needed(s.disk)];
    const company = this.companyOf(i);
    const serial = company ? this.#mark(i) : NONE;
    const limit = company?.policy === 'anti-affinity' ? company.limit : Infinity;
    const soft = company?.policy === 'soft-anti-affinity' ? SOFT : company?.policy === 'soft-affinity' ? -SOFT : 0;
    const { vcpus: freeVcpus, memory: freeMemory, disk: freeDisk, load: loads, perMemory, perVcpu, profile, byLoad } = room;
    const { allowed, memory: addMemory, vcpus: addVcpus } = s;
    const gain = addMemory * room.gain.memory + addVcpus * room.gain.vcpus - ROUNDING;
    let found: number = NONE;
    let least = Infinity;
    let barred = false;
    const end = at(room.layout.start, segment + 1);
    for (let x = at(room.layout.start, segment); x < end; x++) {
      const p = at(byLoad, x);
      let load = real(loads, p);
      // From the least load up: what comes after this one ends above what was found.
      if (load + gain > least && soft === 0) break;
      if (vcpus > at(freeVcpus, p) || memory > at(freeMemory, p) || disk > at(freeDisk, p)) continue;
      if (allowed && at(allowed, at(profile, p)) === 0) continue;
      load += addMemory * real(perMemory, p) + addVcpus * real(perVcpu, p);
      if (serial !== NONE && at(this.#stamp, p) === serial) {
        if (at(this.#stamped, p) >= limit) {
          barred = true;
          continue;
        }
        load += soft * at(this.#stamped, p);
      }
      if (load < least || (load === least && p < found)) {
        least = load;
        found = p;
      }
    }
    this.found = found;
    this.foundLoad = least;
    this.barred = barred;
  }

  /** Takes the least load of a segment anew. */
  measure(segment: number): void {
    this.least[segment] = this.problem.room.leastOf(segment);
  }
}
