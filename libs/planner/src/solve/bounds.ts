import { at, pick } from '../arrays.ts';
import { NONE } from './problem.ts';
import { NO_NEED } from './room.ts';
import type { Kind, Scarce } from './scarce.ts';

const amount = (need: number): number => (need === NO_NEED ? 0 : need);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * What of each resource the items could use on each host together: no more than is free, nor than goes with what is free
 * of the others (a host short of vCPUs cannot use its memory), in whole steps of what items take.
 */
const usable = (s: Scarce, kinds: readonly Kind[]): readonly [number, number, number] => {
  const needs = kinds.map((k) => ([0, 1, 2] as const).map((d) => amount(resource(k, d))));
  const sums: [number, number, number] = [0, 0, 0];
  const most = ([0, 1, 2] as const).map((d) =>
    ([0, 1, 2] as const).map((e) =>
      needs.reduce((m, n) => Math.max(m, pick(n, e) === 0 ? (pick(n, d) === 0 ? 0 : Infinity) : pick(n, d) / pick(n, e)), 0),
    ),
  );
  const step = ([0, 1, 2] as const).map((d) => needs.reduce((g, n) => gcd(g, pick(n, d)), 0) || 1);
  for (let j = 0; j < s.hosts.length; j++)
    for (const d of [0, 1, 2] as const) {
      let u = Math.max(0, at(s.free[d], j));
      for (const e of [0, 1, 2] as const) {
        const ratio = pick(pick(most, d), e);
        if (e !== d && ratio < Infinity) u = Math.min(u, Math.max(0, at(s.free[e], j)) * ratio);
      }
      sums[d] += Math.floor(u / pick(step, d) + 1e-9) * pick(step, d);
    }
  return sums;
};

/** How many of these needs fit, the smallest first, beside those that are `taken` already. */
const smallest = (needs: Float64Array, supply: number, taken: number): number => {
  let k = 0;
  for (let sum = taken; k < needs.length; k++) {
    sum += needs[k] as number;
    if (sum > supply) break;
  }
  return k;
};
const needsOf = (s: Scarce, items: readonly number[], d: 0 | 1 | 2): Float64Array =>
  Float64Array.from(items, (i) => amount(resource(pick(s.kinds, at(s.kindOf, i)), d))).sort();
const kindsOf = (s: Scarce, items: readonly number[]): readonly Kind[] =>
  [...new Set(items.map((i) => at(s.kindOf, i)))].map((k) => pick(s.kinds, k));

/** UB1: the smallest needs first, per resource, into one large bin. */
const byVolume = (s: Scarce, items: readonly number[]): number => {
  const supply = usable(s, kindsOf(s, items));
  return ([0, 1, 2] as const).reduce((m, d) => Math.min(m, smallest(needsOf(s, items, d), supply[d], 0)), items.length);
};

/** Of one priority, beside `placed` of those above it: no more than what their smallest would leave for its smallest. */
export const mostBeside = (
  s: Scarce,
  above: readonly { readonly items: readonly number[]; readonly placed: number }[],
  items: readonly number[],
): number => {
  const supply = usable(s, kindsOf(s, [...above.flatMap((a) => a.items), ...items]));
  return ([0, 1, 2] as const).reduce((m, d) => {
    const taken = above.reduce(
      (n, a) =>
        n +
        needsOf(s, a.items, d)
          .subarray(0, a.placed)
          .reduce((x, y) => x + y, 0),
      0,
    );
    return Math.min(m, smallest(needsOf(s, items, d), supply[d], taken));
  }, items.length);
};

const resource = (k: Kind, d: 0 | 1 | 2): number => (d === 0 ? k.vcpus : d === 1 ? k.memory : k.disk);

/** How many items of a kind one host could hold, were it theirs alone. */
export const slotsOn = (s: Scarce, k: Kind, j: number): number => {
  let slots = Infinity;
  for (const d of [0, 1, 2] as const) {
    const need = resource(k, d);
    if (need > at(s.free[d], j)) return 0;
    if (need !== NO_NEED) slots = Math.min(slots, Math.floor(at(s.free[d], j) / need));
  }
  return slots;
};

/** UB2: each kind alone in all its hosts. */
const bySlots = (s: Scarce, items: readonly number[]): number => {
  const wanted = new Map<number, number>();
  for (const i of items) wanted.set(at(s.kindOf, i), (wanted.get(at(s.kindOf, i)) ?? 0) + 1);
  let bound = 0;
  for (const [kind, n] of wanted) {
    const k = pick(s.kinds, kind);
    let slots = 0;
    for (let x = 0; x < k.hosts.length && slots < n; x++) slots += slotsOn(s, k, at(k.hosts, x));
    bound += Math.min(n, slots);
  }
  return bound;
};

/** UB3: a group that keeps apart has at most its limit on each host that can take any of its members. */
const byGroups = (s: Scarce, items: readonly number[]): number => {
  const members = new Map<number, number[]>();
  let bound = 0;
  for (const i of items) {
    const c = at(s.company, i);
    if (c === NONE) bound += 1;
    else members.set(c, [...(members.get(c) ?? []), i]);
  }
  for (const [c, list] of members) {
    const kinds = [...new Set(list.map((i) => at(s.kindOf, i)))].map((k) => pick(s.kinds, k));
    const limit = s.limit.get(c) as number;
    const standing = s.standing.get(c);
    let seats = 0;
    for (let j = 0; j < s.hosts.length && seats < list.length; j++) {
      if (kinds.some((k) => k.open[j] !== 0 && slotsOn(s, k, j) > 0)) seats += Math.max(0, limit - (standing?.get(j) ?? 0));
    }
    bound += Math.min(list.length, seats);
  }
  return bound;
};

/** No plan can place more of these items than this. */
export const mostOf = (s: Scarce, items: readonly number[]): number => Math.min(byVolume(s, items), bySlots(s, items), byGroups(s, items));

/**
 * The lowest level that a business type's fullest rack can have: water poured into the racks, over what stands there.
 * `capacity` caps what a rack can take; without it the bound is exact and still valid.
 */
export const waterLevel = (standing: readonly number[], n: number, capacity?: readonly number[]): number => {
  const most = standing.reduce((a, b) => Math.max(a, b), 0);
  if (n === 0 || standing.length === 0) return most;
  const holds = (level: number): boolean => {
    let room = 0;
    for (let r = 0; r < standing.length; r++) room += Math.min(capacity?.[r] ?? Infinity, Math.max(0, level - pick(standing, r)));
    return room >= n;
  };
  let [low, high] = [0, most + n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return Math.max(low, most);
};
