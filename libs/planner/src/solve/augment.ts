import { at, pick } from '../arrays.ts';
import type { Bins } from './bins.ts';
import type { Meter } from './pack.ts';
import { NONE } from './problem.ts';

/** How many items may be pushed on, one by the other, to make room for one more. */
const DEPTH = 4;

/**
 * Chains of moves that end with one item more: it takes the room of another, which takes the room of a third, and so
 * on, until one finds a host with room (or is less urgent than the newcomer and gives way). Items of one kind and
 * group are alike, so a search over kinds sees every chain that matters.
 */
export class Augment {
  readonly #bins: Bins;
  /** Items that are alike in every way share a species. */
  readonly #species: Int32Array;
  readonly #seen: Int32Array;
  #round = 0;
  /** The chain's links: the item that needs a host, the link that pushed it out, and the host it left for it. */
  readonly #item: number[] = [];
  readonly #before: number[] = [];
  readonly #from: number[] = [];
  readonly #depth: number[] = [];

  constructor(bins: Bins) {
    this.#bins = bins;
    const { kindOf, company, priority } = bins.scarce;
    const known = new Map<string, number>();
    this.#species = Int32Array.from(kindOf, (k, i) => {
      const key = `${k},${at(company, i)},${at(priority, i)}`;
      const s = known.get(key) ?? known.size;
      known.set(key, s);
      return s;
    });
    this.#seen = new Int32Array(known.size);
  }

  /** Adds items while there is a chain for any that is left over, the most urgent first. */
  all(meter: Meter): void {
    const bins = this.#bins;
    const tried = new Set<number>();
    for (let again = true; again && meter.left > 0; ) {
      again = false;
      tried.clear();
      const waiting = bins.left.slice(0, bins.leftCount).sort((a, b) => at(bins.scarce.priority, a) - at(bins.scarce.priority, b) || a - b);
      for (const i of waiting) {
        if (tried.has(at(this.#species, i)) || at(bins.host, i) !== NONE) continue;
        tried.add(at(this.#species, i));
        if (this.one(i, meter)) again = true;
      }
    }
  }

  one(i: number, meter: Meter): boolean {
    this.#round += 1;
    this.#item.length = 0;
    this.#before.length = 0;
    this.#from.length = 0;
    this.#depth.length = 0;
    this.#link(i, NONE, NONE, 0);
    for (let link = 0; link < this.#item.length; link++) {
      const j = this.#room(link);
      meter.left -= this.#bins.kind(pick(this.#item, link)).hosts.length;
      if (j !== NONE) {
        this.#apply(link, j);
        return true;
      }
      if (pick(this.#depth, link) < DEPTH && this.#push(link, i, meter)) return true;
    }
    return false;
  }

  #link(item: number, before: number, from: number, depth: number): void {
    this.#seen[at(this.#species, item)] = this.#round;
    this.#item.push(item);
    this.#before.push(before);
    this.#from.push(from);
    this.#depth.push(depth);
  }

  /** Is the host already part of the chain? Each host changes once, so that every step still holds at the end. */
  #used(link: number, j: number): boolean {
    for (let l = link; l !== NONE; l = pick(this.#before, l)) if (pick(this.#from, l) === j) return true;
    return false;
  }

  #room(link: number): number {
    const bins = this.#bins;
    const i = pick(this.#item, link);
    const { hosts } = bins.kind(i);
    const kind = bins.kindOf(i);
    for (let x = 0; x < hosts.length; x++) {
      const j = at(hosts, x);
      if (bins.fits(kind, j) && !bins.kept(i, j) && !this.#used(link, j)) return j;
    }
    return NONE;
  }

  /** Links every species that the item could push out; true when one of them gives way for good. */
  #push(link: number, newcomer: number, meter: Meter): boolean {
    const bins = this.#bins;
    const { priority } = bins.scarce;
    const i = pick(this.#item, link);
    const { hosts } = bins.kind(i);
    const kind = bins.kindOf(i);
    for (let x = 0; x < hosts.length; x++) {
      const j = at(hosts, x);
      for (let out = at(bins.first, j); out !== NONE; out = at(bins.next, out)) {
        meter.left -= 1;
        if (at(this.#seen, at(this.#species, out)) === this.#round || !bins.fitsWithout(kind, j, out)) continue;
        if (bins.kept(i, j, out) || this.#used(link, j)) continue;
        this.#link(out, link, j, pick(this.#depth, link) + 1);
        if (at(priority, out) <= at(priority, newcomer)) continue;
        this.#apply(this.#item.length - 1, NONE);
        return true;
      }
    }
    return false;
  }

  /** The last of the chain goes to `to` (or out), each one before it where the next one was. */
  #apply(last: number, to: number): void {
    let free = to;
    for (let l = last; l !== NONE; l = pick(this.#before, l)) {
      const i = pick(this.#item, l);
      if (pick(this.#from, l) !== NONE) this.#bins.lift(i);
      if (free !== NONE) this.#bins.put(i, free);
      free = pick(this.#from, l);
    }
  }
}
