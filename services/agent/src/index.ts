export * from './agent.ts';
export * from './nova-vm-source.ts';
export * from './peers.ts';
