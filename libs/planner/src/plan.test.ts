import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EvacuationPolicy, FleetGroup, FleetHost, FleetVm } from '@lifeboat/contracts';
import { clusterId, hostId, rackId, vmId } from '@lifeboat/kernel';
import { plan } from './plan.ts';
import type { PlanRequest } from './request.ts';

const size = (vcpus: number, memoryMb: number, diskGb = 0) => ({ vcpus, memoryMb, diskGb });
const host = (name: string, more: Partial<FleetHost> = {}): FleetHost => ({
  host: hostId(name),
  cluster: clusterId('c1'),
  rack: rackId('r1'),
  highPerformance: false,
  usable: true,
  capacity: size(16, 65536, 1000),
  used: size(0, 0),
  ...more,
});
const id = (n: number) => vmId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
const vm = (n: number, more: Partial<FleetVm> = {}): FleetVm => ({
  vm: id(n),
  name: `vm-${n}`,
  host: hostId('dead'),
  size: size(2, 4096, 10),
  businessType: '',
  performance: 'standard',
  priority: 500,
  status: 'ACTIVE',
  ...more,
});
const request = (
  hosts: FleetHost[],
  vms: FleetVm[],
  more: Partial<PlanRequest> & { groups?: FleetGroup[]; policy?: EvacuationPolicy } = {},
): PlanRequest => {
  const { groups = [], policy = 'own-cluster', ...rest } = more;
  return {
    fleet: { hosts: [host('dead', { usable: false }), ...hosts], vms, groups },
    failedHosts: [hostId('dead')],
    clusters: new Map([[clusterId('c1'), { policy, highPerformanceClusters: [clusterId('hp')] }]]),
    ...rest,
  };
};
const where = (q: PlanRequest) => Object.fromEntries(plan(q).placements.map((p) => [Number(p.vm.slice(-12)), p.to as string]));
const hp = (name: string, more: Partial<FleetHost> = {}) =>
  host(name, { cluster: clusterId('hp'), highPerformance: true, rack: rackId('rh'), ...more });

describe('capacity', () => {
  const table: [string, Partial<FleetHost>, Partial<FleetVm>, boolean][] = [
    ['fits exactly', { capacity: size(2, 4096, 10) }, {}, true],
    ['one vCPU short', { capacity: size(1, 4096, 10) }, {}, false],
    ['one MB short', { capacity: size(2, 4095, 10) }, {}, false],
    ['one GB of disk short', { capacity: size(2, 4096, 9) }, {}, false],
    ['used counts', { used: size(15, 0) }, {}, false],
    ['a resource the VM does not need may be overfull', { used: size(0, 0, 2000) }, { size: size(2, 4096, 0) }, true],
    ['more than the host gives one VM', { maxUnit: size(1, 65536, 1000) }, {}, false],
    ['not usable', { usable: false }, {}, false],
    ['another cell', { cell: 'cell2' }, {}, false],
    ['another zone', { availabilityZone: 'az2' }, { availabilityZone: 'az1' }, false],
    ['its zone', { availabilityZone: 'az1' }, { availabilityZone: 'az1' }, true],
    ['a trait missing', { traits: ['A'] }, { requiredTraits: ['A', 'B'] }, false],
    ['all traits', { traits: ['B', 'A'] }, { requiredTraits: ['A', 'B'] }, true],
    ['unevacuable', {}, { unevacuable: 'a PCI device is attached' }, false],
  ];
  for (const [name, h, v, placed] of table)
    it(name, () => assert.equal(plan(request([host('a', h)], [vm(1, v)])).placements.length, placed ? 1 : 0));

  it('keeps room promised to plans in flight', () => {
    const q = request([host('a', { capacity: size(4, 65536, 1000) })], [vm(1)]);
    assert.equal(plan(q).placements.length, 1);
    assert.equal(plan({ ...q, inFlight: new Map([[hostId('a'), size(3, 0)]]) }).placements.length, 0);
    assert.equal(plan({ ...q, exclude: [hostId('a')] }).placements.length, 0);
  });
  it('places no more on a host than it holds', () => {
    const p = plan(request([host('a', { capacity: size(5, 65536, 1000) })], [vm(1), vm(2), vm(3)]));
    assert.equal(p.placements.length, 2);
    assert.equal(p.unplaced[0]?.kind, 'no-room');
    assert.match(p.unplaced[0]?.because ?? '', /of 2 hosts 1 failed, excluded or not usable, 1 filled by other VMs/);
  });
});

