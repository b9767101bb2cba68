import type { FleetVm, Resources } from '@lifeboat/contracts';
import { type Complaint, type HostId, vmId } from '@lifeboat/kernel';
import type { ServerRow } from '../nova/schemas.ts';

/** For what only the operator knows, e.g. that a flavor's disks are local: why this server must not be moved, or undefined. */
export type UnevacuableBecause = (server: ServerRow) => string | undefined;

/** A server as the planner wants it. What its owner wrote wrongly is complained of and takes its default. */
export const fleetVm = (
  server: ServerRow,
  host: HostId,
  group: string | undefined,
  policy: UnevacuableBecause | undefined,
): { readonly vm: FleetVm; readonly complaints: readonly Complaint[] } => {
  const said = readProperties(server);
  const because = unevacuableBecause(server, said.highAvailability) ?? policy?.(server);
  const requiredTraits = traitsOf(server);
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
      ...(requiredTraits.length === 0 ? {} : { requiredTraits }),
      ...(zone ? { availabilityZone: zone } : {}),
    },
    complaints: said.complaints,
  };
};

/** What Nova asks of Placement for this server; a volume-backed one has no root disk on the host. */
export const sizeOf = (server: ServerRow): Resources => {
  const { vcpus, ram, disk, ephemeral, swap, extra_specs = {} } = server.flavor;
  const root = server.image === '' || server.image === null ? 0 : disk;
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

const traitsOf = (server: ServerRow): string[] =>
  Object.entries(server.flavor.extra_specs ?? {})
    .flatMap(([k, v]) => (k.startsWith('trait:') && v === 'required' ? [k.slice('trait:'.length)] : []))
    .sort();

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
  [/^hw:pci_numa_/, 'it is bound to the NUMA node of a PCI device'],
  [/^pci_passthrough:alias$/, 'it has a PCI device of its host'],
  [/^accel:device_profile$/, 'it has an accelerator of its host'],
  [/^resources\d*:(?!(VCPU|MEMORY_MB|DISK_GB)$)/, 'it claims a resource class that the plan does not count'],
  [/^resources(\d+|_[^:]+):/, 'it claims resources in groups that the plan does not count'],
];

/** Why Nova cannot, or Lifeboat must not, evacuate this server by plan. */
export const unevacuableBecause = (server: ServerRow, highAvailability: boolean): string | undefined => {
  const task = server['OS-EXT-STS:task_state'];
  const state = server['OS-EXT-STS:vm_state'];
  if (!highAvailability) return 'HA_Enabled is False: its owner wants no evacuation';
  if (task !== null) return `Nova is at work on it (task ${task}): what became of that must be seen first`;
  if (!statesThatNovaEvacuates.has(state)) return `it is ${state}: Nova evacuates only active, stopped and error`;
  for (const [key, value] of Object.entries(server.flavor.extra_specs ?? {})) {
    if (key === 'hw:cpu_policy' && /^(dedicated|mixed)$/.test(value)) return `it is pinned to CPUs (${key}=${value})`;
    if (/^resources\d*:/.test(key) && value === '0') continue;
    const found = hardware.find(([pattern]) => pattern.test(key));
    if (found !== undefined) return `${found[1]} (${key}=${value})`;
  }
  return undefined;
};
