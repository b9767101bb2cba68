import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryRegistryCore, VirtualClock } from '@lifeboat/adapters-memory';
import type { Topology, VmReport } from '@lifeboat/contracts';
import { clusterId, failed, hostId, instant, ok, rackId, vmId } from '@lifeboat/kernel';
import type { Cloud, VmSource } from '@lifeboat/ports';
import { runAgent } from './agent.ts';
import { novaVmSource } from './nova-vm-source.ts';
import { agentSettings } from './settings.ts';

const topology: Topology = {
  region: 'lab',
  clusters: [{ cluster: clusterId('web') }],
  racks: [{ rack: rackId('r1') }],
  hosts: ['h1', 'h2'].map((h, i) => ({
    host: hostId(h),
    cluster: clusterId('web'),
    rack: rackId('r1'),
    managementAddress: `10.0.0.${i + 1}`,
    productionAddress: `10.1.0.${i + 1}`,
    fence: [],
  })),
};
const vm: VmReport = { vm: vmId('00000000-0000-4000-8000-000000000001'), state: 'running', since: instant(1) };

function host() {
  const clock = new VirtualClock(instant(1_000_000));
  const core = new MemoryRegistryCore(clock, { sessionTimeoutMs: 4_000 });
  const registry = core.client('h1');
  const stop = new AbortController();
  const dead = new Set<string>();
  const said: string[] = [];
  let vms: readonly VmReport[] | null = [vm];
  let tellChange: () => void = () => undefined;
  let updates = 0;
  const vmSource: VmSource = {
    vms: async () => (vms === null ? failed('VMS_UNREADABLE', 'libvirt is away') : ok(vms)),
    onChange: (changed) => {
      tellChange = changed;
      return () => undefined;
    },
  };
  const ended = runAgent({
    registry,
    vmSource,
    prober: { reach: async (a) => new Map(a.map((x) => [x, { alive: !dead.has(x), detail: '' }])), unfitBecause: async () => null },
    clock,
    topology: () => topology,
    host: hostId('h1'),
    bootId: 'b1',
    signal: stop.signal,
    joined: (s) => said.push(`joined ${s}`),
    lost: () => said.push('lost'),
    trouble: (t) => said.push(t),
  });
  core.watchers.add({ changed: () => updates++ });
  const entry = () => {
    const place = core.place(hostId('h1'));
    return place?.entry.kind === 'host' ? place.entry.registration : null;
  };
  return {
    clock,
    core,
    registry,
    stop,
    dead,
    said,
    ended,
    entry,
    updates: () => updates,
    runs: (v: readonly VmReport[] | null) => (vms = v),
    tellChange: () => tellChange(),
  };
}

describe('an agent', () => {
  it('registers with what runs, and writes nothing while nothing changes', async () => {
    const h = host();
    await h.clock.runFor(5_000);
    assert.deepEqual([h.entry()?.vms.length, h.entry()?.peers.map((p) => p.production)], [1, ['alive']]);
    const before = h.updates();
    await h.clock.runFor(60_000);
    assert.equal(h.updates(), before);
    h.stop.abort();
    await h.clock.runFor(100);
    await h.ended;
  });

  it('tells of a VM at once when the hypervisor says so, and of a peer after two silences', async () => {
    const h = host();
    await h.clock.runFor(5_000);
    h.runs([]);
    h.tellChange();
    await h.clock.runFor(200);
    assert.deepEqual(h.entry()?.vms, []);
    h.dead.add('10.1.0.2');
    await h.clock.runFor(2_300);
    assert.equal(h.entry()?.peers[0]?.production, 'dead');
    h.stop.abort();
    await h.clock.runFor(100);
    await h.ended;
  });

  it('says that the hypervisor is silent, and stays registered', async () => {
    const h = host();
    await h.clock.runFor(1_000);
    h.runs(null);
    await h.clock.runFor(11_000);
    assert.deepEqual([h.entry()?.vmsKnown, h.entry()?.vms.length], [false, 1]);
    assert.match(h.said.join(), /VMS_UNREADABLE/);
    h.stop.abort();
    await h.clock.runFor(100);
    await h.ended;
  });

  it('comes back by itself after its session was lost, however long the registry was away', async () => {
    const h = host();
    await h.clock.runFor(2_000);
    h.registry.cut();
    await h.clock.runFor(60_000);
    assert.equal(h.entry(), null);
    h.registry.heal();
    await h.clock.runFor(6_000);
    assert.equal(h.entry()?.vms.length, 1);
    assert.equal(h.said.filter((s) => s.startsWith('joined')).length, 2);
    h.stop.abort();
    await h.clock.runFor(100);
    await h.ended;
  });

  it('says that it is leaving before it goes', async () => {
    const h = host();
    await h.clock.runFor(2_000);
    const seen: (boolean | undefined)[] = [];
    h.core.watchers.add({ changed: () => seen.push(h.entry()?.leaving) });
    h.stop.abort();
    await h.clock.runFor(500);
    await h.ended;
    assert.deepEqual(seen, [true, undefined]);
  });

  it('just stops when it is killed', async () => {
    const h = host();
    await h.clock.runFor(2_000);
    h.stop.abort('killed');
    await h.clock.runFor(100);
    await h.ended;
    assert.equal(h.entry()?.leaving, false);
  });
});