describe('server groups', () => {
  const group = (policy: FleetGroup['policy'], maxServersPerHost = 1): FleetGroup => ({ group: 'g', policy, maxServersPerHost });
  it('anti-affinity: one on a host, counting a member that lives there', () => {
    const hosts = [host('a'), host('b'), host('c')];
    const vms = [vm(1, { group: 'g' }), vm(2, { group: 'g' }), vm(3, { group: 'g', host: hostId('b') })];
    const at = where(request(hosts, vms, { groups: [group('anti-affinity')] }));
    assert.deepEqual(Object.values(at).sort(), ['a', 'c']);
  });
  it('anti-affinity: max_server_per_host', () => {
    const vms = [1, 2, 3].map((n) => vm(n, { group: 'g' }));
    assert.equal(plan(request([host('a')], vms, { groups: [group('anti-affinity', 2)] })).placements.length, 2);
  });
  it('anti-affinity: a member on its way to a host is there already', () => {
    const vms = [vm(1, { group: 'g' }), vm(2, { group: 'g' })];
    const q = request([host('a'), host('b')], vms, { groups: [group('anti-affinity')], arriving: new Map([[id(2), hostId('a')]]) });
    assert.deepEqual(where(q), { 1: 'b' });
  });
  it('affinity: where the living member is, or nowhere', () => {
    const vms = [vm(1, { group: 'g' }), vm(2, { group: 'g', host: hostId('b') })];
    assert.deepEqual(where(request([host('a'), host('b', { used: size(1, 1) })], vms, { groups: [group('affinity')] })), { 1: 'b' });
    assert.deepEqual(where(request([host('a'), host('b', { usable: false })], vms, { groups: [group('affinity')] })), {});
  });
  it('affinity: all that died go to one host', () => {
    const vms = [1, 2, 3].map((n) => vm(n, { group: 'g' }));
    assert.equal(new Set(Object.values(where(request([host('a'), host('b')], vms, { groups: [group('affinity')] })))).size, 1);
  });
});

describe('soft server groups', () => {
  const group = (policy: FleetGroup['policy']) => [{ group: 'g', policy, maxServersPerHost: 1 }];
  const full = { used: size(15, 65536, 1000) };
  const many = (rack: (n: number) => string) => ['a', 'b', 'c', 'd', 'e', 'f'].map((n, i) => host(n, { rack: rackId(rack(i)) }));
  const oneRack = many(() => 'r1');
  const ownRacks = many((i) => `r${i}`);
  const friend = (at: string) => vm(9, { group: 'g', host: hostId(at) });
  const loaded = (name: string) => oneRack.map((h) => (h.host === name ? { ...h, load: { memory: 0.9, cpu: 0.9 } } : h));
  const members = (n: number, more: Partial<FleetVm> = {}) => Array.from({ length: n }, (_, i) => vm(i + 1, { group: 'g', ...more }));
  const table: [string, FleetGroup['policy'], FleetHost[], FleetVm[], (hosts: string[]) => boolean][] = [
    [
      'soft affinity: with the living member, busy as its host is',
      'soft-affinity',
      loaded('d'),
      [...members(1), friend('d')],
      (x) => x[0] === 'd',
    ],
    ['soft affinity: in another rack too', 'soft-affinity', ownRacks, [...members(1), friend('f')], (x) => x[0] === 'f'],
    [
      'soft affinity: elsewhere when there is no room beside the member',
      'soft-affinity',
      [host('a', full), host('b')],
      [...members(1), friend('a')],
      (x) => x[0] === 'b',
    ],
    ['soft affinity: the dead together', 'soft-affinity', ownRacks, members(3), (x) => x.length === 3 && new Set(x).size === 1],
    [
      'soft affinity: not at the cost of rack spread',
      'soft-affinity',
      ownRacks,
      members(3, { businessType: 'web' }),
      (x) => new Set(x).size === 3,
    ],
    ['soft anti-affinity: apart while there is choice', 'soft-anti-affinity', oneRack, members(6), (x) => new Set(x).size === 6],
    ['soft anti-affinity: apart over racks', 'soft-anti-affinity', ownRacks, members(6), (x) => new Set(x).size === 6],
    [
      'soft anti-affinity: not with the living member',
      'soft-anti-affinity',
      oneRack,
      [...members(5), friend('a')],
      (x) => !x.includes('a'),
    ],
    ['soft anti-affinity: together rather than nowhere', 'soft-anti-affinity', [host('a')], members(3), (x) => x.length === 3],
  ];
  for (const [name, policy, hosts, vms, holds] of table)
    it(name, () => {
      const found = Object.values(where(request(hosts, vms, { groups: group(policy) })));
      assert.ok(holds(found), found.join());
    });
});

