import type { FleetHost, Resources } from '@lifeboat/contracts';
import type { ClusterId, HostId, RackId } from '@lifeboat/kernel';
import { at, grown, grownReals, Interner, real } from '../arrays.ts';

/** What makes hosts differ for a VM besides room and place: hosts share few profiles. */
export interface Profile {
  readonly cell: string | undefined;
  readonly availabilityZone: string | undefined;
  readonly traits: ReadonlySet<string>;
  readonly maxUnit: Resources | undefined;
}

/** Larger numbers mean the same as this one; keeps sums inside 32 bits. */
const LIMIT = 2 ** 30;
const bounded = (n: number): number => Math.min(LIMIT, Math.floor(n));
export const NOWHERE = -1;

/** Hosts as columns. A host keeps its row for good; `known` is 0 for one that VMs speak of but the fleet does not have. */
export class HostTable {
  readonly names = new Interner<HostId>();
  readonly clusters = new Interner<ClusterId>();
  readonly racks = new Interner<RackId>();
  readonly profiles: Profile[] = [];
  readonly #profileKeys = new Interner();
  known: Int32Array = new Int32Array(0);
  usable: Int32Array = new Int32Array(0);
  cluster: Int32Array = new Int32Array(0);
  rack: Int32Array = new Int32Array(0);
  profile: Int32Array = new Int32Array(0);
  capVcpus: Int32Array = new Int32Array(0);
  capMemory: Int32Array = new Int32Array(0);
  capDisk: Int32Array = new Int32Array(0);
  usedVcpus: Int32Array = new Int32Array(0);
  usedMemory: Int32Array = new Int32Array(0);
  usedDisk: Int32Array = new Int32Array(0);
  loadMemory: Float64Array = new Float64Array(0);
  loadCpu: Float64Array = new Float64Array(0);
  /** Head of the list of the host's VMs. */
  firstVm: Int32Array = new Int32Array(0);
  /** When the host or its VMs last changed, on the fleet's own count of changes. */
  changedAt: Int32Array = new Int32Array(0);
  /** Grows when hosts come, go or move between clusters and racks. */
  shape = 0;

  get size(): number {
    return this.names.size;
  }

  /** The row of a name; a new row stands for a host that is not known yet. */
  row(host: HostId): number {
    const i = this.names.of(host);
    if (i < this.known.length) return i;
    const columns = [
      'known',
      'usable',
      'profile',
      'capVcpus',
      'capMemory',
      'capDisk',
      'usedVcpus',
      'usedMemory',
      'usedDisk',
      'changedAt',
    ] as const;
    for (const c of columns) this[c] = grown(this[c], i + 1);
    for (const c of ['cluster', 'rack', 'firstVm'] as const) this[c] = grown(this[c], i + 1, NOWHERE);
    for (const c of ['loadMemory', 'loadCpu'] as const) this[c] = grownReals(this[c], i + 1);
    return i;
  }

  write(i: number, h: FleetHost): void {
    const cluster = this.clusters.of(h.cluster);
    const rack = this.racks.of(h.rack);
    if (!at(this.known, i) || at(this.cluster, i) !== cluster || at(this.rack, i) !== rack) this.shape += 1;
    this.known[i] = 1;
    this.usable[i] = h.usable ? 1 : 0;
    this.cluster[i] = cluster;
    this.rack[i] = rack;
    this.profile[i] = this.#profileOf(h);
    this.capVcpus[i] = bounded(h.capacity.vcpus);
    this.capMemory[i] = bounded(h.capacity.memoryMb);
    this.capDisk[i] = bounded(h.capacity.diskGb);
    this.usedVcpus[i] = bounded(h.used.vcpus);
    this.usedMemory[i] = bounded(h.used.memoryMb);
    this.usedDisk[i] = bounded(h.used.diskGb);
    this.loadMemory[i] = h.load?.memory ?? h.used.memoryMb / Math.max(1, h.capacity.memoryMb);
    this.loadCpu[i] = h.load?.cpu ?? h.used.vcpus / Math.max(1, h.capacity.vcpus);
  }

  /** Does the row say all this already? */
  says(i: number, h: FleetHost): boolean {
    const { capacity, used } = h;
    return (
      at(this.known, i) === 1 &&
      at(this.usable, i) === (h.usable ? 1 : 0) &&
      at(this.cluster, i) === this.clusters.find(h.cluster) &&
      at(this.rack, i) === this.racks.find(h.rack) &&
      at(this.capVcpus, i) === bounded(capacity.vcpus) &&
      at(this.capMemory, i) === bounded(capacity.memoryMb) &&
      at(this.capDisk, i) === bounded(capacity.diskGb) &&
      at(this.usedVcpus, i) === bounded(used.vcpus) &&
      at(this.usedMemory, i) === bounded(used.memoryMb) &&
      at(this.usedDisk, i) === bounded(used.diskGb) &&
      real(this.loadMemory, i) === (h.load?.memory ?? used.memoryMb / Math.max(1, capacity.memoryMb)) &&
      real(this.loadCpu, i) === (h.load?.cpu ?? used.vcpus / Math.max(1, capacity.vcpus)) &&
      at(this.profile, i) === this.#profileOf(h)
    );
  }

  forget(i: number): void {
    this.known[i] = 0;
    this.usable[i] = 0;
    this.cluster[i] = NOWHERE;
    this.rack[i] = NOWHERE;
    this.shape += 1;
  }

  #profileOf(h: FleetHost): number {
    const traits = h.traits === undefined || h.traits.length === 0 ? [] : [...new Set(h.traits)].sort();
    const unit = h.maxUnit === undefined ? '' : `${h.maxUnit.vcpus},${h.maxUnit.memoryMb},${h.maxUnit.diskGb}`;
    const key = JSON.stringify([h.cell ?? null, h.availabilityZone ?? null, unit, traits]);
    const i = this.#profileKeys.of(key);
    if (i === this.profiles.length)
      this.profiles.push({
        cell: h.cell,
        availabilityZone: h.availabilityZone,
        traits: new Set(traits),
        maxUnit: h.maxUnit && { ...h.maxUnit },
      });
    return i;
  }
}
