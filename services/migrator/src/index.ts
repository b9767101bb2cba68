export { DISABLED_BY_US } from './disabled.ts';
export { type MigratorPorts, migratorWorld } from './perform/world.ts';
export * from './service.ts';
export * from './settings.ts';
export type { MigratorState } from './state.ts';
