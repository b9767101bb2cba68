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
  readonly registry: RegistrySettings;
  readonly vmSource: Readonly<{ kind: 'libvirt'; uri: string }> | Readonly<{ kind: 'nova' }>;
  readonly vmsEveryMs: number;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
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
    registry: registrySettings(e),
    vmSource: source === 'nova' ? { kind: 'nova' } : { kind: 'libvirt', uri: source.slice('libvirt:'.length) },
    // libvirt tells of changes by itself, Nova does not.
    vmsEveryMs: e.milliseconds('LIFEBOAT_VM_POLL_MS', source === 'nova' ? 2_000 : 10_000, 200, 600_000),
  };
  e.finish();
  return settings;
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
