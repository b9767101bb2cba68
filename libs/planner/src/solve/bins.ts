import { at, pick } from '../arrays.ts';
import { NONE } from './problem.ts';
import { NO_NEED } from './room.ts';
import type { Kind, Scarce } from './scarce.ts';

const amount = (need: number): number => (need === NO_NEED ? 0 : need);

/**
 * The hosts of a scarce part as bins, with what each item takes of them, and the items that are left over. Only the first
 * `active` items take part: those up to some priority.
 */
export class Bins {
  readonly scarce: Scarce;
  /** Item → host, both by the scarce part's numbers. */
  readonly host: Int32Array;
  readonly vcpus: Int32Array;
  readonly memory: Int32Array;
  readonly disk: Int32Array;
  /** What each kind must find free, and what it takes. */
  readonly needVcpus: Int32Array;
  readonly needMemory: Int32Array;
  readonly needDisk: Int32Array;
  readonly takeVcpus: Int32Array;
  readonly takeMemory: Int32Array;
  readonly takeDisk: Int32Array;
  /** The items on a host, as a list: first[host], then next[item]. */
  readonly first: Int32Array;
  readonly next: Int32Array;
  readonly #previous: Int32Array;
  /** The active items left over: the first `leftCount` of `left`. */
  readonly left: Int32Array;
  readonly #leftAt: Int32Array;
  leftCount = 0;
  active = 0;
  readonly #inCompany = new Map<number, Int32Array>();

  constructor(scarce: Scarce) {
    const n = scarce.items.length;
    this.scarce = scarce;
    this.host = new Int32Array(n);
    this.vcpus = scarce.free[0].slice();
    this.memory = scarce.free[1].slice();
    this.disk = scarce.free[2].slice();
    const column = (of: (k: Kind) => number) => Int32Array.from(scarce.kinds, of);
    this.needVcpus = column((k) => k.vcpus);
    this.needMemory = column((k) => k.memory);
    this.needDisk = column((k) => k.disk);
    this.takeVcpus = column((k) => amount(k.vcpus));
    this.takeMemory = column((k) => amount(k.memory));
    this.takeDisk = column((k) => amount(k.disk));
    this.first = new Int32Array(scarce.hosts.length);
    this.next = new Int32Array(n);
    this.#previous = new Int32Array(n);
    this.left = new Int32Array(n);
    this.#leftAt = new Int32Array(n);
    for (const c of scarce.standing.keys()) this.#inCompany.set(c, new Int32Array(scarce.hosts.length));
    this.clear(n);
  }

