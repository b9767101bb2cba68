import type { FenceMethod, Topology } from '@lifeboat/contracts';
import { clusterId, hostId, rackId } from '@lifeboat/kernel';
import { BMC_PASSWORD, BMC_USER } from './bmc.ts';
import { bmcAddress, HOST_PORT, hostName, mgmtAddress, prodAddress } from './places.ts';

/** fence_ipmilan against a lab host's BMC. Its time limits are short: everything is on loopback. */
export const labMethod = (n: number, more: Readonly<Record<string, string>> = {}, timeLimitMs = 15_000): FenceMethod => ({
  name: 'bmc',
  agent: 'fence_ipmilan',
  parameters: {
    ip: bmcAddress(n),
    username: BMC_USER,
    password: BMC_PASSWORD,
    lanplus: '1',
    cipher: '3',
    login_timeout: '3',
    power_timeout: '5',
    power_wait: '0',
    ...more,
  },
  timeLimitMs,
});

export interface TopologyWish {
  readonly hosts: number;
  readonly racks: number;
  readonly first?: number;
  readonly region?: string;
  readonly cluster?: string;
  readonly policy?: NonNullable<Topology['clusters'][number]['policy']>;
  /** E.g. '${env:LIFEBOAT_BMC_PASSWORD}' instead of the password itself. */
  readonly bmcPassword?: string;
}

/** The topology file of the lab: hosts dealt over the racks, one cluster, BMCs, probes by TCP alone. */
export const topologyFor = (wish: TopologyWish): Topology => ({
  region: wish.region ?? 'RegionOne',
  clusters: [{ cluster: clusterId(wish.cluster ?? 'lab'), ...(wish.policy === undefined ? {} : { policy: wish.policy }) }],
  racks: Array.from({ length: wish.racks }, (_, r) => ({ rack: rackId(`rack-${r + 1}`) })),
  hosts: Array.from({ length: wish.hosts }, (_, i) => {
    const n = (wish.first ?? 1) + i;
    return {
      host: hostId(hostName(n)),
      cluster: clusterId(wish.cluster ?? 'lab'),
      rack: rackId(`rack-${(i % wish.racks) + 1}`),
      managementAddress: mgmtAddress(n),
      productionAddress: prodAddress(n),
      fence: [labMethod(n, wish.bmcPassword === undefined ? {} : { password: wish.bmcPassword })],
    };
  }),
  // Loopback answers ICMP for every 127.x address, also for hosts without power.
  probes: { icmp: false, tcpPorts: [HOST_PORT], productionTcpPort: HOST_PORT },
});
