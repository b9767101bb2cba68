import { join } from 'node:path';
import type { Topology } from '@lifeboat/contracts';
import { clusterId, hostId, rackId } from '@lifeboat/kernel';
import { labMethod } from '../lab-hosts/lab-hosts.ts';
import { hostsOfRack } from './fabric.ts';
import { bmcAddress, hostAddress, hostName, labDir, rackName } from './places.ts';

export const sshKey = join(labDir, 'ssh-key');
export const knownHosts = join(labDir, 'known-hosts');
/** The fence device of a host, as an operator writes it down. */
export const bmcMethod = (n: number, more: Readonly<Record<string, string>> = {}, timeLimitMs = 8_000) =>
  labMethod(n, { ip: bmcAddress(n), ...more }, timeLimitMs);

export const topologyOf = (racks: number, policy: NonNullable<Topology['clusters'][number]['policy']> = {}): Topology => {
  const numbers = Array.from({ length: racks }, (_, i) => i + 1);
  return {
    region: 'RegionOne',
    clusters: [
      { cluster: clusterId('lab'), policy: { automation: 'automatic', release: 'automatic', releaseAfterHealthyMs: 1_000, ...policy } },
    ],
    racks: numbers.map((r) => ({ rack: rackId(rackName(r)) })),
    hosts: numbers.flatMap((r) =>
      hostsOfRack(r).map((n) => ({
        host: hostId(hostName(n)),
        cluster: clusterId('lab'),
        rack: rackId(rackName(r)),
        managementAddress: hostAddress(n, 'management'),
        productionAddress: hostAddress(n, 'production'),
        fence: [bmcMethod(n)],
      })),
    ),
    probes: {
      icmp: true,
      tcpPorts: [22],
      ssh: {
        user: 'root',
        identityFile: sshKey,
        knownHostsFile: knownHosts,
        restartCommand: `setsid sh ${labDir}/host-$(hostname | tr -dc 0-9)/agent.sh < /dev/null > /dev/null 2>&1 &`,
      },
    },
  };
};
