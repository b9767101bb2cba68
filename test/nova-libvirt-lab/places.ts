import { join } from 'node:path';

/** Where the lab's state is: hosts, BMCs, shared storage, guest image. It survives the lab; only the image is of use later. */
export const stateDir = '/var/lib/lifeboat-nova-libvirt';
export const hostDir = (n: number) => join(stateDir, `host-${n}`);
export const guestDir = join(stateDir, 'guest');
/** What the hosts share: Nova's instances directory. */
export const sharedDir = join(stateDir, 'shared');

export const HOSTS = [1, 2, 3] as const;
/** What Nova's compute service calls it. Its hypervisor has the full name, as on most clouds. */
export const hostName = (n: number) => `host${n}`;
export const fullName = (n: number) => `host${n}.true.lab`;

/** Two networks: management 10.77.0.0/16, production 10.88.0.0/16. */
export const mgmtAddress = (n: number) => `10.77.0.${10 + n}`;
export const prodAddress = (n: number) => `10.88.0.${10 + n}`;
export const bmcAddress = (n: number) => `10.77.250.${10 + n}`;
export const guestAddress = (n: number) => `10.88.200.${n}`;
/** The guest derives its address from it: 52:54:00:b4:b5:b6 is 10.b4.b5.b6. */
export const guestMac = (n: number) => `52:54:00:58:c8:${n.toString(16).padStart(2, '0')}`;
export const CONTROL = '10.77.0.2';
export const STORAGE = '10.77.0.3';

/** Network namespaces. The monitor stands on the management network only, the customer on the production network only. */
export const spaces = {
  fabric: 'tl-fabric',
  monitor: 'tl-monitor',
  customer: 'tl-customer',
  control: 'tl-control',
  storage: 'tl-storage',
  bmc: 'tl-bmc',
} as const;
export const hostSpace = (n: number) => `tl-host${n}`;
export const netns = (space: string) => `/run/netns/${space}`;
/** Runs what follows in a network namespace, and in no other: mounts made there are seen everywhere. */
export const inside = (space: string) => ['nsenter', `--net=${netns(space)}`] as const;

/**
 * What the instances directory is on. gluster: one brick, mounted by every host over the management network, with locks that
 * hold between hosts and outlive a host without power by 11 s; gluster-slow: by half a minute. bindfs: a directory that looks
 * shared to libvirt and has no locks between hosts.
 */
export const storages = ['gluster', 'gluster-slow', 'bindfs'] as const;
export type Storage = (typeof storages)[number];
