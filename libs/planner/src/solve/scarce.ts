import { at, pick } from '../arrays.ts';
import { NONE } from './problem.ts';
import { needed, type Room } from './room.ts';
import type { Seating } from './seating.ts';

/** Items that are alike to every host; they differ only by server group. */
export interface Kind {
  readonly vcpus: number;
  readonly memory: number;
  readonly disk: number;
  /** The hosts that may take it as far as clusters, traits and zones go, ascending. */
  readonly hosts: Int32Array;
  /** The same by host: FIRST where it is in the first choice of clusters, else SECOND; 0: not allowed. */
  readonly open: Uint8Array;
  /** Has it two choices of clusters, and are hosts of the first among these? */
  readonly picky: boolean;
}
export const FIRST = 2;
export const SECOND = 1;

/**
 * A part of the plan where room is scarce, cut out small: the clusters that its items compete for, with nothing of the
 * plan placed. The packing search works on this; hosts and items are numbered anew.
 */
export interface Scarce {
  readonly hosts: Int32Array;
  /** In planning order: by priority. */
  readonly items: Int32Array;
  readonly kindOf: Int32Array;
  readonly kinds: readonly Kind[];
  readonly priority: Int32Array;
  /** Company of an item that must keep apart, or NONE; its limit; how many members stand on a host already. */
  readonly company: Int32Array;
  readonly limit: ReadonlyMap<number, number>;
  readonly standing: ReadonlyMap<number, ReadonlyMap<number, number>>;
  readonly free: readonly [Int32Array, Int32Array, Int32Array];
}

/** Clusters that items can choose between belong together: what one takes in one of them another cannot have. */
export const components = (seating: Seating): number[][] => {
  const { problem } = seating;
  const parent = problem.domains.map((_, d) => d);
  const root = (d: number): number => {
    let r = d;
    while (pick(parent, r) !== r) r = pick(parent, r);
    return r;
  };
  const ofCluster = new Map<number, number>();
  problem.domains.forEach((domain, d) => {
    for (const c of domain.clusters) {
      const other = ofCluster.get(c);
      if (other === undefined) ofCluster.set(c, d);
      else parent[root(d)] = root(other);
    }
  });
  for (let i = 0; i < problem.items; i++)
    if (at(problem.second, i) !== NONE) parent[root(at(problem.second, i))] = root(at(problem.first, i));
  const groups = new Map<number, number[]>();
  for (let i = 0; i < problem.items; i++) {
    const r = root(at(problem.first, i));
    const list = groups.get(r);
    if (list) list.push(i);
    else groups.set(r, [i]);
  }
  return [...groups.values()];
};

const positionsOf = (seating: Seating, domain: number): number[] => {
  const { problem } = seating;
  const { start } = problem.room.layout;
  return Array.from(pick(problem.domains, domain).segments).flatMap((s) =>
    Array.from({ length: at(start, s + 1) - at(start, s) }, (_, k) => at(start, s) + k),
  );
};

/** Cuts out the part that these items compete for. None of them may be seated. `second`: whether second choices count. */
export const cutOut = (seating: Seating, wanted: readonly number[], second: boolean): Scarce => {
  const { problem } = seating;
  const { room } = problem;
  const domains = new Set(wanted.flatMap((i) => (second ? [at(problem.first, i), at(problem.second, i)] : [at(problem.first, i)])));
  domains.delete(NONE);
  const hosts = Int32Array.from(
    [...new Set([...domains].flatMap((d) => positionsOf(seating, d)))].filter((p) => !room.closed(p)).sort((a, b) => a - b),
  );
  const local = new Map(Array.from(hosts, (p, j) => [p, j]));
  const kinds: Kind[] = [];
  const known = new Map<string, number>();
  const kindsOf = wanted.map((i) => {
    const key = `${at(problem.shape, i)},${at(problem.first, i)},${second ? at(problem.second, i) : NONE},${at(problem.pin, i)}`;
    const k = known.get(key) ?? kinds.push(kindFor(seating, i, second, local, hosts.length)) - 1;
    known.set(key, k);
    return k;
  });
  // What no host of these could take were it alone is none of the search's business.
  const possible = kinds.map((k) => k.hosts.some((j) => fitsAlone(room, k, at(hosts, j))));
  const items = wanted.filter((_, x) => pick(possible, pick(kindsOf, x)));
  const kindOf = Int32Array.from(kindsOf.filter((k) => pick(possible, k)));
  const company = Int32Array.from(items, (i) => (seating.companyOf(i)?.policy === 'anti-affinity' ? at(problem.company, i) : NONE));
  const limit = new Map<number, number>();
  const standing = new Map<number, ReadonlyMap<number, number>>();
  for (const c of new Set(company)) {
    if (c === NONE) continue;
    const counts = new Map<number, number>();
    for (const p of pick(problem.companies, c).members) {
      const j = local.get(p);
      if (j !== undefined) counts.set(j, (counts.get(j) ?? 0) + 1);
    }
    limit.set(c, pick(problem.companies, c).limit);
    standing.set(c, counts);
  }
  const free = [room.vcpus, room.memory, room.disk].map((column) => Int32Array.from(hosts, (p) => at(column, p)));
  const priority = Int32Array.from(items, (i) => at(problem.priority, i));
  return {
    hosts,
    items: Int32Array.from(items),
    kindOf,
    kinds,
    priority,
    company,
    limit,
    standing,
    free: [pick(free, 0), pick(free, 1), pick(free, 2)],
  };
};

const fitsAlone = (room: Room, k: Kind, p: number): boolean =>
  k.vcpus <= at(room.vcpus, p) && k.memory <= at(room.memory, p) && k.disk <= at(room.disk, p);

const kindFor = (seating: Seating, i: number, second: boolean, local: ReadonlyMap<number, number>, size: number): Kind => {
  const { problem } = seating;
  const s = pick(problem.shapes, at(problem.shape, i));
  const pin = at(problem.pin, i);
  const domains = [at(problem.first, i), second ? at(problem.second, i) : NONE].filter((d) => d !== NONE);
  const open = new Uint8Array(size);
  for (const d of domains)
    for (const p of positionsOf(seating, d)) {
      const j = local.get(p);
      if (j === undefined || open[j] !== 0 || (pin !== NONE && pin !== p)) continue;
      if (!s.allowed || at(s.allowed, at(problem.room.profile, p)) === 1) open[j] = d === at(problem.first, i) ? FIRST : SECOND;
    }
  const hosts = Int32Array.from(open.keys()).filter((j) => open[j] !== 0);
  const picky = domains.length > 1 && open.includes(FIRST);
  return { vcpus: needed(s.vcpus), memory: needed(s.memory), disk: needed(s.disk), hosts, open, picky };
};
