import type { FleetVm, Resources } from '@lifeboat/contracts';
import { type Complaint, type HostId, vmId } from '@lifeboat/kernel';
import type { ServerRow } from '../nova/schemas.ts';
import { LOCAL_DISKS, type ServerRules } from './server-rules.ts';

/** A server as the planner wants it. What its owner wrote wrongly is complained of and takes its default. */
export const fleetVm = (
  server: ServerRow,
  host: HostId,
  group: string | undefined,
  rules: ServerRules,
): { readonly vm: FleetVm; readonly complaints: readonly Complaint[] } => {
  const said = readProperties(server);
  const because = unevacuableBecause(server, said.highAvailability) ?? lostWith(server, rules.localDisks.has(host));
  const task = server['OS-EXT-STS:task_state'];
  const { required, forbidden } = rules.masks.demandsOf(server);
  const forbiddenTraits = rules.localDisks.size > 0 && hasDataOnHost(server) ? [...forbidden, LOCAL_DISKS] : forbidden;
  const zone = server.pinned_availability_zone === undefined ? server['OS-EXT-AZ:availability_zone'] : server.pinned_availability_zone;
  return {
    vm: {
      vm: vmId(server.id),
      name: (server.name ?? '').slice(0, 255),
      host,
      size: sizeOf(server),
      businessType: said.businessType,
      performance: said.performance,
      priority: said.priority,
      status: server.status.slice(0, 40),
      ...(group === undefined ? {} : { group }),
      ...(because === undefined ? {} : { unevacuable: because.slice(0, 300) }),
      // a reboot does not outlive an evacuation: its message, wherever it still lies, is refused then
      ...(task === null || task.startsWith('reboot')
        ? {}
        : { notNow: `Nova is at work on it (task ${task}): what becomes of that must be seen first`.slice(0, 300) }),
      ...(required.length === 0 ? {} : { requiredTraits: [...required] }),
      ...(forbiddenTraits.length === 0 ? {} : { forbiddenTraits: [...forbiddenTraits] }),
      ...(zone ? { availabilityZone: zone } : {}),
    },
    complaints: said.complaints,
  };
};

/** What Nova asks of Placement for this server; a volume-backed one has no root disk on the host. */
export const sizeOf = (server: ServerRow): Resources => {
  const { vcpus, ram, disk, ephemeral, swap, extra_specs = {} } = server.flavor;
  const root = bootsFromVolume(server) ? 0 : disk;
  const asked = (name: string, usual: number): number => {
    const own = extra_specs[`resources:${name}`];
    return own !== undefined && /^\d+$/.test(own) ? Number(own) : usual;
  };
  return {
    vcpus: asked('VCPU', vcpus),
    memoryMb: asked('MEMORY_MB', ram),
    diskGb: asked('DISK_GB', root + ephemeral + Math.ceil(swap / 1024)),
  };
};

const bootsFromVolume = (server: ServerRow): boolean => server.image === '' || server.image === null;
const hasDataOnHost = (server: ServerRow): boolean => !bootsFromVolume(server) || server.flavor.ephemeral > 0;

const lostWith = (server: ServerRow, local: boolean): string | undefined => {
  if (!local || !hasDataOnHost(server)) return undefined;
  const disk = bootsFromVolume(server) ? 'its ephemeral disk is' : 'its disk is';
  return `${disk} on its host (instanceDisks of the cluster is 'local'): Nova would build it anew, without its data`;
};

interface Properties {
  readonly businessType: string;
  readonly performance: FleetVm['performance'];
  readonly priority: number;
  readonly highAvailability: boolean;
  readonly complaints: readonly Complaint[];
}
export const defaultPriority = 500;