describe("an agent's VMs by Nova's word", () => {
  it('are running when ACTIVE, with the time since when', async () => {
    const clock = new VirtualClock(instant(5_000));
    const fleetVm = (status: string) => ({
      vm: vm.vm,
      name: 'a',
      host: hostId('h1'),
      size: { vcpus: 1, memoryMb: 1, diskGb: 1 },
      businessType: '',
      performance: 'standard' as const,
      priority: 500,
      status,
    });
    let status = 'ACTIVE';
    const cloud: Pick<Cloud, 'vmsOn'> = { vmsOn: async () => (status === '' ? failed('CLOUD_TIMEOUT', 'x') : ok([fleetVm(status)])) };
    const source = novaVmSource(cloud, hostId('h1'), clock);
    assert.deepEqual(await source.vms(), ok([{ vm: vm.vm, name: 'a', state: 'running', reason: 'ACTIVE', since: 5_000 }]));
    await clock.runFor(1_000);
    assert.deepEqual(await source.vms(), ok([{ vm: vm.vm, name: 'a', state: 'running', reason: 'ACTIVE', since: 5_000 }]));
    status = 'REBUILD';
    assert.deepEqual(await source.vms(), ok([{ vm: vm.vm, name: 'a', state: 'unknown', reason: 'REBUILD', since: 6_000 }]));
    status = '';
    assert.equal((await source.vms()).ok, false);
  });
});

describe("an agent's settings", () => {
  const read = (path: string) => {
    if (path.endsWith('boot_id')) return 'b-1\n';
    throw new Error('no');
  };
  it('need only topology and registry', () => {
    const s = agentSettings({ LIFEBOAT_TOPOLOGY: '/t', LIFEBOAT_ZOOKEEPER: 'a:1' }, read);
    assert.deepEqual([s.bootId, s.vmSource, s.registry.sessionMs], ['b-1', { kind: 'libvirt', uri: 'qemu:///system' }, 4_000]);
  });
  it("hold the machine's own UUID where root may read it, and go on without", () => {
    const needed = { LIFEBOAT_TOPOLOGY: '/t', LIFEBOAT_ZOOKEEPER: 'a:1' };
    assert.equal(agentSettings(needed, read).machineUuid, null);
    assert.equal(
      agentSettings(needed, (path) => (path === '/run/lifeboat-agent/product_uuid' ? 'ABC-1\n' : read(path))).machineUuid,
      'ABC-1',
    );
  });
  it('complain of a source of VMs that is none', () => {
    assert.throws(
      () => agentSettings({ LIFEBOAT_TOPOLOGY: '/t', LIFEBOAT_ZOOKEEPER: 'a:1', LIFEBOAT_VM_SOURCE: 'xen' }, read),
      /LIFEBOAT_VM_SOURCE: 'xen' is neither libvirt:URI nor nova/,
    );
  });
});
