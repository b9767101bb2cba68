export type { MonitorEffect, MonitorObservation, MonitorResult, Round } from './decide/effects.ts';
export * from './service.ts';
export * from './settings.ts';
export { type HostDocument, initialState, type MonitorState } from './state.ts';
export * from './world.ts';
