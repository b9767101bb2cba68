import { at, pick } from '../arrays.ts';
import { Bins, scaleOf } from './bins.ts';
import { mostBeside, mostOf } from './bounds.ts';
import { Greedy } from './greedy.ts';
import { better, type Meter, Packer } from './pack.ts';
import { NONE } from './problem.ts';
import { components, cutOut, FIRST, type Kind, type Scarce } from './scarce.ts';
import { Search } from './search.ts';
import type { Seating } from './seating.ts';

/** What the searches may spend, in looks at a host. They end by steps, never by the clock. */
export const EFFORT = { pack: 300_000, search: 900_000 };
export type Effort = typeof EFFORT;
/** How the scarcer resource weighs; each weighting packs some mixes better than the others. */
const EXPONENTS = [1, 2, 4];
const SEED = 0x5eed;
/** Looks without any gain after which a search gives up; more in a larger part. */
const PATIENCE = 500_000;
/** So many priorities are searched one after the other; all others together. */
const STAGES = 8;

const toLocal = (s: Scarce, seating: Seating): Int32Array => {
  const local = new Map(Array.from(s.hosts, (p, j) => [p, j]));
  return Int32Array.from(s.items, (i) => local.get(at(seating.place, i)) ?? NONE);
};

/** Where each priority ends among the items; the last ones together where they are many. */
const stagesOf = (s: Scarce): number[] => {
  const ends: number[] = [];
  for (let i = 1; i <= s.items.length; i++) if (i === s.items.length || at(s.priority, i) !== at(s.priority, i - 1)) ends.push(i);
  return ends.length <= STAGES ? ends : [...ends.slice(0, STAGES - 1), s.items.length];
};

const count = (host: Int32Array, from: number, to: number): number => {
  let n = 0;
  for (let i = from; i < to; i++) if (at(host, i) !== NONE) n += 1;
  return n;
};
const firstsOf = (s: Scarce, host: Int32Array): number => {
  let n = 0;
  for (let i = 0; i < host.length; i++) if (at(host, i) !== NONE && pick(s.kinds, at(s.kindOf, i)).open[at(host, i)] === FIRST) n += 1;
  return n;
};

/**
 * The most items that fit, priority by priority: each one's search has all above it as they were found, and may move but
 * not lose them. Then as many as can be in their first choice of clusters. `known`: an assignment to start from.
 */
const search = (s: Scarce, known: Int32Array, effort: Effort): Int32Array => {
  const bins = new Bins(s);
  const scales = EXPONENTS.map((e) => scaleOf(s, e));
  const packers = scales.map((scale) => new Packer(bins, scale));
  const searcher = new Search(bins, pick(scales, 0), SEED);
  const ends = stagesOf(s);
  const meters = { pack: { left: effort.pack }, search: { left: effort.search } };
  const patience = PATIENCE + 200 * s.hosts.length;
  const picky = s.kinds.some((k) => k.picky);
  let best: Int32Array = new Int32Array(s.items.length).fill(NONE);
  const above: { readonly items: readonly number[]; readonly placed: number }[] = [];
  let [from, placed] = [0, 0];
  ends.forEach((to, stage) => {
    bins.clear(to);
    bins.load(best);
    pick(packers, 0).add(from, meters.pack);
    const offer = (host: Int32Array | undefined) => {
      if (host && better(s.priority, host, best)) best = host;
    };
    const start = Int32Array.from(known, (j, i) => (i < to ? j : NONE));
    best = bins.host.slice();
    offer(start);
    const own = Array.from({ length: to - from }, (_, x) => from + x);
    const enough = Math.min(placed + mostBeside(s, above, own), mostOf(s, [...above.flatMap((a) => a.items), ...own]));
    const share = ({ left }: Meter): Meter => ({ left: left * (stage < ends.length - 1 ? 1 / (ends.length - stage) : picky ? 3 / 4 : 1) });
    for (const packer of packers) {
      if (count(best, 0, to) >= enough) break;
      const meter = share(meters.pack);
      const before = meter.left;
      offer(packer.anew(best, from, meter));
      meters.pack.left -= before - meter.left;
    }
    if (count(best, 0, to) < enough) {
      bins.load(best);
      const meter = share(meters.search);
      const before = meter.left;
      searcher.run({ enough }, patience, meter);
      meters.search.left -= before - meter.left;
      offer(bins.host.slice());
    }
    above.push({ items: own, placed: count(best, from, to) });
    placed = count(best, 0, to);
    from = to;
  });
  if (picky) {
    if (!better(s.priority, best, known) && firstsOf(s, known) > firstsOf(s, best)) best = known;
    bins.load(best);
    searcher.run({ enough: placed, firsts: mostFirsts(s) }, patience, meters.search);
    if (!better(s.priority, best, bins.host) && firstsOf(s, bins.host) > firstsOf(s, best)) best = bins.host.slice();
  }
  return best;
};

/** No more than so many can be in their first choice of clusters. */
const mostFirsts = (s: Scarce): number => {
  const hostsOf = (k: Kind) => k.hosts.filter((j) => k.open[j] === FIRST);
  const kinds = s.kinds.map((k) => ({ ...k, hosts: hostsOf(k), open: k.open.map((o) => (o === FIRST ? FIRST : 0)) }));
  return mostOf({ ...s, kinds }, Array.from(s.items.keys()));
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
  const attempt = (part: Scarce, from: Int32Array, share: number): void => {
    const found = search(part, from, { pack: effort.pack * share, search: effort.search * share });
    best.clear();
    seat(seating, part, found);
    fill(seating, items);
    promote(seating, items);
    best.offer();
  };
  if (items.some((i) => at(seating.problem.second, i) !== NONE)) {
    best.clear();
    const narrow = cutOut(seating, items, false);
    attempt(narrow, new Int32Array(narrow.items.length).fill(NONE), 1 / 16);
    attempt(whole, toLocal(whole, seating), 15 / 16);
  } else attempt(whole, known, 1);
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
