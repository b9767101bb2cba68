import type { Fleet, FleetHost, FleetVm } from '@lifeboat/contracts';
import { clusterId, hostId, rackId, vmId } from '@lifeboat/kernel';
import { FleetModel } from './model/fleet-model.ts';
import { planOn } from './plan.ts';

const RACKS = 20;
const HOSTS = 10;
const VMS = 12;

const practiceFleet = (): Fleet => {
  const hosts: FleetHost[] = [];
  const vms: FleetVm[] = [];
  for (let h = 0; h < RACKS * HOSTS; h++) {
    const host = hostId(`practice-${h}`);
    const used = { vcpus: 2 * VMS, memoryMb: 4096 * VMS, diskGb: 20 * VMS };
    const capacity = { vcpus: 2 * VMS + 8, memoryMb: 4096 * VMS + 16384, diskGb: 20 * VMS + 80 };
    hosts.push({
      host,
      cluster: clusterId('practice'),
      rack: rackId(`r${Math.floor(h / HOSTS)}`),
      highPerformance: false,
      usable: true,
      capacity,
      used,
    });
    for (let n = 0; n < VMS; n++) {
      const id = h * VMS + n;
      vms.push({
        vm: vmId(`${id.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`),
        name: '',
        host,
        size: { vcpus: 1 + (n % 2), memoryMb: 2048 * (1 + (n % 2)), diskGb: 20 },
        businessType: `t${id % 17}`,
        performance: 'standard',
        priority: 500,
        status: 'ACTIVE',
        ...(id % 20 === 0 ? { group: `g${id % 400}` } : {}),
      });
    }
  }
  const groups = Array.from({ length: 400 }, (_, g) => ({ group: `g${g}`, policy: 'anti-affinity' as const, maxServersPerHost: 1 }));
  return { hosts, vms, groups };
};

/** Too full for what comes, with two choices of clusters, three priorities and groups: what a search for room goes through. */
const scarceFleet = (): Fleet => {
  const fleet = practiceFleet();
  const hosts = fleet.hosts.slice(0, 60).map((h, n) => {
    const free = { vcpus: n % 5, memoryMb: 2048 * (n % 7), diskGb: 20 * (n % 6) };
    const used = {
      vcpus: h.capacity.vcpus - free.vcpus,
      memoryMb: h.capacity.memoryMb - free.memoryMb,
      diskGb: h.capacity.diskGb - free.diskGb,
    };
    return { ...h, cluster: clusterId(n % 3 === 0 ? 'practice-fast' : 'practice'), used };
  });
  const names = new Set(hosts.map((h) => h.host));
  const vms = fleet.vms
    .filter((v) => names.has(v.host))
    .map((v, n) => ({ ...v, performance: n % 2 === 0 ? ('high' as const) : ('standard' as const), priority: 100 * (1 + (n % 3)) }));
  return { hosts, vms, groups: fleet.groups };
};

const SCARCE_ROUNDS = 4;

/** Plays plans on a small made-up fleet, so that the first real one meets compiled code. Once per process, at its start. */
export const warmUp = (rounds = 60): void => {
  const model = FleetModel.of(practiceFleet());
  const clusters = new Map([[clusterId('practice'), { policy: 'own-cluster' as const, highPerformanceClusters: [] }]]);
  for (let round = 0; round < rounds; round++) {
    const rack = round % RACKS;
    const failedHosts = Array.from({ length: HOSTS }, (_, n) => hostId(`practice-${rack * HOSTS + n}`));
    planOn(model, { failedHosts, clusters });
  }
  const scarce = FleetModel.of(scarceFleet());
  const rules = { policy: 'own-cluster-then-high-performance' as const, highPerformanceClusters: [clusterId('practice-fast')] };
  const both = new Map([clusterId('practice'), clusterId('practice-fast')].map((c) => [c, rules] as const));
  for (let round = 0; round < SCARCE_ROUNDS; round++) {
    const failedHosts = Array.from({ length: HOSTS }, (_, n) => hostId(`practice-${round * HOSTS + n}`));
    planOn(scarce, { failedHosts, clusters: both });
  }
};
