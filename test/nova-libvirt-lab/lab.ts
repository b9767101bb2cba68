import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '@lifeboat/local/services';
import { BMC_PASSWORD, BMC_USER, type BmcFault, type BmcPlace, setBmcFault, startBmc, stopBmc } from '../lab-hosts/bmc.ts';
import { writeUnder } from '../lab-hosts/places.ts';
import { ensureUp } from '../openstack-lab/lab.ts';
import { ask, call, computes } from './api.ts';
import { libvirtdConf, novaConf, qemuConf, sshdConf } from './conf.ts';
import { buildFabric, type Network, removeFabric, setCable } from './fabric.ts';
import { prepare, removeGuests } from './guests.ts';
import { bridgeNeutron, discover, endBackground, forward, neutron, startBrick } from './parts.ts';
import {
  bmcAddress,
  CONTROL,
  fullName,
  guestDir,
  HOSTS,
  hostDir,
  hostName,
  inside,
  mgmtAddress,
  netns,
  type Storage,
  sharedDir,
  spaces,
  stateDir,
} from './places.ts';
import { endHost, onHost, powerOn, powerStatus } from './power.ts';
import { run, untilSo } from './tools.ts';

const here = import.meta.dirname;
const bmcs: BmcPlace = { state: stateDir, address: bmcAddress, power: join(here, 'power.ts'), within: inside(spaces.bmc) };
const identity = join(stateDir, 'id');
const knownHosts = join(stateDir, 'known_hosts');
/** As long as something of a lab may be there. */
const standing = join(stateDir, 'standing');
/** Queue, Keystone, Nova, Placement, Glance, Neutron. */
const CONTROL_PLANE = [5672, 5000, 8774, 8778, 9292, 9696] as const;

export type { Network } from './fabric.ts';
export interface TrueLab {
  readonly storage: Storage;
  /** For Lifeboat's topology. */
  readonly ssh: Readonly<{ user: string; identityFile: string; knownHostsFile: string; restartCommand: string }>;
  /** Services of this machine's loopback at the control plane's address on the management network. */
  expose(name: string, ports: readonly number[]): Promise<void>;
  /** The same on the loopback of another namespace; `from` is the namespace that has the services, or this machine's. */
  forward(name: string, to: string, ports: readonly number[], from?: string): Promise<void>;
  /** From now on every host with power runs an agent with this environment. */
  startAgents(env: (n: number) => Readonly<Record<string, string>>): void;
  setCable(n: number, network: Network, up: boolean): Promise<unknown>;
  setFault(n: number, fault: BmcFault, on: boolean): void;
  /** An order to the host's BMC over IPMI. */
  ipmi(n: number, order: 'on' | 'off'): Promise<string>;
  powerStatus(n: number): 'on' | 'off';
  /** What a program said inside the host. */
  onHost(n: number, ...words: readonly string[]): Promise<string>;
  logDir(n: number): string;
}

/** Why this machine cannot have the lab; null where it can. */
export const whyNot = (): string | null => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'the true lab needs Linux and root (network namespaces, mounts)';
  if (!existsSync('/etc/debian_version')) return 'the true lab is made of Debian packages';
  if (!existsSync('/dev/fuse')) return 'the true lab needs /dev/fuse (shared storage)';
  const missing = ['glusterfsd', 'bindfs', 'libvirtd', 'ipmi_sim', 'neutron-server'].filter(
    (p) => !['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((d) => existsSync(join(d, p))),
  );
  return missing.length === 0 ? null : `${missing.join(', ')} not installed: see test/nova-libvirt-lab/packages.txt`;
};

/** Three hosts with Nova's libvirt driver, shared storage, BMCs and two networks. What an earlier lab left is taken away first. */
export const upLab = async (storage: Storage, say: (line: string) => void = () => undefined): Promise<TrueLab> => {
  await ensureUp(0);
  await downLab();
  await forgetProviders();
  mkdirSync(sharedDir, { recursive: true });
  writeFileSync(standing, '');
  await run([join(here, 'guest-image.sh'), guestDir], 300_000);
  await buildFabric(HOSTS.map(bmcAddress));
  await forward('control', netns(spaces.control), CONTROL, CONTROL_PLANE);
  say('two networks stand');
  await Promise.all([bridgeNeutron(), switchHostsOn(storage)]);
  say('Neutron serves; three hosts have power and start nova-compute');
  await prepare();
  await untilSo('every compute is up', 90_000, async () => {
    const up = (await computes()).filter((c) => c.state === 'up').map((c) => c.host);
    return HOSTS.every((n) => up.includes(hostName(n)));
  });
  await discover();
  say('Nova has three libvirt hosts');
  return labOf(storage);
};

/**
 * A provider that something is booked on outlives its compute service, and its name bars the next lab's host of that name:
 * Nova leaves a booking behind where a live migration went wrong at its end.
 */
