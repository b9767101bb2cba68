import { createHash } from 'node:crypto';
import type { PlanRequest } from '@lifeboat/planner';
import type { Family } from './instances.ts';

/** What the solver proved about an instance; `digest` says of which one. */
export interface Optimum {
  readonly family: Family;
  readonly seed: number;
  readonly digest: string;
  /** VMs placed per priority, most urgent first. */
  readonly placed: readonly number[];
  /** Of those, the most that can be in their first choice of clusters. */
  readonly first: number;
}

export const digestOf = (q: PlanRequest): string => createHash('sha256').update(JSON.stringify(q.fleet)).digest('hex').slice(0, 16);
