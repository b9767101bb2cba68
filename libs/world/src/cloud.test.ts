import { type HostId, type VmId, vmId } from '@lifeboat/kernel';
import type { Cloud } from '@lifeboat/ports';
import { cloudContract } from '@lifeboat/ports/cloud.contract';
import type { VmSpec } from './model.ts';
import { driven, smallWorld } from './testing.ts';

const fromMetadata = (
  metadata: Readonly<Record<string, string>>,
): Pick<VmSpec, 'businessType' | 'performance' | 'priority' | 'unevacuable'> => ({
  businessType: metadata['lifeboat:business_type'] ?? '',
  performance: metadata['lifeboat:performance'] === 'high' ? 'high' : 'standard',
  priority: Number(metadata['lifeboat:priority'] ?? 500),
  ...(metadata.HA_Enabled === 'False' ? { unevacuable: 'HA_Enabled is False' } : {}),
});

cloudContract('simulated', async () => {
  const { clock, world, nova, cloud } = smallWorld({ vms: 0 });
  const hosts = [...world.hosts.keys()];
  const booted: VmId[] = [];
  // the suite awaits calls that take virtual time: time passes while it does
  const inTime = (c: Cloud): Cloud =>
    new Proxy(c, {
      get: (target, name) => {
        if (name === 'onlyWhile') return (still: () => boolean) => inTime(target.onlyWhile(still));
        const call = Reflect.get(target, name) as (...args: readonly unknown[]) => Promise<unknown>;
        return (...args: readonly unknown[]) => driven(clock, Reflect.apply(call, target, args) as Promise<unknown>);
      },
    });
  const timely = inTime(cloud);
  return {
    cloud: timely,
    hosts,
    bootVms: async (count: number, host: HostId, metadata = {}) => {
      const fresh = Array.from({ length: count }, () => vmId(world.prng.uuid()));
      for (const vm of fresh)
        nova.boot({
          vm,
          name: `contract-${vm.slice(0, 8)}`,
          host,
          size: { vcpus: 1, memoryMb: 512, diskGb: 1 },
          ownerStopped: false,
          ...fromMetadata(metadata),
        });
      booted.push(...fresh);
      return fresh;
    },
    deleteVms: async () => {
      for (const vm of booted.splice(0)) nova.ownerDeletes(vm);
      await clock.runFor(5_000);
    },
    killCompute: async (host: HostId) => world.powerOff(host),
    startCompute: async (host: HostId) => {
      world.powerOn(host);
      await clock.runFor(120_000);
    },
    now: () => clock.now(),
    pass: (ms: number) => clock.runFor(ms),
    placementSays: async (host: HostId) => {
      const used = nova.placing.used().get(host);
      if (used === undefined) throw new Error(`no provider ${host}`);
      return { capacity: world.host(host).spec.capacity, used };
    },
    close: () => world.close(),
  };
});
