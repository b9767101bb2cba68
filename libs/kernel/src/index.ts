export * from './decision.ts';
export * from './failures.ts';
export * from './identifiers.ts';
export * from './table.ts';
export * from './time.ts';
