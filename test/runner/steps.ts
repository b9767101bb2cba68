import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A step runs programs (each counts as one test) and test files. */
export interface Step {
  readonly name: string;
  readonly about: string;
  readonly programs: readonly (readonly [name: string, file: string, ...args: string[]])[];
  readonly files: readonly string[];
  /** Test files at the same time. Those with servers of their own run one after another. */
  readonly parallel: number;
  readonly limitMinutes: number;
  /** Files whose lab was late are tried once more: its servers and guests share two cores. */
  readonly secondTry: boolean;
  /** Lists of Debian packages that the step needs. */
  readonly packages: readonly string[];
}
export const stepNames = ['check', 'unit', 'sim', 'contract', 'e2e'] as const;
export type StepName = (typeof stepNames)[number];

/** Seeds of the simulated region that every run tries. */
const SEEDS = 1000;

const find = async (...patterns: string[]): Promise<string[]> => {
  const found: string[] = [];
  for await (const path of glob(patterns, { cwd: repository, exclude: (name) => name === 'node_modules' || name === '.lifeboat' }))
    found.push(path);
  return found.sort();
};

/** Cheapest first. Every test file belongs to one step: what no other names is end to end. */
export async function findSteps(): Promise<Readonly<Record<StepName, Step>>> {
  const unit = await find('{libs,services,deploy}/**/*.test.ts', 'test/{architecture,planner,figures,runner}/**/*.test.ts');
  const sim = await find('test/sim/**/*.test.ts');
  const contract = await find('test/{contract,servers}/**/*.test.ts');
  const taken = new Set([...unit, ...sim, ...contract]);
  const e2e = (await find('test/**/*.test.ts')).filter((f) => !taken.has(f));
  const labPackages = await find('test/*/packages.txt');
  const plain = { programs: [], files: [], parallel: 1, packages: [], secondTry: false };
  return {
    check: {
      ...plain,
      name: 'check',
      about: 'what can be said without running anything',
      programs: [['check', 'test/check.ts']],
      limitMinutes: 6,
    },
    unit: { ...plain, name: 'unit', about: 'decisions, adapters without servers, architecture', files: unit, parallel: 2, limitMinutes: 8 },
    sim: {
      ...plain,
      name: 'sim',
      about: 'the region under a virtual clock, with faults from a seed',
      programs: [[`${SEEDS} seeds`, 'test/sim/main.ts', '--seeds', String(SEEDS)]],
      files: sim,
      limitMinutes: 12,
    },
    contract: {
      ...plain,
      name: 'contract',
      secondTry: true,
      about: 'every adapter against the contract of its port, on real servers',
      files: contract,
      packages: ['test/packages/contract.txt', ...labPackages],
      limitMinutes: 20,
    },
    e2e: {
      ...plain,
      name: 'e2e',
      secondTry: true,
      about: 'the whole of it, on the labs',
      files: e2e,
      packages: ['test/packages/contract.txt', ...labPackages],
      limitMinutes: 25,
    },
  };
}
