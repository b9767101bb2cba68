import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FleetSchema } from '@lifeboat/contracts';
import { type HostId, hostId } from '@lifeboat/kernel';
import Schema from 'typebox/schema';
import { recorded } from '../../test-support/fake-openstack.ts';
import type { GroupRow, HypervisorRow, ServerRow, ServiceRow } from '../nova/schemas.ts';
import { capacityOf, type ProviderFacts } from '../placement.ts';
import { resolveIdentities } from './identities.ts';
import { joinFleet, type Places } from './join.ts';
import { matches } from './masks.ts';
import { LOCAL_DISKS, serverRules } from './server-rules.ts';
import { fleetVm, sizeOf } from './vm.ts';

const base = (recorded('server-show-in-group').response as { server: ServerRow }).server;
const server = (change: Partial<ServerRow> = {}): ServerRow => ({ ...base, server_groups: [], ...change });
const spec = (extra_specs: Record<string, string>): ServerRow => server({ flavor: { ...base.flavor, extra_specs } });
const here = hostId('compute-2');
const plain = serverRules(undefined, []);
const because = (s: ServerRow) => fleetVm(s, here, undefined, plain).vm.unevacuable;

describe('a VM of the fleet', () => {
  it('has the properties that its owner wrote, in metadata or tags', () => {
    const written = { 'lifeboat:business_type': 'web', 'lifeboat:performance': 'high', 'lifeboat:priority': '0' };
    for (const s of [server({ metadata: written }), server({ tags: Object.entries(written).map(([k, v]) => `${k}=${v}`) })]) {
      const { vm, complaints } = fleetVm(s, here, 'g', plain);
      assert.deepEqual([vm.businessType, vm.performance, vm.priority, vm.group, complaints], ['web', 'high', 0, 'g', []]);
    }
  });
  it('takes defaults, and complains of what is wrong', () => {
    const usual = fleetVm(server(), here, undefined, plain);
    assert.deepEqual([usual.vm.businessType, usual.vm.performance, usual.vm.priority, usual.complaints], ['', 'standard', 500, []]);
    const wrong = { 'lifeboat:performance': 'turbo', 'lifeboat:priority': '1001', HA_Enabled: 'perhaps' };
    const { vm, complaints } = fleetVm(server({ metadata: wrong }), here, undefined, plain);
    assert.deepEqual([vm.performance, vm.priority, vm.unevacuable], ['standard', 500, undefined]);
    assert.deepEqual(
      complaints.map((c) => c.field),
      ['lifeboat:performance', 'lifeboat:priority', 'HA_Enabled'],
    );
    assert.match(complaints[0]?.where ?? '', new RegExp(base.id));
    for (const priority of ['-1', '1.5', '1e2', '', 'high'])
      assert.equal(fleetVm(server({ metadata: { 'lifeboat:priority': priority } }), here, undefined, plain).complaints.length, 1, priority);
    const both = server({ metadata: { 'lifeboat:priority': '1' }, tags: ['lifeboat:priority=2'] });
    assert.deepEqual([fleetVm(both, here, undefined, plain).vm.priority, fleetVm(both, here, undefined, plain).complaints.length], [1, 1]);
  });
  it('is as large as Nova asks of Placement', () => {
    const flavor = { ...base.flavor, vcpus: 2, ram: 1024, disk: 10, ephemeral: 5, swap: 1500 };
    assert.deepEqual(sizeOf(server({ flavor })), { vcpus: 2, memoryMb: 1024, diskGb: 17 });
    assert.deepEqual(sizeOf(server({ flavor, image: '' })), { vcpus: 2, memoryMb: 1024, diskGb: 7 }, 'boots from a volume');
    assert.equal(sizeOf(spec({ 'resources:VCPU': '0' })).vcpus, 0);
  });
  it('is unevacuable for a reason that is told', () => {
    assert.equal(because(server()), undefined);
    for (const state of ['stopped', 'error']) assert.equal(because(server({ 'OS-EXT-STS:vm_state': state })), undefined);
    for (const state of ['paused', 'suspended', 'rescued', 'shelved', 'building', 'resized'])
      assert.match(because(server({ 'OS-EXT-STS:vm_state': state })) ?? '', new RegExp(`it is ${state}`));
    assert.match(because(server({ metadata: { HA_Enabled: 'false' } })) ?? '', /HA_Enabled/);
    assert.match(because(server({ tags: ['HA_Enabled=False'] })) ?? '', /HA_Enabled/);
    for (const [key, value, says] of [
      ['hw:tpm_version', '2.0', /TPM/],
      ['hw:cpu_policy', 'dedicated', /pinned/],
      ['hw:numa_nodes', '2', /NUMA/],
      ['hw:mem_page_size', 'large', /huge pages/],
      ['hw:pmem', '6GB', /persistent memory/],
      ['pci_passthrough:alias', 'gpu:1', /PCI/],
      ['accel:device_profile', 'fpga', /accelerator/],
      ['resources:VGPU', '1', /resource class/],
    ] as const)
      assert.match(because(spec({ [key]: value })) ?? '', says, key);
    for (const harmless of [{ 'hw:cpu_policy': 'shared' }, { 'resources:VGPU': '0' }, { 'hw:boot_menu': 'true' }, {}] as Record<
      string,
      string
    >[])
      assert.equal(because(spec(harmless)), undefined, JSON.stringify(harmless));
  });
  it('is unevacuable for what its image asks for, too', () => {
    const image = (properties: Record<string, string>) => because(server({ image: { id: 'an-image', properties } }));
    assert.equal(image({ hw_cpu_policy: 'dedicated' }), 'it is pinned to CPUs (its image says hw_cpu_policy=dedicated)');
    assert.match(image({ hw_tpm_model: 'tpm-crb' }) ?? '', /virtual TPM: Nova refuses/);
    assert.match(image({ hw_numa_nodes: '2' }) ?? '', /NUMA/);
    assert.match(image({ hw_mem_page_size: '2048' }) ?? '', /huge pages/);
    const harmless = { hw_cpu_policy: 'shared', hw_disk_bus: 'virtio', hw_cpu_realtime_mask: '^0', img_bdm_v2: 'True', os_distro: 'numa' };
    assert.equal(image(harmless), undefined);
    for (const none of ['', null] as const) assert.equal(because(server({ image: none })), undefined);
  });
  it('stays where its disk is, in a cluster that keeps disks on its hosts; a volume goes anywhere', () => {
    const clusters = [{ cluster: 'c', policy: { instanceDisks: 'local' } }, { cluster: 'd' }];
    const hosts = [
      { host: here, cluster: 'c' },
      { host: hostId('compute-3'), cluster: 'd' },
    ];
    const rules = serverRules({ clusters, hosts } as unknown as Places, []);
    const vm = (host: HostId, change: Partial<ServerRow>) => fleetVm(server(change), host, undefined, rules).vm;
    const image = { image: { id: 'an-image' } };
    assert.match(vm(here, image).unevacuable ?? '', /its disk is on its host .*without its data/);
    assert.match(vm(here, { image: '', flavor: { ...base.flavor, ephemeral: 5 } }).unevacuable ?? '', /its ephemeral disk is on its host/);
    assert.equal(vm(here, { image: '' }).unevacuable, undefined);
    const shared = vm(hostId('compute-3'), image);
    assert.deepEqual([shared.unevacuable, shared.forbiddenTraits], [undefined, [LOCAL_DISKS]], 'nor may it go to such a host');
    assert.equal(vm(hostId('compute-3'), { image: '' }).forbiddenTraits, undefined);
    assert.equal(fleetVm(server(image), here, undefined, plain).vm.unevacuable, undefined, 'disks are shared where nobody says otherwise');
  });
  it('is not to be moved while Nova is at work on it, which is not for ever', () => {
    const busy = (change: Partial<ServerRow>) =>
      fleetVm(server({ 'OS-EXT-STS:task_state': 'migrating', ...change }), here, undefined, plain).vm;
    for (const state of ['active', 'building', 'resized']) {
      const vm = busy({ 'OS-EXT-STS:vm_state': state });
      assert.match(vm.notNow ?? '', /task migrating/);
      assert.equal(vm.unevacuable, undefined, state);
    }
    assert.match(busy({ metadata: { HA_Enabled: 'false' } }).unevacuable ?? '', /HA_Enabled/);
    assert.match(busy({ flavor: { ...base.flavor, extra_specs: { 'hw:tpm_version': '2.0' } } }).unevacuable ?? '', /TPM/);
    assert.equal(fleetVm(server(), here, undefined, plain).vm.notNow, undefined);
  });
  it('needs the traits of its flavor, not those it forbids, and the zone that its owner asked for', () => {
    const { vm } = fleetVm(spec({ 'trait:B': 'required', 'trait:A': 'required', 'trait:C': 'forbidden' }), here, undefined, plain);
    assert.deepEqual([vm.requiredTraits, vm.forbiddenTraits], [['A', 'B'], ['C']]);
    assert.equal(fleetVm(server(), here, undefined, plain).vm.availabilityZone, 'nova');
    assert.equal(fleetVm(server({ pinned_availability_zone: null }), here, undefined, plain).vm.availabilityZone, undefined);
  });
});

