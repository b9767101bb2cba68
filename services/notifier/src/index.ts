export type { NotifierEffect, NotifierObservation, NotifierResult } from './decide/effects.ts';
export * from './service.ts';
export * from './settings.ts';
export { initialState, type NotifierState } from './state.ts';
export * from './world.ts';
