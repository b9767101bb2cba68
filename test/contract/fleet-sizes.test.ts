import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { wallClock } from '@lifeboat/adapters-memory/wall-clock';
import { type OpenStackCloud, openOpenStack } from '@lifeboat/adapters-openstack';
import type { Resources } from '@lifeboat/contracts';
import { describeFailure, type HostId, hostId, type Outcome } from '@lifeboat/kernel';
import Type from 'typebox';
import { type Lab, labEnv, openLab, upOrWhyNot } from '../openstack-lab/lab.ts';
import { labTopology } from '../openstack-lab/topology.ts';

const NAME = 'sizes';
const clock = wallClock();
const signal = () => AbortSignal.timeout(60_000);
const version = { best: [2, 93], least: [2, 74] } as const;
const places = { best: [1, 17], least: [1, 17] } as const;
const must = <T>(o: Outcome<T>): T => {
  if (!o.ok) throw new Error(describeFailure(o));
  return o.value;
};
/** Flavors whose size in Placement is not what their three numbers say. */
const flavors = [
  { name: 'sizes-swap', vcpus: 1, ram: 256, disk: 2, swap: 1500, ephemeral: 3, extra: {} },
  {
    name: 'sizes-override',
    vcpus: 4,
    ram: 512,
    disk: 5,
    swap: 0,
    ephemeral: 0,
    extra: { 'resources:VCPU': '2', 'resources:MEMORY_MB': '384' },
  },
  { name: 'sizes-none', vcpus: 2, ram: 128, disk: 4, swap: 100, ephemeral: 1, extra: { 'resources:DISK_GB': '0', 'hw:boot_menu': 'true' } },
] as const;

const hindered = await upOrWhyNot();
if (hindered !== undefined) it('the size of a VM, as Placement counts it', { skip: hindered }, () => undefined);

describe('the size of a VM, as Placement counts it', {
  skip: hindered !== undefined,
  timeout: 180_000,
}, () => {
  let lab: Lab;
  let cloud: OpenStackCloud;
  let hosts: readonly HostId[];
  const made: string[] = [];
  const Named = Type.Object({ id: Type.String(), name: Type.String() });

  const call = async (method: 'POST', path: string, body: unknown) =>
    must(await lab.compute.send({ method, path, body, version, signal: signal() }));
  const usages = async (host: HostId): Promise<Resources> => {
    const ask = <S extends Type.TSchema>(schema: S, path: string) =>
      lab.placement.read(schema, { path, version: places, signal: signal() }).then(must);
    const list = await ask(
      Type.Object({ resource_providers: Type.Array(Type.Object({ uuid: Type.String() })) }),
      `/resource_providers?name=${host}`,
    );
    const { usages: u } = await ask(
      Type.Object({ usages: Type.Record(Type.String(), Type.Integer()) }),
      `/resource_providers/${list.resource_providers[0]?.uuid}/usages`,
    );
    return { vcpus: u['VCPU'] ?? 0, memoryMb: u['MEMORY_MB'] ?? 0, diskGb: u['DISK_GB'] ?? 0 };
  };

  before(async () => {
    lab = openLab();
    hosts = (await lab.services())
      .filter((s) => s.state === 'up')
      .map((s) => hostId(s.host))
      .sort();
    const topology = labTopology(hosts);
    const opened = openOpenStack({ env: labEnv, clock, topology: () => topology });
    if (!opened.ok) throw new Error(JSON.stringify(opened.complaints));
    cloud = opened.value;
    await lab.deleteAll(NAME);
    const images = must(
      await lab.compute.read(Type.Object({ images: Type.Array(Named) }), {
        path: '/images',
        version: { best: [2, 35], least: [2, 35] },
        signal: signal(),
      }),
    ).images;
    const imageRef = images.find((i) => i.name === 'tiny')?.id;
    for (const [i, f] of flavors.entries()) {
      const id = `${f.name}-${process.pid}`;
      const { name, vcpus, ram, disk, swap, ephemeral } = f;
      await call('POST', '/flavors', {
        flavor: { id, name: `${name}-${process.pid}`, vcpus, ram, disk, swap, 'OS-FLV-EXT-DATA:ephemeral': ephemeral },
      });
      made.push(id);
      if (Object.keys(f.extra).length > 0) await call('POST', `/flavors/${id}/os-extra_specs`, { extra_specs: f.extra });
      const server = {
        name: `${NAME}-${f.name}`,
        imageRef,
        flavorRef: id,
        networks: 'none',
        host: hosts[i % 2],
        min_count: 2,
        max_count: 2,
      };
      await call('POST', '/servers', { server });
    }
    for (let i = 0; i < 240; i++) {
      const all = await lab.listServers(NAME);
      const bad = all.find((s) => s.status === 'ERROR');
      if (bad !== undefined) throw new Error(`${bad.name} could not be booted`);
      if (all.length === 2 * flavors.length && all.every((s) => s.status === 'ACTIVE' && s.task === null)) return;
      await clock.sleep(250);
    }
    throw new Error('not all servers became active within 60 s');
  });
  after(async () => {
    await lab.deleteAll(NAME);
    await cloud.close();
    lab.close();
  });

  it('adds up to what Placement says is used, on every host and to the unit', async () => {
    const fleet = must(await cloud.fleet());
    assert.equal(fleet.vms.filter((v) => v.name.startsWith(NAME)).length, 2 * flavors.length);
    for (const host of hosts) {
      const sum = { vcpus: 0, memoryMb: 0, diskGb: 0 };
      for (const { size } of fleet.vms.filter((v) => v.host === host)) {
        sum.vcpus += size.vcpus;
        sum.memoryMb += size.memoryMb;
        sum.diskGb += size.diskGb;
      }
      assert.deepEqual(sum, await usages(host), host);
      assert.deepEqual(fleet.hosts.find((h) => h.host === host)?.used, await usages(host), host);
    }
  });
});
