import { at, pick } from '../arrays.ts';
import { Bins, scaleOf } from './bins.ts';
import { mostOf } from './bounds.ts';
import { Greedy } from './greedy.ts';
import { better, type Meter, prefixPack } from './pack.ts';
import { NONE } from './problem.ts';
import { components, cutOut, type Scarce } from './scarce.ts';
import { Search } from './search.ts';
import type { Seating } from './seating.ts';

/** What the searches may spend, in looks at a host; together some 50 ms. They end by steps, never by the clock. */
export const EFFORT = { pack: 1_000_000, search: 1_200_000 };
export type Effort = typeof EFFORT;
/** How the scarcer resource weighs; each weighting packs some mixes better than the others. */
const EXPONENTS = [1, 2, 4];
const SEED = 0x5eed;
/** Repacks without any gain after which a search gives up; more in a larger part. */
const PATIENCE = 20_000;
/** Beyond this many priorities, optimality is checked for all of them together only. */
const PREFIXES = 12;

/** Is this assignment shown to be the best, priority by priority, by the bounds alone? */
const proven = (s: Scarce, host: Int32Array): boolean => {
  const levels = [...new Set(s.priority)].sort((a, b) => a - b);
  if (levels.length > PREFIXES) return false;
  return levels.every((level) => {
    const items = Array.from(s.items.keys()).filter((i) => at(s.priority, i) <= level);
    const placed = items.filter((i) => at(host, i) !== NONE).length;
    return placed === mostOf(s, items);
  });
};

const toLocal = (s: Scarce, seating: Seating): Int32Array => {
  const local = new Map(Array.from(s.hosts, (p, j) => [p, j]));
  return Int32Array.from(s.items, (i) => local.get(at(seating.place, i)) ?? NONE);
};

/** The most items that fit, starting from an assignment, and from packing all anew if that may be better. */
const search = (s: Scarce, known: Int32Array, effort: Effort, anew: boolean): Int32Array => {
  let best = known;
  if (proven(s, best)) return best;
  const bins = new Bins(s);
  let scale = scaleOf(s, 1);
  for (const exponent of anew ? EXPONENTS : []) {
    const meter: Meter = { left: Math.floor(effort.pack / EXPONENTS.length) };
    const tried = prefixPack(bins, scaleOf(s, exponent), meter);
    if (!better(s.priority, tried, best)) continue;
    best = tried;
    scale = scaleOf(s, exponent);
    if (proven(s, best)) return best;
  }
  bins.load(best);
  const bound = mostOf(s, Array.from(s.items.keys()));
  new Search(bins, scale, SEED).run(bound, PATIENCE + 200 * s.hosts.length, { left: effort.search });
  return better(s.priority, bins.host, best) ? bins.host.slice() : best;
};

const seat = (seating: Seating, s: Scarce, host: Int32Array): void => {
  for (let x = 0; x < host.length; x++) if (at(host, x) !== NONE) seating.sit(at(s.items, x), at(s.hosts, at(host, x)));
};

/** Seats what still can be: single items first, then groups that go together, each with its later members left out. */
const fill = (seating: Seating, items: readonly number[]): void => {
  const greedy = new Greedy(seating);
  for (const i of items) if (at(seating.place, i) === NONE) greedy.place(i);
};

/** In its first choice of clusters? */
export const atFirst = (seating: Seating, i: number): boolean => {
  const { problem } = seating;
  const p = at(seating.place, i);
  return (
    p !== NONE && pick(problem.domains, at(problem.first, i)).clusters.includes(at(problem.room.layout.clusterOf, seating.segmentOf(p)))
  );
};

/** Moves items back from their second choice of clusters while their first has room. */
const promote = (seating: Seating, items: readonly number[]): void => {
  const greedy = new Greedy(seating);
  for (const i of items) {
    const p = at(seating.place, i);
    if (p === NONE || at(seating.problem.second, i) === NONE || atFirst(seating, i)) continue;
    seating.rise(i);
    if (!greedy.placeIn(i, at(seating.problem.first, i))) seating.sit(i, p);
  }
};

/** One assignment of the part's items against another: more placed by priority, then more in their first choice. */
class Best {
  place: Int32Array;
  #first: number;
  readonly #seating: Seating;
  readonly #items: readonly number[];
  readonly #priority: Int32Array;

  constructor(seating: Seating, items: readonly number[]) {
    this.#seating = seating;
    this.#items = items;
    this.#priority = Int32Array.from(items, (i) => at(seating.problem.priority, i));
    this.place = this.#now();
    this.#first = this.#firsts();
  }

  #now(): Int32Array {
    return Int32Array.from(this.#items, (i) => at(this.#seating.place, i));
  }

  #firsts(): number {
    return this.#items.reduce((n, i) => n + (atFirst(this.#seating, i) ? 1 : 0), 0);
  }

  offer(): void {
    const now = this.#now();
    const first = this.#firsts();
    if (!better(this.#priority, now, this.place) && (better(this.#priority, this.place, now) || first <= this.#first)) return;
    this.place = now;
    this.#first = first;
  }

  clear(): void {
    for (const i of this.#items) this.#seating.rise(i);
  }

  restore(): void {
    this.clear();
    this.#items.forEach((i, x) => {
      if (at(this.place, x) !== NONE) this.#seating.sit(i, at(this.place, x));
    });
  }
}

/** Packs one part anew where the greedy pass left somebody out, or out of its first choice. Returns the part's bound. */
const improvePart = (seating: Seating, items: readonly number[], effort: Effort): number => {
  const best = new Best(seating, items);
  best.clear();
  const whole = cutOut(seating, items, true);
  const singles = Array.from(whole.items.keys()).filter((x) => seating.weight(at(whole.items, x)) === 1);
  const grouped = items.reduce((n, i) => n + (seating.weight(i) > 1 ? seating.weight(i) : 0), 0);
  const bound = mostOf(whole, singles) + grouped;
  best.restore();
  const known = toLocal(whole, seating);
  const attempt = (part: Scarce, from: Int32Array, share: number, anew: boolean): void => {
    const found = search(part, from, { pack: effort.pack * share, search: effort.search * share }, anew);
    best.clear();
    seat(seating, part, found);
    fill(seating, items);
    promote(seating, items);
    best.offer();
  };
  if (items.some((i) => at(seating.problem.second, i) !== NONE)) {
    best.clear();
    const narrow = cutOut(seating, items, false);
    attempt(narrow, new Int32Array(narrow.items.length).fill(NONE), 1 / 3, true);
    attempt(whole, toLocal(whole, seating), 1 / 3, false);
    attempt(whole, known, 1 / 3, true);
  } else attempt(whole, known, 1, true);
  best.restore();
  return bound;
};

/** Improves every part where not everybody sits in the first choice; returns the most VMs that any plan can place. */
export const improve = (seating: Seating, effort: Effort): number => {
  let bound = 0;
  for (const items of components(seating)) {
    const all = items.reduce((n, i) => n + seating.weight(i), 0);
    bound += items.every((i) => atFirst(seating, i)) ? all : improvePart(seating, items, effort);
  }
  return bound;
};
