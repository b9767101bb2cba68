import { at } from '../arrays.ts';
import { Greedy } from './greedy.ts';
import { EFFORT, type Effort, improve } from './improve.ts';
import { NONE, type Problem } from './problem.ts';
import { Relief } from './relieve.ts';
import { Seating } from './seating.ts';
import { rejoin, shrink } from './shrink.ts';
import { Levels, type Spread } from './spread.ts';

export interface Solution {
  readonly seating: Seating;
  /** No plan can place more VMs. */
  readonly upperBound: number;
  readonly spread: readonly Spread[];
  /** VMs whose affinity group found a host, but one without room for them. */
  readonly leftOut: readonly number[];
}

/** What repairing the rack spread may spend, in looks at racks and hosts. */
const RELIEF = 300_000;

const spreadOf = (seating: Seating): Spread[] => {
  const levels = new Levels(seating);
  const spread: Spread[] = [];
  for (let type = 1; type < seating.problem.types.length; type++) {
    const { most, tight } = levels.settled(type);
    if (tight) spread.push({ type, most, lowerBound: most });
    else spread.push({ type, most, lowerBound: Math.max(levels.bound(type, false), levels.bound(type, true)) });
  }
  return spread;
};

const levelOut = (seating: Seating, spread: readonly Spread[]): void => {
  const relief = new Relief(seating, new Levels(seating));
  const meter = { left: RELIEF };
  // What one type gives up may be what another one lacked: so a second time.
  for (const s of [...spread, ...spread]) if (s.most > s.lowerBound) relief.lower(s.type, s.lowerBound, meter);
};

/** The moves since may have opened room for some who were left over: so it is asked once more. */
const lastCall = (seating: Seating, leftOut: number[]): void => {
  const { problem } = seating;
  const greedy = new Greedy(seating);
  for (let i = 0; i < problem.items; i++) if (at(seating.place, i) === NONE) greedy.place(i);
  rejoin(seating, leftOut);
};

/** Every planned VM to the least loaded host of its rack, once the racks are settled. */
const settle = (seating: Seating): void => {
  for (let i = 0; i < seating.problem.items; i++) {
    const p = at(seating.place, i);
    if (p === NONE || at(seating.problem.pin, i) !== NONE) continue;
    seating.rise(i);
    seating.scan(i, seating.segmentOf(p));
    seating.sit(i, seating.found === NONE ? p : seating.found);
  }
};

/** In the order of the aims: hard rules always; then count by priority, policy, rack spread, load, a fixed tie-break. */
export const solve = (problem: Problem, effort: Effort = EFFORT): Solution => {
  const seating = new Seating(problem);
  const greedy = new Greedy(seating);
  let second = 0;
  for (let i = 0; i < problem.items; i++) {
    if (greedy.placeIn(i, at(problem.first, i))) continue;
    second += 1;
    greedy.placeIn(i, at(problem.second, i));
  }
  const upperBound = second === 0 ? seating.seated : improve(seating, effort);
  const leftOut = second === 0 ? [] : shrink(seating);
  let spread = spreadOf(seating);
  const uneven = spread.some((s) => s.most > s.lowerBound);
  if (uneven) levelOut(seating, spread);
  if (second > 0) {
    settle(seating);
    lastCall(seating, leftOut);
  }
  if (uneven || second > 0) spread = spreadOf(seating);
  return { seating, upperBound, spread, leftOut };
};
