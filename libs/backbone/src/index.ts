export { wallClock } from '@lifeboat/adapters-memory/wall-clock';
export * from './backbone.ts';
export * from './registry.ts';
