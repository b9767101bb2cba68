import { it } from 'node:test';
import { wallClock as openWallClock } from '@lifeboat/adapters-memory/wall-clock';
import { openOpenStack } from '@lifeboat/adapters-openstack';
import type { Resources } from '@lifeboat/contracts';
import { describeFailure, type HostId, hostId, type Outcome } from '@lifeboat/kernel';
import { type CloudHarness, cloudContract } from '@lifeboat/ports/cloud.contract';
import Type from 'typebox';
import { labEnv, openLab, upOrWhyNot } from '../openstack-lab/lab.ts';
import { labTopology } from '../openstack-lab/topology.ts';

const wallClock = openWallClock();
const name = 'contract';
const placementVersion = { best: [1, 17], least: [1, 17] } as const;
const Providers = Type.Object({ resource_providers: Type.Array(Type.Object({ uuid: Type.String() })) });
const Inventory = Type.Object({ total: Type.Number(), reserved: Type.Number(), allocation_ratio: Type.Number() });
const Inventories = Type.Object({ inventories: Type.Record(Type.String(), Inventory) });
const Usages = Type.Object({ usages: Type.Record(Type.String(), Type.Number()) });

const must = <T>(o: Outcome<T>): T => {
  if (!o.ok) throw new Error(describeFailure(o));
  return o.value;
};

const openHarness = async (): Promise<CloudHarness> => {
  const lab = openLab();
  const up = (await lab.services())
    .filter((s) => s.state === 'up')
    .map((s) => hostId(s.host))
    .sort();
  const topology = labTopology(up);
  const opened = openOpenStack({ env: labEnv, clock: wallClock, topology: () => topology });
  if (!opened.ok) throw new Error(JSON.stringify(opened.complaints));
  const placementSays = async (host: HostId): Promise<{ capacity: Resources; used: Resources }> => {
    const ask = <S extends Type.TSchema>(schema: S, path: string) =>
      lab.placement.read(schema, { path, version: placementVersion, signal: AbortSignal.timeout(30_000) }).then(must);
    const { uuid } = (await ask(Providers, `/resource_providers?name=${host}`)).resource_providers[0] as { uuid: string };
    const { inventories } = await ask(Inventories, `/resource_providers/${uuid}/inventories`);
    const { usages } = await ask(Usages, `/resource_providers/${uuid}/usages`);
    const each = (of: (c: string) => number): Resources => ({ vcpus: of('VCPU'), memoryMb: of('MEMORY_MB'), diskGb: of('DISK_GB') });
    const room = (i: Type.Static<typeof Inventory> | undefined) =>
      i === undefined ? 0 : Math.floor((i.total - i.reserved) * i.allocation_ratio);
    return { capacity: each((c) => room(inventories[c])), used: each((c) => usages[c] ?? 0) };
  };
  // whatever an earlier run that was ended left behind: the contract counts what is on a host
  await lab.deleteAll();
  return {
    cloud: opened.value,
    hosts: up,
    bootVms: (count, host, metadata) => lab.boot({ count, host, name, ...(metadata === undefined ? {} : { metadata }) }),
    deleteVms: () => lab.deleteAll(name),
    killCompute: (host) => lab.kill(host),
    startCompute: (host) => lab.start(host),
    now: () => wallClock.now(),
    pass: (ms) => wallClock.sleep(ms),
    placementSays,
    async close() {
      await lab.deleteAll(name);
      await opened.value.close();
      lab.close();
    },
  };
};

const hindered = await upOrWhyNot();
if (hindered === undefined) cloudContract('OpenStack', openHarness);
else it('Cloud: OpenStack', { skip: hindered }, () => undefined);
