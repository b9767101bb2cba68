import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Records, logs and faults of the lab. chassis.sh tells power.ts where it is. */
export const labDir = process.env.LIFEBOAT_LAB_HOSTS ?? '/run/lifeboat-lab-nets';
export const hostDir = (n: number) => join(labDir, `host-${n}`);
export const hostName = (n: number) => `compute-${n}`;

export const networks = ['management', 'production'] as const;
export type Network = (typeof networks)[number];
/** Racks hold this many hosts: 1 and 2 stand in the first one. */
export const HOSTS_A_RACK = 2;
export const rackOf = (n: number) => Math.ceil(n / HOSTS_A_RACK);
export const rackName = (r: number) => `rack-${r}`;

/** Network namespaces: the switches, the machines, and for each rack its BMCs. */
export const FABRIC = 'lbn-fabric';
export const hostSpace = (n: number) => `lbn-h${n}`;
export const monitorSpace = (m: number) => `lbn-mon${m}`;
export const bmcSpace = (r: number) => `lbn-bmc${r}`;
export const bridges = { management: 'lbn-m', production: 'lbn-p' } as const satisfies Record<Network, string>;

/** Where everybody else runs: this machine's own namespace, on the management network like an operator's controllers. */
export const CONTROLLER = '10.66.0.9';
export const monitorAddress = (m: number) => `10.66.0.${m}`;
export const hostAddress = (n: number, on: Network) => (on === 'management' ? `10.66.1.${n}` : `10.67.1.${n}`);
export const bmcAddress = (n: number) => `10.66.2.${n}`;

/** A switch port, and the file that says that its cable is pulled. */
export const portOf = (what: 'host' | 'bmcs' | 'monitor', n: number, on: Network = 'management') =>
  `${on === 'management' ? 'm' : 'p'}-${{ host: 'h', bmcs: 'b', monitor: 'mon' }[what]}${n}`;
export const cutFile = (port: string) => join(labDir, 'cuts', port);
export const isCut = (port: string) => existsSync(cutFile(port));
