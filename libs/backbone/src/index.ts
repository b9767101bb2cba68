export * from './backbone.ts';
export * from './registry.ts';