  /** Empties the bins; from now on the first `active` items take part. */
  clear(active = this.active): void {
    const { scarce } = this;
    this.active = active;
    this.host.fill(NONE);
    this.first.fill(NONE);
    this.leftCount = active;
    for (let i = 0; i < active; i++) {
      this.left[i] = i;
      this.#leftAt[i] = i;
    }
    this.vcpus.set(scarce.free[0]);
    this.memory.set(scarce.free[1]);
    this.disk.set(scarce.free[2]);
    for (const [c, counts] of scarce.standing) {
      const members = (this.#inCompany.get(c) as Int32Array).fill(0);
      for (const [j, n] of counts) members[j] = n;
    }
  }

  kindOf(i: number): number {
    return at(this.scarce.kindOf, i);
  }

  kind(i: number): Kind {
    return pick(this.scarce.kinds, at(this.scarce.kindOf, i));
  }

  /** Has the host room for one of this kind? */
  fits(kind: number, j: number): boolean {
    return (
      at(this.needVcpus, kind) <= at(this.vcpus, j) &&
      at(this.needMemory, kind) <= at(this.memory, j) &&
      at(this.needDisk, kind) <= at(this.disk, j)
    );
  }

  /** Would it fit once item `out` has left the host? */
  fitsWithout(kind: number, j: number, out: number): boolean {
    const gone = this.kindOf(out);
    return (
      at(this.needVcpus, kind) <= at(this.vcpus, j) + at(this.takeVcpus, gone) &&
      at(this.needMemory, kind) <= at(this.memory, j) + at(this.takeMemory, gone) &&
      at(this.needDisk, kind) <= at(this.disk, j) + at(this.takeDisk, gone)
    );
  }

  /** Is the host shut to the item by its hard anti-affinity group? `without`: an item that is about to leave it. */
  kept(i: number, j: number, without: number = NONE): boolean {
    const c = at(this.scarce.company, i);
    if (c === NONE) return false;
    const leaving = without !== NONE && at(this.scarce.company, without) === c ? 1 : 0;
    return at(this.#inCompany.get(c) as Int32Array, j) - leaving >= (this.scarce.limit.get(c) as number);
  }

  /** Counts an item in or out of its group on a host, where it has one. */
  join(i: number, j: number, by: 1 | -1): void {
    const c = at(this.scarce.company, i);
    if (c === NONE) return;
    const members = this.#inCompany.get(c) as Int32Array;
    members[j] = at(members, j) + by;
  }

  put(i: number, j: number): void {
    this.#take(i, j, 1);
    this.host[i] = j;
    const head = at(this.first, j);
    this.next[i] = head;
    this.#previous[i] = NONE;
    if (head !== NONE) this.#previous[head] = i;
    this.first[j] = i;
    const last = at(this.left, --this.leftCount);
    const hole = at(this.#leftAt, i);
    this.left[hole] = last;
    this.#leftAt[last] = hole;
  }

  lift(i: number): void {
    const j = at(this.host, i);
    this.#take(i, j, -1);
    this.host[i] = NONE;
    const [before, after] = [at(this.#previous, i), at(this.next, i)];
    if (before === NONE) this.first[j] = after;
    else this.next[before] = after;
    if (after !== NONE) this.#previous[after] = before;
    this.#leftAt[i] = this.leftCount;
    this.left[this.leftCount++] = i;
  }

  #take(i: number, j: number, by: 1 | -1): void {
    const kind = this.kindOf(i);
    this.vcpus[j] = at(this.vcpus, j) - by * at(this.takeVcpus, kind);
    this.memory[j] = at(this.memory, j) - by * at(this.takeMemory, kind);
    this.disk[j] = at(this.disk, j) - by * at(this.takeDisk, kind);
    this.join(i, j, by);
  }

  /** Takes over an assignment of the active items. */
  load(host: Int32Array): void {
    this.clear();
    for (let i = 0; i < this.active; i++) if (at(host, i) !== NONE) this.put(i, at(host, i));
  }

  placed(): number {
    return this.active - this.leftCount;
  }
}

/** How resources weigh against one another: the scarcer, the more; and what one unit of each is worth. */
export interface Scale {
  readonly unit: readonly [number, number, number];
  readonly weight: readonly [number, number, number];
  /** Both together, squared units: what a unit left over of each is worth. */
  readonly worth: readonly [number, number, number];
}

export const scaleOf = (scarce: Scarce, exponent: number): Scale => {
  const per = ([0, 1, 2] as const).map((d) => {
    let supply = 1;
    for (let j = 0; j < scarce.hosts.length; j++) supply += Math.max(0, at(scarce.free[d], j));
    let demand = 0;
    for (let i = 0; i < scarce.items.length; i++) {
      const k = pick(scarce.kinds, at(scarce.kindOf, i));
      demand += amount(pick([k.vcpus, k.memory, k.disk], d));
    }
    return { unit: scarce.hosts.length / supply, weight: (demand / supply) ** exponent };
  });
  const [a, b, c] = [pick(per, 0), pick(per, 1), pick(per, 2)];
  const worth = (x: typeof a) => x.weight * x.unit * x.unit;
  return { unit: [a.unit, b.unit, c.unit], weight: [a.weight, b.weight, c.weight], worth: [worth(a), worth(b), worth(c)] };
};

export const sizeOf = (k: Kind, s: Scale): number =>
  s.weight[0] * s.unit[0] * amount(k.vcpus) + s.weight[1] * s.unit[1] * amount(k.memory) + s.weight[2] * s.unit[2] * amount(k.disk);

/** How much of a host would be left over: small is a good fit. */
export const slack = (bins: Bins, kind: number, j: number, s: Scale): number => {
  const a = at(bins.vcpus, j) - at(bins.takeVcpus, kind);
  const b = at(bins.memory, j) - at(bins.takeMemory, kind);
  const c = at(bins.disk, j) - at(bins.takeDisk, kind);
  return s.worth[0] * a * a + s.worth[1] * b * b + s.worth[2] * c * c;
};
