export type { OpenStackCloud } from './cloud.ts';
export { type CloudConfig, type LoadedCloud, loadCloud, systemSource } from './config/clouds.ts';
export type { Places } from './fleet/join.ts';
export { cloudOn, connect, type Opened, type OpenStackOptions, openOpenStack } from './open.ts';
export { defaultLimits, into, type Limits, type Log } from './options.ts';
