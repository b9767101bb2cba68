import type { SimulationChoices } from './simulate.ts';

/** Something that keeps a run safe, and how it is switched off from outside. */
export interface Guard {
  readonly name: string;
  readonly what: string;
  /** New for each run: what is put in an adapter's place may remember things. */
  readonly off: (seed: number) => Omit<SimulationChoices, 'seed'>;
}
export const guards: readonly Guard[] = [];

export function guardNamed(name: string): Guard {
  const guard = guards.find((g) => g.name === name);
  if (guard === undefined) throw new Error(`no guard '${name}'; there are ${guards.map((g) => g.name).join(', ')}`);
  return guard;
}
