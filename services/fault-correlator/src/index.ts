export { evidenceLine, explainHost, inOrder, seconds, settingsFrom } from './explain.ts';
export * from './service.ts';
export * from './settings.ts';
export { type CorrelatorState, standingMeans } from './state.ts';
