import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterPolicy, Topology } from '@lifeboat/contracts';
import { clusterId, type HostId, hostId, rackId } from '@lifeboat/kernel';
import { labMethod } from '../lab-hosts/lab-hosts.ts';
import { downLab, type TrueLab, upLab } from '../nova-libvirt-lab/lab.ts';
import { bmcAddress, CONTROL, HOSTS, hostName, mgmtAddress, netns, prodAddress, type Storage, spaces } from '../nova-libvirt-lab/places.ts';
import { type Lab, labEnv, openLab } from '../openstack-lab/lab.ts';
import { startKafka, startRedis, startZooKeeper } from '../servers/index.ts';
import { takeLock } from './lock.ts';
import { openMailbox } from './mailbox.ts';
import { type NovaView, novaOf } from './nova.ts';
import { openRecorder, type Recorder } from './recorder.ts';
import { endServices, type Services, startServices } from './services.ts';

/** The default: what an operator gets. */
export const SESSION_MS = 4_000;
const RELEASE_AFTER_MS = 3_000;
/** They start while three guests boot in an emulator. */
const READY_MS = 150_000;
const DATA = 'lifeboat-e2e-true-';

export interface TrueStack {
  readonly lab: TrueLab;
  readonly cloud: Lab;
  readonly nova: NovaView;
  readonly services: Services;
  readonly recorder: Recorder;
  readonly brokers: readonly string[];
  readonly host: (n: number) => HostId;
  readonly hosts: Readonly<{ powerCut: (n: number) => Promise<void> }>;
  readonly agentLog: (n: number) => string;
  down(): Promise<void>;
}
export interface TrueWish {
  readonly storage: Storage;
  readonly policy?: Partial<ClusterPolicy>;
}

/** Each host in a rack of its own; probes and fence devices as on a real management network. */
const topologyOf = (lab: TrueLab, policy: Partial<ClusterPolicy>): Topology => ({
  region: 'RegionOne',
  clusters: [
    {
      cluster: clusterId('true'),
      policy: { automation: 'automatic', release: 'automatic', releaseAfterHealthyMs: RELEASE_AFTER_MS, ...policy },
      contacts: ['operator'],
    },
  ],
  racks: HOSTS.map((n) => ({ rack: rackId(`rack-${n}`) })),
  hosts: HOSTS.map((n) => ({
    host: hostId(hostName(n)),
    cluster: clusterId('true'),
    rack: rackId(`rack-${n}`),
    managementAddress: mgmtAddress(n),
    productionAddress: prodAddress(n),
    fence: [labMethod(n, { ip: bmcAddress(n) })],
  })),
  contacts: [{ name: 'operator', email: 'operator@example.org' }],
  probes: { ssh: lab.ssh },
});

const portOf = (address: string) => Number(/:(\d+)(?:\D|$)/.exec(address.replace(/^\w+:\/\//, ''))?.[1]);

/**
 * Everything real: hosts with Nova's libvirt driver and guests, Kafka, ZooKeeper, Redis, and all of Lifeboat on the
 * management network, with an agent on every host. `meanwhile` runs while the services start.
 */
export const upTrueStack = async (
  wish: TrueWish,
  say: (line: string) => void,
  meanwhile: (lab: TrueLab) => Promise<void>,
): Promise<TrueStack> => {
  const began = performance.now();
  const timed = (line: string) => say(`[${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s] ${line}`);
  const unlock = await takeLock('lifeboat-lab');
  const undo: (() => Promise<unknown> | unknown)[] = [unlock];
  const down = async () => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch((e: unknown) => failures.push(e));
    timed('everything is down');
    if (failures.length > 0) throw new AggregateError(failures, 'not everything of the stack was ended');
  };
  try {
    return await up(wish, undo, down, timed, meanwhile);
  } catch (e) {
    await down().catch(() => undefined);
    throw e;
  }
};

/** `ip netns exec` and not nsenter: the monitor looks at its own links in /sys, which is one for each network namespace. */
const onManagement = (lab: TrueLab) => ({
  command: ['ip', 'netns', 'exec', spaces.monitor],
  expose: (own: readonly number[]) => lab.forward('services', `/proc/${process.pid}/ns/net`, own, netns(spaces.monitor)),
});

const up = async (
  wish: TrueWish,
  undo: (() => Promise<unknown> | unknown)[],
  down: () => Promise<void>,
  say: (line: string) => void,
  meanwhile: (lab: TrueLab) => Promise<void>,
): Promise<TrueStack> => {
  const data = mkdtempSync(join(tmpdir(), DATA));
  undo.push(() => rmSync(data, { recursive: true, force: true }));
  undo.push(downLab);
  const [lab, zookeeper, redis, kafka] = await Promise.all([upLab(wish.storage, say), startZooKeeper(), startRedis(), startKafka()]);
  undo.push(() => Promise.all([zookeeper, redis, kafka].map((s) => s.stop())));
  say('Redis, ZooKeeper and Kafka serve');
  const mailbox = await openMailbox();
  undo.push(() => mailbox.close());

  const config = join(data, 'config');
  mkdirSync(config);
  const topology = join(config, 'topology.yaml');
  // JSON is YAML
  writeFileSync(topology, JSON.stringify(topologyOf(lab, wish.policy ?? {}), null, 2));
  const registry = portOf(zookeeper.connect);
  await lab.expose('registry', [registry]);
  const common = { LIFEBOAT_TOPOLOGY: topology, LIFEBOAT_SESSION_MS: String(SESSION_MS) };
  // what is in the unit's environment file on a real host; the VMs are asked of libvirt
  lab.startAgents((n) => ({ ...common, LIFEBOAT_HOST: hostName(n), LIFEBOAT_ZOOKEEPER: `${CONTROL}:${registry}` }));

  const ports = [5000, 8774, 8778, registry, portOf(redis.url), ...kafka.brokers.map(portOf), portOf(mailbox.url)];
  await lab.forward('monitor', netns(spaces.monitor), ports);
  const env = {
    ...labEnv,
    ...common,
    LIFEBOAT_KAFKA: kafka.brokers.join(','),
    LIFEBOAT_ZOOKEEPER: zookeeper.connect,
    LIFEBOAT_REDIS: redis.url,
    LIFEBOAT_LEASE_MS: '4000',
    LIFEBOAT_MANAGEMENT_LINKS: 'mgmt',
    LIFEBOAT_SMTP_URL: mailbox.url,
    LIFEBOAT_MAIL_FROM: 'Lifeboat <lifeboat@example.org>',
  };
  const recorder = await openRecorder(kafka.brokers);
  undo.push(() => recorder.close());
  undo.push(() => endServices(data));
  const [services] = await Promise.all([startServices(data, config, env, READY_MS, onManagement(lab)), meanwhile(lab)]);
  say('all services are ready, the guests run');
  await recorder.untilSo(
    'all agents are registered',
    () => HOSTS.every((n) => recorder.of('lifeboat.agent.registered', (e) => e.data.host === hostName(n)).length > 0),
    60_000,
  );
  await recorder.until('lifeboat.round.completed', (e) => e.data.observer === 'sound', 30_000);
  say('all agents are registered; the monitor has seen a round');
  const cloud = openLab();
  undo.push(() => cloud.close());
  const agentLog = (n: number) => join(lab.logDir(n), 'agent.log');
  const hosts = { powerCut: async (n: number) => void (await lab.ipmi(n, 'off')) };
  return {
    lab,
    cloud,
    nova: novaOf(cloud),
    services,
    recorder,
    brokers: kafka.brokers,
    host: (n) => hostId(hostName(n)),
    hosts,
    agentLog,
    down,
  };
};
