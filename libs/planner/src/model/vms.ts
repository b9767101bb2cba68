import type { FleetVm, Resources } from '@lifeboat/contracts';
import type { VmId } from '@lifeboat/kernel';
import { at, fingerprint, grown, Interner } from '../arrays.ts';
import { NOWHERE } from './hosts.ts';

/** What VMs of one size and the same demands on a host share. */
export interface Flavor {
  readonly size: Resources;
  readonly availabilityZone: string | undefined;
  readonly traits: readonly string[];
  readonly forbidden: readonly string[];
}

const none: readonly string[] = [];
const unique = (traits: readonly string[] = none): readonly string[] => (traits.length === 0 ? none : [...new Set(traits)].sort());

/** VMs as columns; a removed VM's row is used again. Lists of a host's and of a group's VMs run through the rows. */
export class VmTable {
  readonly ids: (VmId | undefined)[] = [];
  readonly #rows = new Map<VmId, number>();
  readonly #spare: number[] = [];
  readonly flavors: Flavor[] = [];
  readonly #flavorKeys = new Interner();
  readonly types = new Interner();
  readonly groups = new Interner();
  readonly unevacuable = new Map<number, string>();
  host: Int32Array = new Int32Array(0);
  flavor: Int32Array = new Int32Array(0);
  type: Int32Array = new Int32Array(0);
  group: Int32Array = new Int32Array(0);
  priority: Int32Array = new Int32Array(0);
  high: Int32Array = new Int32Array(0);
  fingerprint: Int32Array = new Int32Array(0);
  nextOnHost: Int32Array = new Int32Array(0);
  previousOnHost: Int32Array = new Int32Array(0);
  nextInGroup: Int32Array = new Int32Array(0);
  previousInGroup: Int32Array = new Int32Array(0);
  firstOfGroup: Int32Array = new Int32Array(0);

  constructor() {
    this.types.of('');
  }

  get size(): number {
    return this.#rows.size;
  }

  find(vm: VmId): number | undefined {
    return this.#rows.get(vm);
  }

  id(i: number): VmId {
    return this.ids[i] as VmId;
  }

  /** A row for a VM that the table does not have yet. */
  add(vm: VmId): number {
    const i = this.#spare.pop() ?? this.ids.length;
    this.ids[i] = vm;
    this.#rows.set(vm, i);
    if (i >= this.host.length) {
      for (const c of ['host', 'flavor', 'type', 'priority', 'high', 'fingerprint'] as const) this[c] = grown(this[c], i + 1);
      for (const c of ['group', 'nextOnHost', 'previousOnHost', 'nextInGroup', 'previousInGroup'] as const)
        this[c] = grown(this[c], i + 1, NOWHERE);
    }
    this.fingerprint[i] = fingerprint(vm) | 0;
    return i;
  }

  drop(i: number): void {
    this.#rows.delete(this.id(i));
    this.unevacuable.delete(i);
    this.ids[i] = undefined;
    this.#spare.push(i);
  }

  write(i: number, v: FleetVm): void {
    this.flavor[i] = this.#flavorOf(v);
    this.type[i] = this.types.of(v.businessType);
    this.priority[i] = v.priority;
    this.high[i] = v.performance === 'high' ? 1 : 0;
    if (v.unevacuable === undefined) this.unevacuable.delete(i);
    else this.unevacuable.set(i, v.unevacuable);
  }

  /** Does the row say all this already? `host`: the row of the VM's host, where there is one. */
  says(i: number, v: FleetVm, host: number | undefined): boolean {
    const g = at(this.group, i);
    return (
      at(this.host, i) === host &&
      at(this.priority, i) === v.priority &&
      at(this.high, i) === (v.performance === 'high' ? 1 : 0) &&
      at(this.type, i) === this.types.find(v.businessType) &&
      (g === NOWHERE ? undefined : this.groups.names[g]) === v.group &&
      this.unevacuable.get(i) === v.unevacuable &&
      at(this.flavor, i) === this.#flavorOf(v)
    );
  }

  joinHost(i: number, host: number, firstVm: Int32Array): void {
    const next = at(firstVm, host);
    this.host[i] = host;
    this.nextOnHost[i] = next;
    this.previousOnHost[i] = NOWHERE;
    if (next !== NOWHERE) this.previousOnHost[next] = i;
    firstVm[host] = i;
  }

  leaveHost(i: number, firstVm: Int32Array): void {
    const [previous, next] = [at(this.previousOnHost, i), at(this.nextOnHost, i)];
    if (previous === NOWHERE) firstVm[at(this.host, i)] = next;
    else this.nextOnHost[previous] = next;
    if (next !== NOWHERE) this.previousOnHost[next] = previous;
  }

  joinGroup(i: number, name: string | undefined): void {
    const g = name === undefined ? NOWHERE : this.groups.of(name);
    this.group[i] = g;
    if (g === NOWHERE) return;
    this.firstOfGroup = grown(this.firstOfGroup, g + 1, NOWHERE);
    const next = at(this.firstOfGroup, g);
    this.nextInGroup[i] = next;
    this.previousInGroup[i] = NOWHERE;
    if (next !== NOWHERE) this.previousInGroup[next] = i;
    this.firstOfGroup[g] = i;
  }

  leaveGroup(i: number): void {
    const g = at(this.group, i);
    if (g === NOWHERE) return;
    const [previous, next] = [at(this.previousInGroup, i), at(this.nextInGroup, i)];
    if (previous === NOWHERE) this.firstOfGroup[g] = next;
    else this.nextInGroup[previous] = next;
    if (next !== NOWHERE) this.previousInGroup[next] = previous;
  }

  #flavorOf(v: FleetVm): number {
    const { vcpus, memoryMb, diskGb } = v.size;
    const traits = unique(v.requiredTraits);
    const forbidden = unique(v.forbiddenTraits);
    const plain = traits.length === 0 && forbidden.length === 0 && v.availabilityZone === undefined;
    const demands = plain ? '' : JSON.stringify([v.availabilityZone ?? null, traits, forbidden]);
    const i = this.#flavorKeys.of(`${vcpus},${memoryMb},${diskGb},${demands}`);
    if (i === this.flavors.length)
      this.flavors.push({ size: { vcpus, memoryMb, diskGb }, availabilityZone: v.availabilityZone, traits, forbidden });
    return i;
  }
}
