export { Life } from './life.ts';
export * from './region.ts';
