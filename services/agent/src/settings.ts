import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type HostId, hostId } from '@lifeboat/kernel';
import {
  commonSettings,
  Environment,
  type ProcessSettings,
  type RegistrySettings,
  registrySettings,
  type Variables,
  withFiles,
} from '@lifeboat/runtime/process';

export interface AgentSettings extends ProcessSettings {
  readonly host: HostId;
  readonly bootId: string;
  /** null: this host does not tell. */
  readonly machineUuid: string | null;
  readonly registry: RegistrySettings;
  readonly vmSource: Readonly<{ kind: 'libvirt'; uri: string }> | Readonly<{ kind: 'nova' }>;
  /** A guest whose agent has been silent for so long is hung; 0: guests are not asked. */
  readonly guestSilentMs: number;
  readonly vmsEveryMs: number;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/** The kernel's own, for root; and where the unit puts it for an agent that is not. */
const MACHINE_UUIDS = ['/sys/class/dmi/id/product_uuid', '/run/lifeboat-agent/product_uuid'];
const HOST = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

export function agentSettings(raw: Variables, read = (path: string) => readFileSync(path, 'utf8')): AgentSettings {
  const { env, complaints } = withFiles(raw, read);
  const e = new Environment(env, complaints);
  const host = e.optional('LIFEBOAT_HOST') ?? hostname();
  if (!HOST.test(host)) e.complain('LIFEBOAT_HOST', `'${host}' is no host name; set it to what Nova's compute service calls this host`);
  const source = e.optional('LIFEBOAT_VM_SOURCE') ?? 'libvirt:qemu:///system';
  if (source !== 'nova' && !/^libvirt:[a-z+]+:\/\/.*/.test(source))
    e.complain('LIFEBOAT_VM_SOURCE', `'${source}' is neither libvirt:URI nor nova; leave it out for libvirt:qemu:///system`);
  const settings: AgentSettings = {
    ...commonSettings(e, env),
    host: hostId(host),
    bootId: e.optional('LIFEBOAT_BOOT_ID') ?? bootIdOf(e, read),
    machineUuid: e.optional('LIFEBOAT_MACHINE_UUID') ?? machineUuidOf(read),
    registry: registrySettings(e),
    vmSource: source === 'nova' ? { kind: 'nova' } : { kind: 'libvirt', uri: source.slice('libvirt:'.length) },
    guestSilentMs: e.milliseconds('LIFEBOAT_GUEST_SILENT_MS', 30_000, 0, 3_600_000),
    // libvirt tells of changes by itself, Nova does not.
    vmsEveryMs: e.milliseconds('LIFEBOAT_VM_POLL_MS', source === 'nova' ? 2_000 : 10_000, 200, 600_000),
  };
  e.finish();
  return settings;
}

/** Some machines have none: then nobody can check whose BMC the host's is. */
function machineUuidOf(read: (path: string) => string): string | null {
  for (const path of MACHINE_UUIDS) {
    try {
      return read(path).trim().slice(0, 100) || null;
    } catch {
      // not for us, or not there: the next one
    }
  }
  return null;
}

function bootIdOf(e: Environment, read: (path: string) => string): string {
  try {
    return read(BOOT_ID).trim();
  } catch (error) {
    e.complain(
      'LIFEBOAT_BOOT_ID',
      `${BOOT_ID} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}); set it to something that changes with every start of the host`,
    );
    return '';
  }
}
