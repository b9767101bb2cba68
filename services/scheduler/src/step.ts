import type { Decision } from '@lifeboat/kernel';
import type { Input, Output } from '@lifeboat/runtime';
import type { RedundancySeen, SchedulerEffect, SchedulerResult } from './effects.ts';
import type { SchedulerState } from './state.ts';

export type SchedulerInput = Input<SchedulerEffect, SchedulerResult, RedundancySeen>;
export type SchedulerOutput = Output<SchedulerEffect>;
export type Step = Decision<SchedulerState, SchedulerOutput>;
