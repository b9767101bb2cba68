export * from './service.ts';
export * from './settings.ts';
export { type CorrelatorState, standingMeans } from './state.ts';
