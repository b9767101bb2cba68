import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Topology } from '@lifeboat/contracts';
import { type HostId, hostId } from '@lifeboat/kernel';
import { repository } from '@lifeboat/local/services';
import { hostName, type LabHosts, labHosts, topologyFor } from '../lab-hosts/lab-hosts.ts';
import { ensureUp, type Lab, labEnv, openLab } from '../openstack-lab/lab.ts';
import { startKafka, startRedis, startZooKeeper, type TestServer } from '../servers/index.ts';
import { freePorts } from '../servers/ports.ts';
import { takeLock } from './lock.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';
import { type NovaView, novaOf, startCompute, until } from './nova.ts';
import { openRecorder, type Recorder } from './recorder.ts';
import { endServices, type Services, startServices } from './services.ts';

export const COMPUTES = 6;
export const RACKS = 3;
const CONSOLE_USER = 'li.wei:only for this test';
export const CONTACT = 'operator@example.org';
/** Both at their defaults: what an operator gets. */
export const SESSION_MS = 4_000;
const LEASE_MS = 4_000;
/** Nova has to answer for the hypervisors here (libvirt would): six agents that ask it all the time would take a core. */
const VM_POLL_MS = 5_000;
/** Shorter than a minute, so that a run does not wait for nothing. */
const RELEASE_AFTER_MS = 5_000;
const DATA = 'lifeboat-e2e-';

export interface Stack {
  readonly data: string;
  readonly lab: Lab;
  readonly nova: NovaView;
  readonly hosts: LabHosts;
  readonly topology: Topology;
  readonly servers: Readonly<{ redis: TestServer; zookeeper: TestServer; kafka: TestServer & { readonly brokers: readonly string[] } }>;
  readonly services: Services;
  readonly recorder: Recorder;
  readonly mailbox: Mailbox;
  /** What the console answers to its user, li.wei. */
  readonly console: (path: string, order?: object) => Promise<{ readonly code: number; readonly body: unknown }>;
  readonly host: (n: number) => HostId;
  /** Ends everything that was started; the lab's computes run plainly again. */
  down(): Promise<void>;
}

export type Say = (line: string) => void;

/** What a run wants other than usual. */
export interface StackWish {
  readonly policy?: NonNullable<Topology['clusters'][number]['policy']>;
  readonly contacts?: NonNullable<Topology['contacts']>;
  /** Settings of the services, over the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** PEM of an authority that the services are to believe. */
  readonly ca?: string;
}

const topologyOf = (wish: StackWish): Topology => {
  const policy = { automation: 'automatic', release: 'automatic', releaseAfterHealthyMs: RELEASE_AFTER_MS, ...wish.policy } as const;
  const contacts = wish.contacts ?? [{ name: 'operator', email: CONTACT }];
  const t = topologyFor({ hosts: COMPUTES, racks: RACKS, policy });
  return {
    ...t,
    clusters: t.clusters.map((c) => ({ ...c, contacts: contacts.map((x) => x.name) })),
    contacts: [...contacts],
    // loopback resets for the address of a host without power, too; and its sshd is this machine's
    probes: { ...t.probes, refusedIsAlive: false, ssh: { user: 'root', port: 2222 } },
  };
};

/** Brings up the distributed stack on real parts: OpenStack, Kafka, ZooKeeper, Redis, six hosts with BMC and agent, all services. */
export const upStack = async (say: Say = () => undefined, wish: StackWish = {}): Promise<Stack> => {
  const unlock = await takeLock('lifeboat-lab');
  await clearAway();
  const data = mkdtempSync(join(tmpdir(), DATA));
  const undo: (() => Promise<unknown> | unknown)[] = [() => rmSync(data, { recursive: true, force: true }), unlock];
  const down = async () => {
    // last come, first gone; what fails to go does not keep the others
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch((e: unknown) => failures.push(e));
    if (failures.length > 0) throw new AggregateError(failures, 'not everything of the stack was ended');
  };
  try {
    return await up(data, undo, down, timed(say), wish);
  } catch (e) {
    await down().catch(() => undefined);
    throw e;
  }
};

