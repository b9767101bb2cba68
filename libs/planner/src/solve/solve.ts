import { at } from '../arrays.ts';
import { Greedy } from './greedy.ts';
import { EFFORT, type Effort, improve } from './improve.ts';
import { NONE, type Problem } from './problem.ts';
import { Relief } from './relieve.ts';
import { Seating } from './seating.ts';
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

const levelOut = (seating: Seating): Spread[] => {
  const levels = new Levels(seating);
  const spread = seating.problem.types
    .map((_, type) => ({ type, most: levels.most(type), lowerBound: levels.bound(type, false) }))
    .slice(1);
  const uneven = spread.filter((s) => s.most > s.lowerBound);
  if (uneven.length === 0) return spread;
  for (const s of uneven) s.lowerBound = levels.bound(s.type, true);
  const relief = new Relief(seating, levels);
  const meter = { left: RELIEF };
  for (const s of uneven) relief.lower(s.type, s.lowerBound, meter);
  for (const s of spread) s.most = levels.most(s.type);
  return spread;
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

/** A group that goes together and fits nowhere as a whole: as many of it as one host takes, the most urgent first. */
const shrink = (seating: Seating): number[] => {
  const { problem } = seating;
  const leftOut: number[] = [];
  for (const [i, rows] of [...problem.together]) {
    if (at(seating.place, i) !== NONE) continue;
    let kept: readonly number[] = [];
    const wholeShape = at(problem.shape, i);
    for (const v of rows) {
      const before = { shape: at(problem.shape, i), place: at(seating.place, i) };
      seating.rise(i);
      problem.together.set(i, [...kept, v]);
      problem.shape[i] = problem.shapeOfAll([...kept, v]);
      if (new Greedy(seating).place(i)) kept = [...kept, v];
      else {
        problem.together.set(i, kept);
        problem.shape[i] = before.shape;
        if (before.place !== NONE) seating.sit(i, before.place);
      }
    }
    if (kept.length > 0) leftOut.push(...rows.filter((v) => !kept.includes(v)));
    else {
      problem.together.set(i, rows);
      problem.shape[i] = wholeShape;
    }
  }
  return leftOut;
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
  const spread = levelOut(seating);
  if (second > 0) settle(seating);
  return { seating, upperBound, spread, leftOut };
};
