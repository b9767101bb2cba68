export * from './mailbox.ts';
export * from './memory-bus.ts';
export * from './memory-ledger.ts';
export * from './memory-registry.ts';
export * from './memory-state-store.ts';
export * from './phones.ts';
export * from './virtual-clock.ts';
export * from './wall-clock.ts';
