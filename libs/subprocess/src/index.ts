export * from './line-process.ts';
export * from './run-program.ts';
