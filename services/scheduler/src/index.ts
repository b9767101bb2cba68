export { FleetKeeper } from './perform/fleet/keeper.ts';
export type { FleetPlanner } from './perform/fleet/planner.ts';
export { type SchedulerPorts, schedulerWorld } from './perform/world.ts';
export * from './service.ts';
export * from './settings.ts';
export { type SchedulerState, vmStageMeans } from './state.ts';
