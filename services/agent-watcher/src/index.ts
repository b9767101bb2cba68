export type { WatcherSettings } from './decide/decide.ts';
export type { Entry, Observation } from './decide/entries.ts';
export * from './service.ts';
export { type HostDocument, initialState, type WatcherState } from './state.ts';
export * from './world.ts';
