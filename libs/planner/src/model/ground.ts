import { at, range, real, sortRun } from '../arrays.ts';
import type { HostTable } from './hosts.ts';
import type { Layout } from './layout.ts';

/** Less than any need, also than a need of zero: nothing may go to a closed host. */
export const CLOSED = -(2 ** 31);
/** How much memory load weighs against CPU load: a host short of memory kills VMs, one short of CPU slows them. */
export const MEMORY_WEIGHT = 2;

/**
 * What is free on every host before a plan takes or closes anything, by position in the layout. Kept from plan to plan:
 * only hosts that changed since are read again.
 */
export class Ground {
  readonly layout: Layout;
  readonly vcpus: Int32Array;
  readonly memory: Int32Array;
  readonly disk: Int32Array;
  readonly profile: Int32Array;
  /** Load, memory and CPU in one number, and what one MB and one vCPU add to it. */
  readonly load: Float64Array;
  readonly perMemory: Float64Array;
  readonly perVcpu: Float64Array;
  /** Least load of any open host per segment; Infinity where all are closed. */
  readonly least: Float64Array;
  /** The positions of each segment by load, closed ones too; and where in it each position stands. */
  readonly byLoad: Int32Array;
  readonly rank: Int32Array;
  /** What is free on all open hosts, and the least that one MB and one vCPU add to any of them. */
  supply = { vcpus: 0, memory: 0, disk: 0 };
  gain = { memory: 0, vcpus: 0 };
  #seen = -1;

  constructor(layout: Layout) {
    const n = layout.hosts;
    this.layout = layout;
    this.vcpus = new Int32Array(n);
    this.memory = new Int32Array(n);
    this.disk = new Int32Array(n);
    this.profile = new Int32Array(n);
    this.load = new Float64Array(n);
    this.perMemory = new Float64Array(n);
    this.perVcpu = new Float64Array(n);
    this.least = new Float64Array(layout.segments);
    this.byLoad = range(0, n);
    this.rank = range(0, n);
  }

  /** Takes in what changed up to `changes`. */
  refresh(t: HostTable, changes: number): void {
    if (this.#seen === changes) return;
    const { rowAt, segmentOf, hosts } = this.layout;
    let measured = -1;
    for (let p = 0; p < hosts; p++) {
      const row = at(rowAt, p);
      if (at(t.changedAt, row) <= this.#seen) continue;
      this.#read(t, p, row);
      const segment = at(segmentOf, p);
      if (measured >= 0 && segment !== measured) this.#measure(measured);
      measured = segment;
    }
    if (measured >= 0) {
      this.#measure(measured);
      this.#count();
    }
    this.#seen = changes;
  }

  #read(t: HostTable, p: number, row: number): void {
    const open = at(t.usable, row) === 1;
    const capVcpus = at(t.capVcpus, row);
    const capMemory = at(t.capMemory, row);
    this.vcpus[p] = open ? capVcpus - at(t.usedVcpus, row) : CLOSED;
    this.memory[p] = open ? capMemory - at(t.usedMemory, row) : CLOSED;
    this.disk[p] = open ? at(t.capDisk, row) - at(t.usedDisk, row) : CLOSED;
    this.profile[p] = at(t.profile, row);
    this.load[p] = MEMORY_WEIGHT * real(t.loadMemory, row) + real(t.loadCpu, row);
    this.perMemory[p] = MEMORY_WEIGHT / (capMemory || 1);
    this.perVcpu[p] = 1 / (capVcpus || 1);
  }

  #measure(segment: number): void {
    const [from, to] = [at(this.layout.start, segment), at(this.layout.start, segment + 1)];
    sortRun(this.byLoad, from, to, this.load);
    let least = Infinity;
    for (let x = to - 1; x >= from; x--) {
      const p = at(this.byLoad, x);
      this.rank[p] = x;
      if (at(this.vcpus, p) !== CLOSED) least = real(this.load, p);
    }
    this.least[segment] = least;
  }

  #count(): void {
    let [vcpus, memory, disk, perMemory, perVcpu] = [0, 0, 0, Infinity, Infinity];
    for (let p = 0; p < this.layout.hosts; p++) {
      if (at(this.vcpus, p) === CLOSED) continue;
      vcpus += Math.max(0, at(this.vcpus, p));
      memory += Math.max(0, at(this.memory, p));
      disk += Math.max(0, at(this.disk, p));
      perMemory = Math.min(perMemory, real(this.perMemory, p));
      perVcpu = Math.min(perVcpu, real(this.perVcpu, p));
    }
    this.supply = { vcpus, memory, disk };
    this.gain = perMemory < Infinity ? { memory: perMemory, vcpus: perVcpu } : { memory: 0, vcpus: 0 };
  }
}