/** What a run that was killed has left behind. We hold the lock: nobody else's is among it. */
const clearAway = async (): Promise<void> => {
  for (const name of readdirSync(tmpdir()).filter((n) => n.startsWith(DATA))) {
    await endServices(join(tmpdir(), name));
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
};

const timed = (say: Say): Say => {
  const began = performance.now();
  return (line) => say(`[${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s] ${line}`);
};

const up = async (
  data: string,
  undo: (() => Promise<unknown> | unknown)[],
  down: () => Promise<void>,
  say: Say,
  wish: StackWish,
): Promise<Stack> => {
  const servers = {
    redis: await startRedis(),
    zookeeper: await startZooKeeper(),
    kafka: await startKafka(),
  };
  undo.push(() => Promise.all(Object.values(servers).map((s) => s.stop())));
  say('Redis, ZooKeeper and Kafka serve');
  await ensureUp(COMPUTES);
  say('OpenStack answers');
  const lab = openLab();
  undo.push(() => lab.close());
  const nova = novaOf(lab);
  await lab.deleteAll('e2e');

  const topology = topologyOf(wish);
  const topologyFile = join(data, 'config', 'topology.yaml');
  mkdirSync(join(data, 'config'));
  // JSON is YAML
  writeFileSync(topologyFile, JSON.stringify(topology, null, 2));
  if (wish.ca !== undefined) {
    writeFileSync(join(data, 'ca.pem'), wish.ca);
    writeFileSync(join(data, 'config', 'lifeboat.env'), `NODE_EXTRA_CA_CERTS=${join(data, 'ca.pem')}\n`);
  }
  const mailbox = await openMailbox();
  undo.push(() => mailbox.close());
  const [consolePort = 0] = await freePorts(1);
  const env = {
    ...labEnv,
    LIFEBOAT_TOPOLOGY: topologyFile,
    LIFEBOAT_KAFKA: servers.kafka.brokers.join(','),
    LIFEBOAT_ZOOKEEPER: servers.zookeeper.connect,
    LIFEBOAT_REDIS: servers.redis.url,
    LIFEBOAT_SESSION_MS: String(SESSION_MS),
    LIFEBOAT_LEASE_MS: String(LEASE_MS),
    LIFEBOAT_CONSOLE_LISTEN: `127.0.0.1:${consolePort}`,
    LIFEBOAT_CONSOLE_USERS: CONSOLE_USER,
    LIFEBOAT_SMTP_URL: mailbox.url,
    LIFEBOAT_MAIL_FROM: 'Lifeboat <lifeboat@example.org>',
    ...wish.env,
  };
  const hosts = await startHosts(env, nova, undo);
  say(`${COMPUTES} hosts have power`);
  const recorder = await openRecorder(servers.kafka.brokers);
  undo.push(() => recorder.close());
  undo.push(() => endServices(data));
  const services = await startServices(data, join(data, 'config'), env);
  say('all services are ready');
  await recorder.untilSo(
    'all agents are registered',
    () => hosts.numbers.every((n) => recorder.of('lifeboat.agent.registered', (e) => e.data.host === hostName(n)).length > 0),
    60_000,
  );
  await recorder.until('lifeboat.round.completed', (e) => e.data.observer === 'sound', 30_000);
  say('all agents are registered; the monitor has seen a round');
  const host = (n: number) => hostId(hostName(n));
  return { data, lab, nova, hosts, topology, servers, services, recorder, mailbox, console: askConsole(consolePort), host, down };
};

const askConsole =
  (port: number): Stack['console'] =>
  async (path, order) => {
    const authorization = `Basic ${Buffer.from(CONSOLE_USER).toString('base64')}`;
    const body = order === undefined ? {} : { method: 'POST', body: JSON.stringify(order) };
    const headers = { authorization, ...(order === undefined ? {} : { 'content-type': 'application/json' }) };
    const answer = await fetch(`http://127.0.0.1:${port}/api/${path}`, { headers, ...body, signal: AbortSignal.timeout(20_000) });
    return { code: answer.status, body: await answer.json() };
  };

/** Each of the lab's computes as part of a host that has power, a BMC and an agent that its init system restarts. */
const startHosts = async (
  env: Readonly<Record<string, string>>,
  nova: NovaView,
  undo: (() => Promise<unknown> | unknown)[],
): Promise<LabHosts> => {
  const agent = join(repository, 'services/agent/src/main.ts');
  const hosts = labHosts({
    count: COMPUTES,
    agentCommand: () => ['sh', '-c', `while :; do '${process.execPath}' '${agent}'; sleep 1; done`],
    agentEnv: (n) => ({ ...env, LIFEBOAT_HOST: hostName(n), LIFEBOAT_VM_SOURCE: 'nova', LIFEBOAT_VM_POLL_MS: String(VM_POLL_MS) }),
  });
  undo.push(async () => {
    await hosts.stopAll();
    for (const n of hosts.numbers) await startCompute(n);
    for (const n of hosts.numbers) await nova.restore(hostId(hostName(n)));
  });
  await hosts.stopAll();
  const before = new Map((await nova.services()).map((s) => [s.host, s.updated_at]));
  await hosts.startAll();
  await until('every compute reports', 90_000, async () =>
    (await nova.services()).every((s) => !hosts.numbers.some((n) => hostName(n) === s.host) || s.updated_at !== before.get(s.host)),
  );
  for (const n of hosts.numbers) await nova.restore(hostId(hostName(n)));
  return hosts;
};
