import { at, real } from '../arrays.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import { CLOSED } from '../model/ground.ts';
import type { Layout } from '../model/layout.ts';

export { CLOSED };
/** What stands for a need of zero: it fits on a host that is overfull in that resource, as in Placement. */
export const NO_NEED = CLOSED + 1;
export const needed = (n: number): number => (n === 0 ? NO_NEED : n);

/** What is left on every host while a plan is made, by position in the layout. */
export class Room {
  readonly vcpus: Int32Array;
  readonly memory: Int32Array;
  readonly disk: Int32Array;
  readonly profile: Int32Array;
  /** Projected load, memory and CPU in one number, and what one MB and one vCPU add to it. */
  readonly load: Float64Array;
  readonly perMemory: Float64Array;
  readonly perVcpu: Float64Array;
  readonly layout: Layout;
  /** What is free in all, less what was closed and reserved before the plan began; never zero. */
  readonly supply: { vcpus: number; memory: number; disk: number };
  /** The least that one MB and one vCPU add to any open host's load. */
  readonly gain: { readonly memory: number; readonly vcpus: number };
  /** Least load of any open host per segment, before the plan takes anything. */
  readonly least: Float64Array;
  /** The positions of each segment by load, from the least; and where each position stands in it. */
  readonly byLoad: Int32Array;
  readonly #rank: Int32Array;
  readonly #touched = new Set<number>();

  constructor(model: FleetModel) {
    const { ground } = model;
    this.layout = ground.layout;
    this.vcpus = ground.vcpus.slice();
    this.memory = ground.memory.slice();
    this.disk = ground.disk.slice();
    this.load = ground.load.slice();
    this.least = ground.least.slice();
    this.byLoad = ground.byLoad.slice();
    this.#rank = ground.rank.slice();
    this.profile = ground.profile;
    this.perMemory = ground.perMemory;
    this.perVcpu = ground.perVcpu;
    this.gain = ground.gain;
    this.supply = { vcpus: ground.supply.vcpus + 1, memory: ground.supply.memory + 1, disk: ground.supply.disk + 1 };
  }

  close(p: number): void {
    if (this.closed(p)) return;
    this.#supply(p, -1);
    this.vcpus[p] = CLOSED;
    this.memory[p] = CLOSED;
    this.disk[p] = CLOSED;
    this.#touched.add(at(this.layout.segmentOf, p));
  }

  closed(p: number): boolean {
    return at(this.vcpus, p) === CLOSED;
  }

  /** Takes room before the plan begins: it counts as neither free nor supply. */
  reserve(p: number, vcpus: number, memory: number, disk: number): void {
    if (this.closed(p)) return;
    this.#supply(p, -1);
    this.take(p, vcpus, memory, disk);
    this.#supply(p, 1);
    this.reorder(p);
    this.#touched.add(at(this.layout.segmentOf, p));
  }

  fits(p: number, vcpus: number, memory: number, disk: number): boolean {
    return needed(vcpus) <= at(this.vcpus, p) && needed(memory) <= at(this.memory, p) && needed(disk) <= at(this.disk, p);
  }

  /** Takes room; negative amounts give it back. A closed host stays closed. */
  take(p: number, vcpus: number, memory: number, disk: number): void {
    const free = at(this.vcpus, p);
    if (free === CLOSED) return;
    this.vcpus[p] = free - vcpus;
    this.memory[p] = at(this.memory, p) - memory;
    this.disk[p] = at(this.disk, p) - disk;
    this.load[p] = real(this.load, p) + memory * real(this.perMemory, p) + vcpus * real(this.perVcpu, p);
  }

  /** Puts a host whose load changed at its place among its neighbours again. */
  reorder(p: number): void {
    const { byLoad, load, layout } = this;
    const rank = this.#rank;
    const segment = at(layout.segmentOf, p);
    const [first, last] = [at(layout.start, segment), at(layout.start, segment + 1) - 1];
    const own = real(load, p);
    let x = at(rank, p);
    for (; x < last; x++) {
      const other = at(byLoad, x + 1);
      if (real(load, other) > own || (real(load, other) === own && other > p)) break;
      byLoad[x] = other;
      rank[other] = x;
    }
    for (; x > first; x--) {
      const other = at(byLoad, x - 1);
      if (real(load, other) < own || (real(load, other) === own && other < p)) break;
      byLoad[x] = other;
      rank[other] = x;
    }
    byLoad[x] = p;
    rank[p] = x;
  }

  /** The least load of any open host of a segment. */
  leastOf(segment: number): number {
    const { layout, byLoad, load, vcpus } = this;
    const end = at(layout.start, segment + 1);
    for (let x = at(layout.start, segment); x < end; x++) {
      const p = at(byLoad, x);
      if (at(vcpus, p) !== CLOSED) return real(load, p);
    }
    return Infinity;
  }

  /** Takes the least loads anew, once all that is closed and reserved beforehand is known. */
  measure(): void {
    for (const segment of this.#touched) this.least[segment] = this.leastOf(segment);
    this.#touched.clear();
  }

  #supply(p: number, by: 1 | -1): void {
    this.supply.vcpus += by * Math.max(0, at(this.vcpus, p));
    this.supply.memory += by * Math.max(0, at(this.memory, p));
    this.supply.disk += by * Math.max(0, at(this.disk, p));
  }
}