describe('host identity', () => {
  const resolve = (topology: string[], ...nova: [host: string, ...hypervisors: string[]][]) => {
    const r = resolveIdentities(
      topology.map(hostId),
      nova.map(([host, ...hypervisors]) => ({ host, hypervisors })),
    );
    return {
      joined: Object.fromEntries(r.novaOf),
      ambiguous: [...r.ambiguous.keys()],
      complaints: r.complaints.map((c) => `${c.field}: ${c.problem}`),
    };
  };
  it('joins by service host, hypervisor name, short and full name', () => {
    assert.deepEqual(resolve(['a', 'b.x', 'c.x', 'd', 'E'], ['a', 'a.x'], ['b', 'b.x'], ['c'], ['d.x'], ['e']).joined, {
      a: 'a',
      'b.x': 'b',
      'c.x': 'c',
      d: 'd.x',
      E: 'e',
    });
    assert.deepEqual(resolve(['n1.x'], ['uuid-7', 'n1.x']).joined, { 'n1.x': 'uuid-7' });
  });
  it('joins nobody where it could be two, on either side', () => {
    const two = resolve(['n1'], ['n1.x'], ['n1.y']);
    assert.deepEqual([two.joined, two.ambiguous], [{}, ['n1']]);
    assert.match(two.complaints[0] ?? '', /hosts\.n1: could be any of n1\.x, n1\.y/);
    const rivals = resolve(['n1.x', 'n1.y'], ['n1']);
    assert.deepEqual([rivals.joined, rivals.ambiguous], [{}, ['n1.x', 'n1.y']]);
    assert.deepEqual(resolve(['n1.x'], ['n1.y']).joined, {}, 'two full names are two hosts');
    assert.deepEqual(resolve(['10.0.0.1'], ['10.0.0.2']).joined, {}, 'an address has no short form');
  });
  it('complains of hosts on one side only', () => {
    const r = resolve(['a', 'b'], ['a'], ['z']);
    assert.deepEqual(
      r.complaints.map((c) => c.slice(0, 32)),
      ['hosts.b: Nova has no compute ser', "hosts: Nova's host z is not in t"],
    );
  });
});

