import type { Topology } from '@lifeboat/contracts';
import { clusterId, type HostId, rackId } from '@lifeboat/kernel';

/** The lab's computes as one cluster, in three racks by turns; no fence devices. */
export const labTopology = (hosts: readonly HostId[]) =>
  ({
    region: 'lab',
    clusters: [{ cluster: clusterId('lab') }],
    racks: [0, 1, 2].map((r) => ({ rack: rackId(`rack-${r}`) })),
    hosts: hosts.map((host, i) => ({
      host,
      cluster: clusterId('lab'),
      rack: rackId(`rack-${i % 3}`),
      managementAddress: '127.0.0.1',
      fence: [],
    })),
  }) satisfies Topology;
