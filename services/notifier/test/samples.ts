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
  ['an incident that waits', 'lifeboat.incident.waiting', incident, { incident, for: 'capacity', reason: '2 VMs find no place', at: AT }],
  ['a plan that places all', 'lifeboat.plan.made', incident, { incident, attempt: 1, plan: plan([]), at: AT }],
  [
    'a plan that does not',
    'lifeboat.plan.made',
    incident,
    { incident, attempt: 2, plan: plan([{ vm: vm(4), from: 'compute-3', because: 'no host has 64 GiB free', kind: 'no-room' }]), at: AT },
  ],
  [
    'a VM that is not evacuated',
    'lifeboat.vm.unevacuable',
    incident,
    { incident, vm: vm(4), host: 'compute-3', reason: 'HA_Enabled is false', actions: ['retry', 'dismiss'], at: AT },
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
        { vm: vm(1), outcome: 'running', host: 'compute-4' },
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
        { vm: vm(4), outcome: 'unevacuable', reason: 'no host has 64 GiB free' },
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
