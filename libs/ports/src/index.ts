export * from './bus.ts';
export * from './clock.ts';
export * from './cloud.ts';
export * from './host-access.ts';
export * from './mail.ts';
export * from './messaging.ts';
export * from './registry.ts';
export * from './state-store.ts';