/** From metadata, or tags of the form KEY=VALUE; metadata wins. */
const readProperties = (server: ServerRow): Properties => {
  const complaints: Complaint[] = [];
  const wrong = (key: string, problem: string) =>
    complaints.push({ where: `server ${server.id} (${server.name ?? ''})`, field: key, problem });
  const tag = (key: string) => server.tags?.find((t) => t.startsWith(`${key}=`))?.slice(key.length + 1);
  const said = (key: string): string | undefined => {
    const [meta, tagged] = [server.metadata[key]?.trim(), tag(key)?.trim()];
    if (meta !== undefined && tagged !== undefined && meta !== tagged)
      wrong(key, `metadata says '${meta}' and a tag '${tagged}'; the metadata counts`);
    return meta ?? tagged;
  };
  const performance = said('lifeboat:performance') ?? 'standard';
  if (performance !== 'standard' && performance !== 'high')
    wrong('lifeboat:performance', `'${performance}' is neither 'standard' nor 'high'; taken as 'standard'`);
  const priority = said('lifeboat:priority') ?? String(defaultPriority);
  const goodPriority = /^\d{1,4}$/.test(priority) && Number(priority) <= 1000;
  if (!goodPriority) wrong('lifeboat:priority', `'${priority}' is not a whole number from 0 to 1000; taken as ${defaultPriority}`);
  const ha = said('HA_Enabled') ?? 'true';
  const [yes, no] = [/^(true|t|yes|y|on|1)$/i.test(ha), /^(false|f|no|n|off|0)$/i.test(ha)];
  if (!yes && !no) wrong('HA_Enabled', `'${ha}' is neither True nor False; taken as True`);
  return {
    businessType: (said('lifeboat:business_type') ?? '').slice(0, 255),
    performance: performance === 'high' ? 'high' : 'standard',
    priority: goodPriority ? Number(priority) : defaultPriority,
    highAvailability: !no,
    complaints,
  };
};

const statesThatNovaEvacuates = new Set(['active', 'stopped', 'error']);
const hardware: readonly (readonly [RegExp, string])[] = [
  [/^hw:tpm_/, 'it has a virtual TPM: Nova refuses to evacuate it'],
  [/^hw:cpu_(dedicated|realtime)/, 'it is pinned to CPUs'],
  [/^hw:numa_/, 'it is bound to a NUMA layout'],
  [/^hw:mem_page_size$/, 'it has huge pages, which are counted by NUMA node'],
  [/^hw:pmem$/, 'it has persistent memory of its host'],
  [/^hw:pci_numa_/, 'it is bound to the NUMA node of a PCI device'],
  [/^pci_passthrough:alias$/, 'it has a PCI device of its host'],
  [/^accel:device_profile$/, 'it has an accelerator of its host'],
  [/^resources\d*:(?!(VCPU|MEMORY_MB|DISK_GB)$)/, 'it claims a resource class that the plan does not count'],
  [/^resources(\d+|_[^:]+):/, 'it claims resources in groups that the plan does not count'],
];

/** HA_Enabled, as its owner wrote it. */
export const wantsHighAvailability = (server: ServerRow): boolean => readProperties(server).highAvailability;

/**
 * Why Nova cannot, or Lifeboat must not, evacuate this server by plan, ever. What Nova is doing to it at the moment is no
 * such reason: that ends, and its state with it.
 */
export const unevacuableBecause = (server: ServerRow, highAvailability: boolean): string | undefined => {
  const state = server['OS-EXT-STS:vm_state'];
  const passing = server['OS-EXT-STS:task_state'] !== null;
  if (!highAvailability) return 'HA_Enabled is False: its owner wants no evacuation';
  if (!passing && !statesThatNovaEvacuates.has(state)) return `it is ${state}: Nova evacuates only active, stopped and error`;
  for (const { key, value, where } of hardwareAskedFor(server)) {
    if (key === 'hw:cpu_policy' && /^(dedicated|mixed)$/.test(value)) return `it is pinned to CPUs (${where})`;
    if (/^resources\d*:/.test(key) && value === '0') continue;
    const found = hardware.find(([pattern]) => pattern.test(key));
    if (found !== undefined) return `${found[1]} (${where})`;
  }
  return undefined;
};

/** Nova reads the same demands from the flavor (`hw:numa_nodes`) and from the image (`hw_numa_nodes`). */
const hardwareAskedFor = ({ flavor, image }: ServerRow): { key: string; value: string; where: string }[] => [
  ...Object.entries(flavor.extra_specs ?? {}).map(([key, value]) => ({ key, value, where: `${key}=${value}` })),
  ...Object.entries((image || undefined)?.properties ?? {})
    // without hw:cpu_realtime, which only a flavor can say, the mask says nothing
    .filter(([name]) => name.startsWith('hw_') && name !== 'hw_cpu_realtime_mask')
    .map(([name, value]) => ({ key: name.replace('hw_', 'hw:'), value, where: `its image says ${name}=${value}` })),
];
