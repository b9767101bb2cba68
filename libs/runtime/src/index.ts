export * from './shell/band.ts';
export { type Owed, type Queued, type Stored, takeUp } from './shell/batch.ts';
export * from './shell/service.ts';
export * from './shell/shell.ts';
