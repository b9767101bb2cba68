import type { Decision } from '@lifeboat/kernel';
import type { Input, Output } from '@lifeboat/runtime';
import type { MigratorEffect, MigratorResult } from './effects.ts';
import type { MigratorState } from './state.ts';

export type MigratorInput = Input<MigratorEffect, MigratorResult, never>;
export type MigratorOutput = Output<MigratorEffect>;
export type Step = Decision<MigratorState, MigratorOutput>;
