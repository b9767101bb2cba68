import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fleet, FleetVm, Topology } from '@lifeboat/contracts';
import { clusterId, hostId, rackId, vmId } from '@lifeboat/kernel';
import { dryRun, tellDryRun } from './dry-run.ts';

const topology = { region: 'r', clusters: [{ cluster: 'c' }], racks: [], hosts: [] } as unknown as Topology;
const hosts = ['compute-1', 'compute-2', 'compute-3', 'compute-4'].map((name, i) => ({
  host: hostId(name),
  cluster: clusterId('c'),
  rack: rackId(`rack-${i % 2}`),
  highPerformance: false,
  usable: true,
  capacity: { vcpus: 4, memoryMb: 4096, diskGb: 40 },
  used: { vcpus: 2, memoryMb: 2048, diskGb: 20 },
}));
const vm = (n: number, host: string, more: Partial<FleetVm> = {}): FleetVm => ({
  vm: vmId(`${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`),
  name: `web-${n}`,
  host: hostId(host),
  size: { vcpus: 2, memoryMb: 2048, diskGb: 20 },
  businessType: 'web',
  performance: 'standard',
  priority: 500,
  status: 'ACTIVE',
  ...more,
});
const fleet: Fleet = {
  hosts,
  vms: [vm(1, 'compute-1'), vm(2, 'compute-2'), vm(3, 'compute-3', { unevacuable: 'it has a virtual TPM' }), vm(4, 'compute-4')],
  groups: [],
};
const told = (kind: 'host' | 'rack', name: string, of = fleet) => {
  const made = dryRun(of, topology, { kind, name });
  return made.ok ? tellDryRun(made.run) : made.problem;
};

describe('a failure played as a dry run', () => {
  it('shows where each VM of a host would go, why, and the proof', () => {
    const text = told('host', 'compute-1');
    assert.match(text, /If host compute-1 failed now: 1 of 1 VMs would get a place/);
    assert.match(text, /500 +00000001-0000-4000-8000-000000000000 web-1 +compute-1 +compute-3 \(rack-0\)/);
    assert.match(text, /no plan can place more than 1 \(proven best\)/);
    assert.match(text, /web: at most \d in a rack/);
  });
  it('shows the whole rack, and who finds no place and why', () => {
    const text = told('rack', 'rack-0', { ...fleet, hosts: hosts.map((h) => (h.host === 'compute-4' ? { ...h, usable: false } : h)) });
    assert.match(text, /rack rack-0 failed now \(2 hosts: compute-1, compute-3\): 1 of 2 VMs/);
    assert.match(text, /never +00000003-\S+ web-3 +compute-3 +it has a virtual TPM/);
  });
  it('helps with a name that does not exist', () => {
    assert.match(told('host', 'compute1'), /no host compute1 in the topology; did you mean compute-1, /);
    assert.match(told('rack', 'rack-7'), /did you mean rack-0, rack-1\?/);
    assert.match(told('host', 'zzzzzzzzzz'), /there are compute-1, compute-2/);
  });
});
