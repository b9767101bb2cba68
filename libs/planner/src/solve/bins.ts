import { at, pick } from '../arrays.ts';
import { NONE } from './problem.ts';
import { NO_NEED } from './room.ts';
import type { Kind, Scarce } from './scarce.ts';

const amount = (need: number): number => (need === NO_NEED ? 0 : need);

/** The hosts of a scarce part as bins, with what each item takes of them, and the items that are left over. */
export class Bins {
  readonly scarce: Scarce;
  /** Item → host, both by the scarce part's numbers. */
  readonly host: Int32Array;
  readonly free: [Int32Array, Int32Array, Int32Array];
  /** The items on a host, as a list: first[host], then next[item]. */
  readonly first: Int32Array;
  readonly next: Int32Array;
  readonly #previous: Int32Array;
  /** The items left over: the first `leftCount` of `left`. */
  readonly left: Int32Array;
  readonly #leftAt: Int32Array;
  leftCount = 0;
  readonly #inCompany = new Map<number, Int32Array>();

  constructor(scarce: Scarce) {
    const n = scarce.items.length;
    this.scarce = scarce;
    this.host = new Int32Array(n);
    this.free = [scarce.free[0].slice(), scarce.free[1].slice(), scarce.free[2].slice()];
    this.first = new Int32Array(scarce.hosts.length);
    this.next = new Int32Array(n);
    this.#previous = new Int32Array(n);
    this.left = new Int32Array(n);
    this.#leftAt = new Int32Array(n);
    for (const c of scarce.standing.keys()) this.#inCompany.set(c, new Int32Array(scarce.hosts.length));
    this.clear();
  }

  clear(): void {
    const { scarce } = this;
    this.host.fill(NONE);
    this.first.fill(NONE);
    this.leftCount = this.left.length;
    for (let i = 0; i < this.leftCount; i++) {
      this.left[i] = i;
      this.#leftAt[i] = i;
    }
    scarce.free.forEach((column, d) => {
      pick(this.free, d).set(column);
    });
    for (const [c, counts] of scarce.standing) {
      const members = (this.#inCompany.get(c) as Int32Array).fill(0);
      for (const [j, n] of counts) members[j] = n;
    }
  }

  kind(i: number): Kind {
    return pick(this.scarce.kinds, at(this.scarce.kindOf, i));
  }

  fits(k: Kind, j: number): boolean {
    return k.vcpus <= at(this.free[0], j) && k.memory <= at(this.free[1], j) && k.disk <= at(this.free[2], j);
  }

  /** Would it fit once item `out` has left the host? */
  fitsWithout(k: Kind, j: number, out: number): boolean {
    const o = this.kind(out);
    return (
      k.vcpus <= at(this.free[0], j) + amount(o.vcpus) &&
      k.memory <= at(this.free[1], j) + amount(o.memory) &&
      k.disk <= at(this.free[2], j) + amount(o.disk)
    );
  }

  /** Is the host shut to the item by its hard anti-affinity group? `without`: an item that is about to leave it. */
  kept(i: number, j: number, without: number = NONE): boolean {
    const c = at(this.scarce.company, i);
    if (c === NONE) return false;
    const leaving = without !== NONE && at(this.scarce.company, without) === c ? 1 : 0;
    return at(this.#inCompany.get(c) as Int32Array, j) - leaving >= (this.scarce.limit.get(c) as number);
  }

  /** The part of what the kind needs that the host has, by the resource it lacks most. */
  shareOf(k: Kind, j: number): number {
    const vcpus = at(this.free[0], j) / (amount(k.vcpus) || 1);
    const memory = at(this.free[1], j) / (amount(k.memory) || 1);
    const disk = at(this.free[2], j) / (amount(k.disk) || 1);
    return Math.max(0, Math.min(1, vcpus, k.memory === NO_NEED ? 1 : memory, k.disk === NO_NEED ? 1 : disk));
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
    const k = this.kind(i);
    this.free[0][j] = at(this.free[0], j) - by * amount(k.vcpus);
    this.free[1][j] = at(this.free[1], j) - by * amount(k.memory);
    this.free[2][j] = at(this.free[2], j) - by * amount(k.disk);
    const c = at(this.scarce.company, i);
    if (c === NONE) return;
    const members = this.#inCompany.get(c) as Int32Array;
    members[j] = at(members, j) + by;
  }

  load(host: Int32Array): void {
    this.clear();
    for (let i = 0; i < host.length; i++) if (at(host, i) !== NONE) this.put(i, at(host, i));
  }

  placed(): number {
    return this.host.length - this.leftCount;
  }
}

/** How resources weigh against one another: the scarcer, the more; and what one unit of each is worth. */
export interface Scale {
  readonly unit: readonly [number, number, number];
  readonly weight: readonly [number, number, number];
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
  return { unit: [a.unit, b.unit, c.unit], weight: [a.weight, b.weight, c.weight] };
};

export const sizeOf = (k: Kind, s: Scale): number =>
  s.weight[0] * s.unit[0] * amount(k.vcpus) + s.weight[1] * s.unit[1] * amount(k.memory) + s.weight[2] * s.unit[2] * amount(k.disk);

/** How much of a host would be left over: small is a good fit. */
export const slack = (bins: Bins, k: Kind, j: number, s: Scale): number => {
  const a = s.unit[0] * (at(bins.free[0], j) - amount(k.vcpus));
  const b = s.unit[1] * (at(bins.free[1], j) - amount(k.memory));
  const c = s.unit[2] * (at(bins.free[2], j) - amount(k.disk));
  return s.weight[0] * a * a + s.weight[1] * b * b + s.weight[2] * c * c;
};
