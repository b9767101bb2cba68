import type { LifeboatEvent } from '@lifeboat/contracts';
import { instant } from '@lifeboat/kernel';

const AT = 1_795_312_800_000;
const vm = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const evidence = [
  { host: 'compute-3', signal: 'agent', is: 'lost', ageMs: 1200, observer: 'registry' },
  { host: 'compute-3', signal: 'production', is: 'dead', ageMs: 800, observer: 'compute-4 compute-7' },
];
const reasoned = {
  verdict: 'host failure',
  rule: 'agent lost, management dead, production dead, power on',
  hosts: ['compute-3'],
  evidence,
  at: AT,
};
const incident = 'inc-compute-3-1';
const proof = { host: 'compute-3', kind: 'fence', method: 'bmc', at: AT, detail: 'fence_ipmilan: off' };
const placement = (n: number, to: string) => ({ vm: vm(n), from: 'compute-3', to, alternates: [], priority: 500, because: 'rack spread' });
const plan = (unplaced: object[]) => ({
  placements: [placement(1, 'compute-4'), placement(2, 'compute-5'), placement(3, 'compute-5')],
  unplaced,
  certificate: { placed: 3, upperBound: 3, spread: [] },
});

/** [what it shows, type, incident?, data] */
const samples: readonly (readonly [name: string, type: LifeboatEvent['type'], incident: string | null, data: object])[] = [
  [
    'a fault that is no cause to evacuate',
    'lifeboat.fault.diagnosed',
    null,
    { ...reasoned, verdict: 'management network failure', action: 'Alerted only.' },
  ],
  [
    'the production network of a cluster',
    'lifeboat.fault.diagnosed',
    null,
    {
      ...reasoned,
      verdict: 'production network failure of the cluster',
      hosts: ['compute-1', 'compute-2', 'compute-3'],
      cluster: 'web',
      rule: 'agents and management of 3 of 3 hosts of the cluster well; none of them sees another one on the production network',
      action: 'alert; nothing is evacuated: no other host of the cluster is better off',
    },
  ],
  [
    'the production network of a cluster works again',
    'lifeboat.network.cleared',
    null,
    {
      cluster: 'web',
      hosts: ['compute-1', 'compute-2', 'compute-3'],
      since: AT - 90_000,
      rule: 'hosts of the cluster see each other on the production network again',
      at: AT,
    },
  ],
  [
    'a host that keeps failing',
    'lifeboat.host.quarantined',
    incident,
    { host: 'compute-3', incident, failures: 3, healthyMs: 600_000, at: AT },
  ],
  [
    'a host that was proven dead, and is not',
    'lifeboat.proof.contradicted',
    incident,
    {
      host: 'compute-3',
      incident,
      proof: { host: 'compute-3', kind: 'already-off', method: 'bmc', at: AT, detail: 'fence_ipmilan said off before anything was done' },
      backAt: AT,
      at: AT,
    },
  ],
  [
    'a BMC of another host',
    'lifeboat.fence.checked',
    null,
    {
      host: 'compute-3',
      method: 'bmc',
      device: '10.30.1.3',
      is: 'of-another',
      other: 'compute-4',
      detail: 'its UUID is that of compute-4',
      at: AT,
    },
  ],
  [
    'a BMC that could not be checked',
    'lifeboat.fence.checked',
    null,
    {
      host: 'compute-3',
      method: 'bmc',
      device: '10.30.1.3',
      is: 'unknown',
      detail: 'the agent of the host tells no UUID of its machine',
      at: AT,
    },
  ],
  [
    'the brake',
    'lifeboat.fault.held',
    null,
    { ...reasoned, hosts: ['compute-1', 'compute-2', 'compute-3'], reason: '3 of 6 hosts of cluster web at once, the brake allows 2' },
  ],
  [
    'a confirmed fault',
    'lifeboat.fault.confirmed',
    incident,
    { ...reasoned, incident, clusters: ['web'], racks: ['r1'], suspectedAt: AT - 6000, rackRule: false },
  ],
  [
    'an incident, automatic',
    'lifeboat.incident.opened',
    incident,
    {
      incident,
      verdict: 'host failure',
      rule: reasoned.rule,
      hosts: ['compute-3'],
      clusters: ['web'],
      highAvailability: true,
      automation: 'automatic',
      at: AT,
    },
  ],
  [
    'an incident where HA is off',
    'lifeboat.incident.opened',
    incident,
    {
      incident,
      verdict: 'host failure',
      rule: reasoned.rule,
      hosts: ['compute-3'],
      clusters: ['web'],
      highAvailability: false,
      automation: 'automatic',
      at: AT,
    },
  ],
  ['a host isolated', 'lifeboat.host.isolated', incident, { incident, host: 'compute-3', proof, at: AT }],
  [
    'isolation that fails',
    'lifeboat.isolation.failed',
    incident,
    {
      incident,
      host: 'compute-3',
      attempt: 1,
      methods: [{ method: 'bmc', code: 'FENCE_TIMEOUT', detail: 'no answer in 30 s' }],
      nextAt: AT + 30_000,
      at: AT,
    },
  ],
  [
    'a release that Nova refuses',
    'lifeboat.release.delayed',
    incident,
    {
      incident,
      host: 'compute-3',
      since: AT - 120_000,
      code: 'CLOUD_CONFLICT',
      reason: 'evacuated VMs await their clean-up by nova-compute',
      at: AT,
    },
  ],
  ['an incident that waits', 'lifeboat.incident.waiting', incident, { incident, for: 'capacity', reason: '2 VMs find no place', at: AT }],
  ['a plan that places all', 'lifeboat.plan.made', incident, { incident, attempt: 1, plan: plan([]), at: AT }],
  [
    'a plan that does not',
    'lifeboat.plan.made',
    incident,
    {
      incident,
      attempt: 2,
      plan: plan([{ vm: vm(4), name: 'billing-db-4', from: 'compute-3', because: 'no host has 64 GiB free', kind: 'no-room' }]),
      at: AT,
    },
  ],
  [
    'a VM that is not evacuated',
    'lifeboat.vm.unevacuable',
    incident,
    { incident, vm: vm(4), name: 'billing-db-4', host: 'compute-3', reason: 'HA_Enabled is false', actions: ['retry', 'dismiss'], at: AT },
  ],
  [
    'a storage that fails',
    'lifeboat.storage.suspected',
    null,
    {
      cluster: 'web',
      hosts: ['compute-3', 'compute-4', 'compute-5'],
      vms: 12,
      rule: 'VMs paused by I/O errors on 3 hosts',
      evidence: [],
      at: AT,
    },
  ],
  [
    'a storage that answers again',
    'lifeboat.storage.cleared',
    null,
    { cluster: 'web', since: AT, vms: 11, rule: 'a VM that was paused runs again', at: AT },
  ],
  [
    'a VM that could not be brought back',
    'lifeboat.vm.given-up',
    incident,
    {
      incident,
      vm: vm(4),
      name: 'billing-db-4',
      host: 'compute-3',
      failure: 'crashed',
      attempts: 4,
      reason: 'no other host has room for it',
      actions: ['retry'],
      at: AT,
    },
  ],
  [
    'a failed VM that is left alone',
    'lifeboat.vm.left-alone',
    incident,
    { incident, vm: vm(4), name: 'billing-db-4', host: 'compute-3', failure: 'hung', reason: 'it is locked in Nova', at: AT },
  ],
  [
    'a VM that a drain left in error on its new host',
    'lifeboat.vm.unevacuable',
    'inc-drain-compute-3-1',
    {
      ...{ incident: 'inc-drain-compute-3-1', vm: vm(4), name: 'billing-db-4', host: 'compute-3', drained: true, actions: ['dismiss'] },
      reason: 'Nova has it on compute-4 in error (Failed to activate binding); its guest runs there, by its agent',
      at: AT,
    },
  ],
  [
    'a reminder of it',
    'lifeboat.items.waiting',
    'inc-drain-compute-3-1',
    {
      incident: 'inc-drain-compute-3-1',
      items: [
        { vm: vm(4), name: 'billing-db-4', host: 'compute-3', reason: 'Nova has it on compute-4 in error', drained: true, since: AT },
      ],
      reminder: 1,
      at: AT,
    },
  ],
  [
    'a reminder of a VM that is down',
    'lifeboat.items.waiting',
    incident,
    { incident, items: [{ vm: vm(4), host: 'compute-3', reason: 'PCI passthrough', since: AT }], reminder: 2, at: AT },
  ],
  [
    'no place for what a rack runs, should it fail',
    'lifeboat.redundancy.lost',
    null,
    {
      targets: [
        { kind: 'rack', name: 'r1', vms: 40, without: 3, names: [vm(1), vm(2)], called: ['web-1', ''] },
        { kind: 'host', name: 'compute-3', vms: 9, without: 1, names: [vm(4)] },
      ],
      more: 0,
      clusters: ['web'],
      at: AT,
    },
  ],
  [
    'a good end',
    'lifeboat.incident.closed',
    incident,
    {
      incident,
      hosts: ['compute-3'],
      outcome: 'evacuated',
      vms: [
        { vm: vm(1), name: 'web-1', outcome: 'running', host: 'compute-4' },
        { vm: vm(2), outcome: 'stopped', host: 'compute-5' },
      ],
      openedAt: AT - 31_000,
      at: AT,
    },
  ],
  [
    'an end with VMs left',
    'lifeboat.incident.closed',
    incident,
    {
      incident,
      hosts: ['compute-3'],
      outcome: 'partly-evacuated',
      vms: [
        { vm: vm(1), outcome: 'running', host: 'compute-4' },
        { vm: vm(4), name: 'billing-db-4', outcome: 'unevacuable', reason: 'no host has 64 GiB free' },
      ],
      openedAt: AT - 200_000,
      at: AT,
    },
  ],
];

export const sampleEvents = samples.map(([name, type, inc, data], i) => ({
  name,
  event: {
    type,
    data,
    id: String(i).padStart(32, '0'),
    source: 'test/1',
    time: instant(AT),
    sequence: i + 1,
    ...(inc === null ? {} : { incident: inc }),
  } as unknown as LifeboatEvent,
}));
