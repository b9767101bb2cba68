import type { Decision } from '@lifeboat/kernel';
import type { Input, Output } from '@lifeboat/runtime';
import type { SchedulerEffect, SchedulerResult } from './effects.ts';
import type { SchedulerState } from './state.ts';

export type SchedulerInput = Input<SchedulerEffect, SchedulerResult, never>;
export type SchedulerOutput = Output<SchedulerEffect>;
export type Step = Decision<SchedulerState, SchedulerOutput>;
