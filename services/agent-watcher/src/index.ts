export { type WatcherSettings, watcherSettings } from './decide/decide.ts';
export type { Observation } from './decide/entries.ts';
export * from './service.ts';
export { type HostDocument, initialState, type WatcherState } from './state.ts';
export * from './world.ts';
