import type { Placement, Plan, Unplaced } from '@lifeboat/contracts';
import { at, pick, real } from '../arrays.ts';
import { NONE } from '../solve/problem.ts';
import type { Solution } from '../solve/solve.ts';
import { Alternates } from './alternates.ts';
import { Reasons } from './reasons.ts';

const rowsOf = ({ seating: { problem } }: Solution, i: number): readonly number[] => problem.together.get(i) ?? [at(problem.vm, i)];

/** Numbers as digits of one: so that sorting plain numbers sorts by priority, then round, then planning order. */
const ROUNDS = 2 ** 20;
const PLACES = 2 ** 22;

/** Who goes, and where, in the order in which to act: by priority, then the first VM of every target before a second. */
const inOrder = (solution: Solution): { item: Int32Array; vm: Int32Array; order: Float64Array } => {
  const { problem, place, seated } = solution.seating;
  const item = new Int32Array(seated);
  const vm = new Int32Array(seated);
  const order = new Float64Array(seated);
  const rounds = new Int32Array(problem.room.layout.hosts);
  const level = new Int32Array(rounds.length).fill(-1);
  let x = 0;
  const add = (i: number, v: number): void => {
    const p = at(place, i);
    const priority = at(problem.model.vms.priority, v);
    rounds[p] = at(level, p) === priority ? at(rounds, p) + 1 : 0;
    level[p] = priority;
    item[x] = i;
    vm[x] = v;
    order[x] = (priority * ROUNDS + Math.min(at(rounds, p), ROUNDS - 1)) * PLACES + x;
    x += 1;
  };
  for (let i = 0; i < problem.items; i++) {
    if (at(place, i) === NONE) continue;
    const rows = problem.together.get(i);
    if (rows) for (const v of rows) add(i, v);
    else add(i, at(problem.vm, i));
  }
  return { item, vm, order: order.sort() };
};

const placementsOf = (solution: Solution, reasons: Reasons, alternates: number): Placement[] => {
  const { problem, place } = solution.seating;
  const { vms } = problem.model;
  const others = new Alternates(solution.seating, alternates);
  const hostNames = problem.model.hosts.names.names;
  const name = (p: number) => pick(hostNames, at(problem.room.layout.rowAt, p));
  const { item, vm, order } = inOrder(solution);
  const placements: Placement[] = [];
  for (let x = 0; x < order.length; x++) {
    const n = real(order, x) % PLACES;
    const i = at(item, n);
    const v = at(vm, n);
    placements.push({
      vm: vms.id(v),
      from: pick(hostNames, at(vms.host, v)),
      to: name(at(place, i)),
      alternates: others.of(i),
      priority: at(vms.priority, v),
      because: reasons.there(i),
    });
  }
  return placements;
};

const unplacedOf = (solution: Solution, reasons: Reasons): Unplaced[] => {
  const { problem, place } = solution.seating;
  const { hosts, vms } = problem.model;
  const rows: { v: number; kind: Unplaced['kind']; because: string }[] = problem.refused.map((r) => ({
    v: r.vm,
    kind: r.kind,
    because: r.because,
  }));
  for (let i = 0; i < problem.items; i++)
    if (at(place, i) === NONE) for (const v of rowsOf(solution, i)) rows.push({ v, kind: 'no-room', because: reasons.nowhere(i) });
  for (const v of solution.leftOut)
    rows.push({ v, kind: 'no-room', because: 'no host has room for its whole affinity group; this member was left out' });
  rows.sort((a, b) => at(vms.priority, a.v) - at(vms.priority, b.v) || (vms.id(a.v) < vms.id(b.v) ? -1 : 1));
  return rows.map(({ v, kind, because }) => ({
    vm: vms.id(v),
    from: pick(hosts.names.names, at(vms.host, v)),
    because: because.slice(0, 500),
    kind,
  }));
};

/** The plan as a document that can be printed, stored, compared and refused. */
export const documentOf = (solution: Solution, alternates: number): Plan => {
  const { seating } = solution;
  const { problem } = seating;
  const reasons = new Reasons(seating);
  const nameOf = (type: number) => pick(problem.model.vms.types.names, pick(problem.types, type));
  const spread = solution.spread
    .map((s) => ({ businessType: nameOf(s.type), most: s.most, lowerBound: s.lowerBound }))
    .sort((a, b) => (a.businessType < b.businessType ? -1 : 1));
  return {
    placements: placementsOf(solution, reasons, alternates),
    unplaced: unplacedOf(solution, reasons),
    certificate: { placed: seating.seated, upperBound: solution.upperBound, spread },
  };
};