describe('policies', () => {
  const hosts = [host('own', { capacity: size(2, 65536, 100) }), hp('fast')];
  const two = (performance: FleetVm['performance']) => [vm(1, { performance }), vm(2, { performance })];
  const table: [EvacuationPolicy, FleetVm['performance'], string[]][] = [
    ['own-cluster', 'high', ['own']],
    ['own-cluster', 'standard', ['own']],
    ['own-cluster-then-high-performance', 'high', ['fast', 'own']],
    ['own-cluster-then-high-performance', 'standard', ['own']],
    ['high-performance', 'high', ['fast', 'fast']],
    ['high-performance', 'standard', []],
    ['high-performance-then-own-cluster', 'high', ['fast', 'fast']],
    ['high-performance-then-own-cluster', 'standard', ['own']],
  ];
  for (const [policy, performance, expected] of table)
    it(`${policy}, ${performance} demand`, () =>
      assert.deepEqual(Object.values(where(request(hosts, two(performance), { policy }))).sort(), expected));
});

describe('order of aims', () => {
  it('spreads a business type over racks, counting VMs already there', () => {
    const hosts = ['r1', 'r2', 'r3'].map((r) => host(`h-${r}`, { rack: rackId(r) }));
    const vms = [...[1, 2, 3, 4].map((n) => vm(n, { businessType: 'web' })), vm(5, { businessType: 'web', host: hostId('h-r2') })];
    const p = plan(request(hosts, vms));
    assert.deepEqual(p.certificate.spread, [{ businessType: 'web', most: 2, lowerBound: 2 }]);
  });
  it('then takes the lowest projected load', () => {
    const hosts = [host('a', { load: { memory: 0.5, cpu: 0.1 } }), host('b', { load: { memory: 0.2, cpu: 0.1 } })];
    assert.deepEqual(where(request(hosts, [vm(1)])), { 1: 'b' });
  });
  it('then the order of the fleet', () => assert.deepEqual(where(request([host('b'), host('a')], [vm(1)])), { 1: 'b' }));
  it('serves the lower priority number first', () => {
    const q = request([host('a', { capacity: size(2, 65536, 100) })], [vm(1, { priority: 500 }), vm(2, { priority: 10 })]);
    assert.deepEqual(where(q), { 2: 'a' });
  });
  it('names alternates that are not the target', () => {
    const p = plan(
      request(
        ['a', 'b', 'c', 'd', 'e'].map((n) => host(n)),
        [vm(1)],
      ),
    ).placements[0];
    assert.equal(p?.alternates.length, 3);
    assert.equal(p?.alternates.includes(p.to), false);
  });
  it('gives the same plan for the same request, byte for byte', () => {
    const q = request(
      [host('a'), host('b', { rack: rackId('r2') })],
      [1, 2, 3, 4, 5].map((n) => vm(n, { businessType: n % 2 ? 'web' : 'db' })),
    );
    assert.equal(JSON.stringify(plan(q)), JSON.stringify(plan(structuredClone(q))));
  });
});
