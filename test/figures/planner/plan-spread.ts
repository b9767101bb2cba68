import type { FleetHost, FleetVm } from '@lifeboat/contracts';
import { clusterId, hostId, rackId } from '@lifeboat/kernel';
import { FleetModel, type PlanRequest, plan, planOn } from '@lifeboat/planner';
import { dice, uuid } from '../../planner/instances.ts';
import { type Figure, rackFailure } from './measure.ts';
import { region } from './region.ts';

/** Racks with barely room for what comes: one size of VM, and 1.02 to 1.6 places for each. */
const tight = (seed: number): PlanRequest => {
  const d = dice(seed);
  const racks = 4 + d.below(12);
  const types = 3 + d.below(12);
  const n = 60 + d.below(200);
  const slots = Math.ceil(n * (1.02 + d.below(60) / 100));
  const size = { vcpus: 2, memoryMb: 4096, diskGb: 20 };
  // Racks are bought alike and filled alike: their free places differ by a fifth, those of their hosts as they come.
  const places = Array.from({ length: racks * 3 }, () => 0);
  for (let rack = 0; rack < racks; rack++) {
    const here = Math.ceil((slots / racks) * (0.8 + d.below(41) / 100));
    for (let s = 0; s < here; s++) {
      const h = rack * 3 + d.below(3);
      places[h] = (places[h] as number) + 1;
    }
  }
  while (places.reduce((a, b) => a + b, 0) < slots) {
    const h = d.below(places.length);
    places[h] = (places[h] as number) + 1;
  }
  const host = (name: string, rack: string, k: number): FleetHost => ({
    host: hostId(name),
    cluster: clusterId('c'),
    rack: rackId(rack),
    highPerformance: false,
    usable: name !== 'dead',
    capacity: { vcpus: 2 * k, memoryMb: 4096 * k, diskGb: 20 * k },
    used: { vcpus: 0, memoryMb: 0, diskGb: 0 },
  });
  const hosts = places.map((k, i) => host(`h${i}`, `r${Math.floor(i / 3)}`, k));
  const vm = (i: number, at: string): FleetVm => ({
    vm: uuid(i),
    name: `vm-${i}`,
    host: hostId(at),
    size,
    businessType: `t${d.below(types)}`,
    performance: 'standard',
    priority: 500,
    status: 'ACTIVE',
  });
  const vms = Array.from({ length: n }, (_, i) => vm(i, 'dead'));
  const there = Array.from({ length: d.below(60) }, (_, i) => vm(n + i, `h${d.below(hosts.length)}`));
  return {
    fleet: { hosts: [...hosts, host('dead', 'gone', 0)], vms: [...vms, ...there], groups: [] },
    failedHosts: [hostId('dead')],
    clusters: new Map([[clusterId('c'), { policy: 'own-cluster', highPerformanceClusters: [] }]]),
  };
};

export const run = async ({ full }: { full: boolean }): Promise<Figure> => {
  const world = region({ hosts: 4_000, seed: 3, oneCluster: true });
  const roomy = planOn(FleetModel.of(world.fleet), rackFailure(world)).certificate.spread;
  const roomyEqual = roomy.filter((s) => s.most === s.lowerBound).length;
  const all = Array.from({ length: full ? 400 : 80 }, (_, seed) => plan(tight(seed)).certificate.spread).flat();
  const equal = all.filter((s) => s.most === s.lowerBound).length;
  const worst = Math.max(...all.map((s) => s.most - s.lowerBound));
  return {
    value: `roomy ${roomyEqual}/${roomy.length} types at their bound; tight ${equal}/${all.length} (${((100 * equal) / all.length).toFixed(2)} %), worst +${worst}`,
    asked: 'roomy: all; tight: >= 99 % of types, none more than +1',
    met: roomyEqual === roomy.length && equal / all.length >= 0.99 && worst <= 1,
  };
};