const forgetProviders = async (): Promise<void> => {
  for (const n of HOSTS) {
    const { resource_providers: left } = await call<{ resource_providers: readonly { uuid: string }[] }>(
      'GET',
      'placement',
      `/resource_providers?name=${fullName(n)}`,
    );
    for (const { uuid } of left) {
      const { allocations } = await call<{ allocations: object }>('GET', 'placement', `/resource_providers/${uuid}/allocations`);
      for (const consumer of Object.keys(allocations)) await call('DELETE', 'placement', `/allocations/${consumer}`);
      await call('DELETE', 'placement', `/resource_providers/${uuid}`);
    }
  }
};

const switchHostsOn = async (storage: Storage): Promise<void> => {
  if (storage !== 'bindfs') startBrick(storage === 'gluster' ? 5 : 25);
  for (const n of HOSTS) await settle(n, storage);
  writeFileSync(knownHosts, HOSTS.map((n) => `${mgmtAddress(n)} ${readFileSync(join(hostDir(n), 'host_key.pub'), 'utf8')}`).join(''));
  await Promise.all(HOSTS.map((n) => startBmc(n, bmcs)));
  await Promise.all(HOSTS.map(powerOn));
};

const logsOf = (n: number) => join(hostDir(n), 'root/var/log');
const labOf = (storage: Storage): TrueLab => ({
  storage,
  ssh: { user: 'root', identityFile: identity, knownHostsFile: knownHosts, restartCommand: 'kill -9 $(cat /run/lifeboat-agent.pid)' },
  expose: (name, ports) => forward(name, netns(spaces.control), CONTROL, ports),
  forward: (name, to, ports, from) => forward(name, to, '127.0.0.1', ports, from),
  startAgents: (env) => {
    for (const n of HOSTS) {
      const lines = Object.entries(env(n)).map(([k, v]) => `${k}='${v}'`);
      writeFileSync(join(hostDir(n), 'agent.env'), `${lines.join('\n')}\n`);
      writeFileSync(join(hostDir(n), 'agent.exec'), execStart());
    }
  },
  setCable,
  setFault: (n, fault, on) => setBmcFault(n, fault, on, bmcs),
  ipmi: (n, order) =>
    run([
      ...inside(spaces.monitor),
      ...['ipmitool', '-I', 'lanplus', '-C', '3', '-H', bmcAddress(n), '-U', BMC_USER, '-P', BMC_PASSWORD, 'chassis', 'power', order],
    ]),
  powerStatus,
  onHost: (n, ...words) => run([...onHost(n), ...words]),
  logDir: logsOf,
});

/** The unit file's own line: what an operator's systemd runs. */
const execStart = (): string => {
  const unit = readFileSync(join(repository, 'deploy/systemd/lifeboat-agent.service'), 'utf8');
  const line = /^ExecStart=(.+)$/m.exec(unit)?.[1];
  if (line === undefined) throw new Error('deploy/systemd/lifeboat-agent.service has no ExecStart');
  return line;
};

/** What is on a host's disks before it first has power. */
const settle = async (n: number, storage: Storage): Promise<void> => {
  const dir = hostDir(n);
  const nova = join(stateDir, `nova-${hostName(n)}.conf`);
  writeFileSync(nova, novaConf(n, nova));
  writeUnder(join(dir, 'root/etc/libvirt/libvirtd.conf'), libvirtdConf(n));
  writeUnder(join(dir, 'root/etc/libvirt/qemu.conf'), qemuConf);
  for (const key of [identity, join(dir, 'host_key')])
    if (!existsSync(key)) await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  writeFileSync(join(dir, 'authorized_keys'), readFileSync(`${identity}.pub`));
  writeFileSync(join(dir, 'sshd_config'), sshdConf(n, dir));
  const settings = {
    STORAGE: storage,
    SHARED: sharedDir,
    CLIENT_VOL: join(stateDir, 'client.vol'),
    NOVA_CONF: nova,
    NODE: process.execPath,
    REPOSITORY: repository,
  };
  writeFileSync(
    join(dir, 'settings'),
    Object.entries(settings)
      .map(([k, v]) => `${k}='${v}'\n`)
      .join(''),
  );
};

/** Of the last lab only. */
const keepLogs = (): void => {
  const kept = join(stateDir, 'logs');
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(kept);
  for (const n of HOSTS) if (existsSync(logsOf(n))) renameSync(logsOf(n), join(kept, hostName(n)));
};

/** Also what a lab that was killed has left. The guest image stays, and what Glance has of it. */
export const downLab = async (): Promise<void> => {
  if (!existsSync(standing)) return;
  const ours = async () => (await computes()).flatMap((c) => HOSTS.filter((n) => hostName(n) === c.host).map((n) => ({ n, id: c.id })));
  // a host without power deletes no guest: Nova does it alone where it takes the host for down
  for (const { n, id } of await ours())
    if (powerStatus(n) === 'off') await ask('PUT', 'compute', `/os-services/${id}`, { forced_down: true });
  await removeGuests();
  await Promise.all(HOSTS.map(endHost));
  // their providers and cell mappings go with the services
  for (const { id } of await ours()) await ask('DELETE', 'compute', `/os-services/${id}`);
  await neutron('restore');
  for (const n of HOSTS) await stopBmc(n, bmcs);
  endBackground();
  await removeFabric();
  keepLogs();
  for (const path of [sharedDir, ...HOSTS.map(hostDir), standing]) rmSync(path, { recursive: true, force: true });
};
