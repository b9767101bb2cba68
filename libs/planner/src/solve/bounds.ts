import { at, pick } from '../arrays.ts';
import { NONE } from './problem.ts';
import { NO_NEED } from './room.ts';
import type { Kind, Scarce } from './scarce.ts';

const amount = (need: number): number => (need === NO_NEED ? 0 : need);

/** UB1: the smallest needs first, per resource, into one large bin. */
const byVolume = (s: Scarce, items: readonly number[]): number => {
  let bound = items.length;
  for (const d of [0, 1, 2] as const) {
    let supply = 0;
    for (let j = 0; j < s.hosts.length; j++) supply += Math.max(0, at(s.free[d], j));
    const needs = items.map((i) => amount(resource(pick(s.kinds, at(s.kindOf, i)), d))).sort((a, b) => a - b);
    let k = 0;
    for (let sum = 0; k < needs.length; k++) {
      sum += pick(needs, k);
      if (sum > supply) break;
    }
    bound = Math.min(bound, k);
  }
  return bound;
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
      if (kinds.some((k) => k.open[j] === 1 && slotsOn(s, k, j) > 0)) seats += Math.max(0, limit - (standing?.get(j) ?? 0));
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
