export { sentence } from '@lifeboat/story';
export * from './drains.ts';
export * from './dry-run.ts';
export * from './followed.ts';
export * from './incidents.ts';
export * from './live.ts';
export * from './orders.ts';
export * from './read-events.ts';
