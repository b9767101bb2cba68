import { at, real } from '../arrays.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import type { Layout } from '../model/layout.ts';

/** Less than any need, also than `NO_NEED`: nothing may go to a closed host. */
export const CLOSED = -(2 ** 31);
/** What stands for a need of zero: it fits on a host that is overfull in that resource, as in Placement. */
export const NO_NEED = CLOSED + 1;
export const needed = (n: number): number => (n === 0 ? NO_NEED : n);

/** How much memory load weighs against CPU load: a host short of memory kills VMs, one short of CPU slows them. */
export const MEMORY_WEIGHT = 2;

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
  readonly supply = { vcpus: 1, memory: 1, disk: 1 };
  /** The least that one MB and one vCPU add to any open host's load. */
  readonly gain = { memory: 0, vcpus: 0 };

  constructor(model: FleetModel) {
    const layout = model.layout;
    const t = model.hosts;
    this.layout = layout;
    const n = layout.hosts;
    this.vcpus = new Int32Array(n);
    this.memory = new Int32Array(n);
    this.disk = new Int32Array(n);
    this.profile = new Int32Array(n);
    this.load = new Float64Array(n);
    this.perMemory = new Float64Array(n);
    this.perVcpu = new Float64Array(n);
    for (let p = 0; p < n; p++) {
      const row = at(layout.rowAt, p);
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
  }

  close(p: number): void {
    this.vcpus[p] = CLOSED;
    this.memory[p] = CLOSED;
    this.disk[p] = CLOSED;
  }

  closed(p: number): boolean {
    return at(this.vcpus, p) === CLOSED;
  }

  fits(p: number, vcpus: number, memory: number, disk: number): boolean {
    return needed(vcpus) <= at(this.vcpus, p) && needed(memory) <= at(this.memory, p) && needed(disk) <= at(this.disk, p);
  }

  projected(p: number, vcpus: number, memory: number): number {
    return real(this.load, p) + memory * real(this.perMemory, p) + vcpus * real(this.perVcpu, p);
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

  /** What is free in all, counted once the closed hosts are known. */
  count(): void {
    const s = { vcpus: 1, memory: 1, disk: 1 };
    const gain = { memory: Infinity, vcpus: Infinity };
    for (let p = 0; p < this.layout.hosts; p++) {
      if (this.closed(p)) continue;
      s.vcpus += Math.max(0, at(this.vcpus, p));
      s.memory += Math.max(0, at(this.memory, p));
      s.disk += Math.max(0, at(this.disk, p));
      gain.memory = Math.min(gain.memory, real(this.perMemory, p));
      gain.vcpus = Math.min(gain.vcpus, real(this.perVcpu, p));
    }
    Object.assign(this.supply, s);
    if (gain.memory < Infinity) Object.assign(this.gain, gain);
  }
}
