import { at } from '../arrays.ts';
import { Greedy } from './greedy.ts';
import { NONE } from './problem.ts';
import type { Seating } from './seating.ts';

interface Part {
  readonly rows: readonly number[];
  readonly domain: number;
  readonly shape: number;
  readonly place: number;
}

/** As many of a group as one host of this domain takes, the most urgent first. The item is not seated afterwards. */
const grow = (seating: Seating, i: number, rows: readonly number[], domain: number): Part => {
  const { problem } = seating;
  problem.first[i] = domain;
  problem.second[i] = NONE;
  let part: Part = { rows: [], domain, shape: at(problem.shape, i), place: NONE };
  for (const v of rows) {
    const more = [...part.rows, v];
    problem.together.set(i, more);
    problem.shape[i] = problem.shapeOfAll(more);
    if (new Greedy(seating).place(i)) part = { rows: more, domain, shape: at(problem.shape, i), place: at(seating.place, i) };
    seating.rise(i);
  }
  return part;
};

/**
 * A group that goes together and fits nowhere as a whole: as many of it as can be together somewhere, in any of the
 * clusters that some of its members may go to. Returns the VMs that are left out.
 */
export const shrink = (seating: Seating): number[] => {
  const { problem } = seating;
  const leftOut: number[] = [];
  for (const [i, rows] of [...problem.together]) {
    if (at(seating.place, i) !== NONE) continue;
    const whole = { shape: at(problem.shape, i), first: at(problem.first, i), second: at(problem.second, i) };
    const domains = [...new Set(rows.flatMap((v) => problem.choices(v)))];
    const parts = domains.map((d) =>
      grow(
        seating,
        i,
        rows.filter((v) => problem.choices(v).includes(d)),
        d,
      ),
    );
    const best = parts.reduce((a, b) => (b.rows.length > a.rows.length ? b : a));
    if (best.place === NONE) {
      problem.together.set(i, rows);
      problem.shape[i] = whole.shape;
      problem.first[i] = whole.first;
      problem.second[i] = whole.second;
      continue;
    }
    problem.together.set(i, best.rows);
    problem.shape[i] = best.shape;
    problem.first[i] = best.domain;
    seating.sit(i, best.place);
    leftOut.push(...rows.filter((v) => !best.rows.includes(v)));
  }
  return leftOut;
};

/** Adds to seated groups those left out for whom their host has room after all; takes them off the list. */
export const rejoin = (seating: Seating, leftOut: number[]): void => {
  const { problem } = seating;
  const { vms } = problem.model;
  for (const v of [...leftOut]) {
    for (const [i, rows] of problem.together) {
      const place = at(seating.place, i);
      if (place === NONE || at(vms.group, at(problem.vm, i)) !== at(vms.group, v) || !problem.choices(v).includes(at(problem.first, i)))
        continue;
      const shape = at(problem.shape, i);
      seating.rise(i);
      problem.together.set(i, [...rows, v]);
      problem.shape[i] = problem.shapeOfAll([...rows, v]);
      if (seating.may(i, place)) leftOut.splice(leftOut.indexOf(v), 1);
      else {
        problem.together.set(i, rows);
        problem.shape[i] = shape;
      }
      seating.sit(i, place);
    }
  }
};