describe('the fleet, joined', () => {
  const services = (recorded('os-services-list').response as { services: ServiceRow[] }).services;
  const hypervisors = (recorded('os-hypervisors-detail').response as { hypervisors: HypervisorRow[] }).hypervisors;
  const groups = (recorded('server-groups-list').response as { server_groups: GroupRow[] }).server_groups;
  const inventories = (
    recorded('placement-inventories-livehost').response as { inventories: Record<string, Parameters<typeof capacityOf>[0]> }
  ).inventories;
  const used = { vcpus: 3, memoryMb: 192, diskGb: 0 };
  const capacity = { vcpus: 160, memoryMb: 11520, diskGb: 1028 };
  const facts: ProviderFacts = {
    capacity,
    maxUnit: { vcpus: 10, memoryMb: 8192, diskGb: 1028 },
    used,
    traits: ['COMPUTE_NODE'],
    missing: [],
  };
  const readings = {
    services,
    hypervisors,
    aggregates: [],
    servers: [] as ServerRow[],
    groups,
    providers: new Map(hypervisors.map((h) => [h.id, facts])),
  };
  const place = (host: string, more: object = {}) => ({
    host: hostId(host),
    cluster: 'c',
    rack: 'r',
    managementAddress: '',
    fence: [],
    ...more,
  });
  const places = (...hosts: object[]) => ({ clusters: [{ cluster: 'c', highPerformance: true }], hosts }) as unknown as Places;
  const join = (p: Places, r: Partial<typeof readings> = {}) => {
    const all = { ...readings, ...r };
    const nova = all.services.map((s) => ({ host: s.host, hypervisors: [] }));
    const joined = joinFleet(
      p,
      resolveIdentities(
        p.hosts.map((h) => h.host),
        nova,
      ),
      all,
    );
    assert.ok(Schema.Compile(FleetSchema).Check(joined.fleet), 'the fleet fits its schema');
    return joined;
  };
  const hostOf = (j: ReturnType<typeof join>, host: string) => j.fleet.hosts.find((h) => h.host === (host as HostId));
  const changed = (change: Partial<ServiceRow>) => services.map((s) => (s.host === 'compute-2' ? { ...s, ...change } : s));

  it('counts capacity as Placement does', () => {
    assert.deepEqual(
      ['VCPU', 'MEMORY_MB', 'DISK_GB'].map((c) => capacityOf(inventories[c] as Parameters<typeof capacityOf>[0])),
      [160, 11520, 1028],
    );
    assert.equal(capacityOf({ total: 10, reserved: 20, max_unit: 1, allocation_ratio: 1 }), 0);
    assert.equal(capacityOf({ total: 7, reserved: 0, max_unit: 7, allocation_ratio: 1.5 }), 10);
  });
  it("gives a living host Placement's usage, a dead one the VMs that Nova has there", () => {
    const servers = [server(), server({ id: '00000000-0000-4000-8000-000000000001', 'OS-EXT-SRV-ATTR:host': 'compute-3' })];
    assert.deepEqual(hostOf(join(places(place('compute-2')), { servers }), 'compute-2')?.used, used);
    for (const change of [{ state: 'down' }, { forced_down: true }])
      assert.deepEqual(hostOf(join(places(place('compute-2')), { servers, services: changed(change) }), 'compute-2')?.used, {
        vcpus: 1,
        memoryMb: 64,
        diskGb: 0,
      });
  });
  it('says why a host takes no VMs', () => {
    const why = (change: Partial<ServiceRow>, more: object = {}) =>
      hostOf(join(places(place('compute-2', more)), { services: changed(change) }), 'compute-2')?.unusableBecause;
    assert.equal(why({}), undefined);
    assert.equal(why({ forced_down: true }), 'forced down in Nova');
    assert.equal(why({ state: 'down' }), 'its compute service is down');
    assert.equal(why({ status: 'disabled', disabled_reason: 'new disks' }), 'disabled in Nova: new disks');
    assert.equal(why({}, { maintenance: true }), 'in maintenance');
    assert.equal(hostOf(join(places(place('gone'))), 'gone')?.unusableBecause, 'Nova has no compute service of this name');
    assert.equal(
      hostOf(join(places(place('compute-2')), { providers: new Map() }), 'compute-2')?.unusableBecause,
      'Placement does not know it',
    );
    const shut = new Map(hypervisors.map((h) => [h.id, { ...facts, traits: ['COMPUTE_STATUS_DISABLED'] }]));
    assert.equal(
      hostOf(join(places(place('compute-2')), { providers: shut }), 'compute-2')?.unusableBecause,
      'enabled in Nova, disabled in Placement: restart its compute service',
    );
  });
  it("takes place from the topology: the cluster's high performance unless the host says otherwise", () => {
    const j = join(places(place('compute-2'), place('compute-3', { highPerformance: false })));
    assert.deepEqual(
      j.fleet.hosts.map((h) => [h.cluster, h.rack, h.highPerformance, h.availabilityZone]),
      [
        ['c', 'r', true, 'nova'],
        ['c', 'r', false, 'nova'],
      ],
    );
  });
  it('joins VMs with their groups, by their own word or the members', () => {
    const { server_groups: _, ...old } = base;
    const vms = (s: ServerRow) => join(places(place('compute-2')), { servers: [s] }).fleet.vms.map((v) => v.group);
    assert.deepEqual([vms(base), vms(old as ServerRow)], [[groups[0]?.id], [groups[0]?.id]]);
    assert.deepEqual(vms(server({ server_groups: ['deleted-group'] })), [undefined]);
    assert.deepEqual(join(places(place('compute-2')), { servers: [server({ 'OS-EXT-SRV-ATTR:host': null })] }).fleet.vms, [], 'on no host');
  });
  it('has traits that stand for aggregates, for the VMs that ask for them or are kept out by them; and the cell that the topology says', () => {
    const aggregates = [
      { name: 'ssd', hosts: ['compute-2'], metadata: { disks: 'ssd, nvme', filter_tenant_id_1: 'a,b' } },
      { name: 'gpu', hosts: ['compute-3'], metadata: { 'trait:CUSTOM_GPU': 'required', availability_zone: null } },
    ] as never[];
    const asking = (n: number, extra_specs: Record<string, string>, tenant_id: string) =>
      server({ id: `00000000-0000-4000-8000-00000000000${n}`, tenant_id, flavor: { ...base.flavor, extra_specs } });
    const { fleet } = join(places(place('compute-2', { cell: 'cell-1' }), place('compute-3')), {
      aggregates,
      servers: [
        asking(1, { 'aggregate_instance_extra_specs:disks': '<or> hdd <or> nvme' }, 'a'),
        asking(2, { 'trait:CUSTOM_GPU': 'required' }, 'z'),
      ],
    });
    const [demand, tenants, gpu] = [
      'aggregate: disks <or> hdd <or> nvme',
      'aggregate: only of tenants a, b',
      'aggregate: only with CUSTOM_GPU',
    ];
    assert.deepEqual(
      fleet.hosts.map((h) => [h.traits, h.cell]),
      [
        [['COMPUTE_NODE', demand, tenants], 'cell-1'],
        [['COMPUTE_NODE', gpu], undefined],
      ],
    );
    assert.deepEqual(
      fleet.vms.map((v) => [v.requiredTraits, v.forbiddenTraits]),
      [
        [[demand], [gpu]],
        [['CUSTOM_GPU'], [tenants]],
      ],
    );
  });
  it("compares an aggregate's value with what a flavor asks as Nova does", () => {
    for (const [value, requirement, met] of [
      ['ssd', 'ssd', true],
      ['ssd', 'hdd', false],
      ['8', '= 4', true],
      ['2', '= 4', false],
      ['4', '== 4.0', true],
      ['abc', '>= 1', false],
      ['ssd', 's== ssd', true],
      ['ssd', 's!= ssd', false],
      ['nvme-ssd', '<in> ssd', true],
      ['aes vmx', '<all-in> aes vmx', true],
      ['aes', '<all-in> aes vmx', false],
      ['b', '<or> a <or> b', true],
      ['<or>', '<or> a <or> b', false],
      ['x', '=', false],
    ] as const)
      assert.equal(matches(value, requirement), met, `${value} against ${requirement}`);
  });
  it("complains where the topology's cluster and Nova's aggregate differ, and of a host without disk inventory", () => {
    const aggregates = [{ name: 'c', hosts: ['compute-3'] }] as never[];
    assert.match(
      join(places(place('compute-2')), { aggregates })
        .complaints.map((c) => c.problem)
        .join(),
      /aggregate 'c' does not hold compute-2/,
    );
    const providers = new Map(hypervisors.map((h) => [h.id, { ...facts, missing: ['DISK_GB'] }]));
    assert.match(
      join(places(place('compute-2')), { providers })
        .complaints.map((c) => c.problem)
        .join(),
      /no inventory of DISK_GB/,
    );
  });
});
