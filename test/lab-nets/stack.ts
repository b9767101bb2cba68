import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Topology } from '@lifeboat/contracts';
import { type HostId, hostId } from '@lifeboat/kernel';
import { end, launch, mainOf, type Pid, type ServiceName, serviceNames, signal } from '@lifeboat/local';
import { repository } from '@lifeboat/local/services';
import { takeLock } from '../e2e/lock.ts';
import { until } from '../e2e/nova.ts';
import { openRecorder, type Recorder } from '../e2e/recorder.ts';
import { type BmcFault, type BmcPlace, setBmcFault, startBmc, stopBmc } from '../lab-hosts/bmc.ts';
import { startKafka, startRedis, startZooKeeper, type TestServer } from '../servers/index.ts';
import { fabricDown, fabricUp } from './fabric.ts';
import { Guests } from './guests.ts';
import { LabNova } from './nova.ts';
import {
  bmcAddress,
  bmcSpace,
  CONTROLLER,
  HOSTS_A_RACK,
  hostAddress,
  hostDir,
  hostName,
  isCut,
  labDir,
  monitorAddress,
  monitorSpace,
  portOf,
  rackOf,
} from './places.ts';
import { agentScript, powerOff, powerOn, powerStatus } from './power.ts';
import { relay } from './relay.ts';
import { knownHosts, sshKey, topologyOf } from './topology.ts';

const READY_MS = 60_000;
const END_MS = 15_000;
const FIRST_PORT = 7800;
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

export interface NetLabOptions {
  readonly racks?: number;
  readonly monitors?: number;
  /** Of the agents' sessions, and of the leaders' leases. */
  readonly sessionMs?: number;
  readonly leaseMs?: number;
  /** So many of each: the others stand by. */
  readonly migrators?: number;
  readonly change?: (t: Topology) => Topology;
  readonly say?: (line: string) => void;
}
/** A process of which several stand for election. */
export interface Standing {
  readonly number: number;
  role(): Promise<string>;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  restart(): Promise<void>;
}
export interface NetLab {
  readonly sessionMs: number;
  readonly topology: Topology;
  readonly hosts: readonly number[];
  readonly racks: readonly number[];
  readonly recorder: Recorder;
  readonly zookeeper: TestServer & { readonly connect: string };
  readonly nova: LabNova;
  readonly guests: Guests;
  readonly monitors: readonly Standing[];
  readonly host: (n: number) => HostId;
  readonly migrators: readonly Standing[];
  powerOn(n: number): Promise<void>;
  bmcFault(n: number, fault: BmcFault, on: boolean | number): void;
  /** Guests where they were at the beginning, everything in Nova as it was. */
  home(): Promise<void>;
  down(): Promise<void>;
}

/** Two real switched networks, hosts with sshd, agent and BMC on them, all servers and services, two monitors. */
export const upNetLab = async (options: NetLabOptions = {}): Promise<NetLab> => {
  const unlock = await takeLock('lifeboat-lab');
  const undo: (() => Promise<unknown> | unknown)[] = [unlock];
  const down = async () => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch((e: unknown) => failures.push(e));
    if (failures.length > 0) throw new AggregateError(failures, 'not everything of the lab was ended');
  };
  try {
    return await new Building({ racks: 2, monitors: 2, migrators: 1, sessionMs: 4_000, leaseMs: 2_000, ...options }, undo, down).build();
  } catch (e) {
    await down().catch(() => undefined);
    throw e;
  }
};

type Wanted = NetLabOptions & Required<Pick<NetLabOptions, 'racks' | 'monitors' | 'migrators' | 'sessionMs' | 'leaseMs'>>;

class Building {
  readonly #o: Wanted;
  readonly #undo: (() => Promise<unknown> | unknown)[];
  readonly #down: () => Promise<void>;
  readonly #hosts: readonly number[];
  readonly #topologyFile = join(labDir, 'topology.yaml');
  readonly #guests: Guests;
  #env: Readonly<Record<string, string>> = {};
  readonly #began = performance.now();

  constructor(o: Wanted, undo: (() => Promise<unknown> | unknown)[], down: () => Promise<void>) {
    this.#o = o;
    this.#undo = undo;
    this.#down = down;
    this.#hosts = numbers(o.racks * HOSTS_A_RACK);
    rmSync(labDir, { recursive: true, force: true });
    mkdirSync(labDir, { recursive: true });
    this.#guests = new Guests();
  }

  async build(): Promise<NetLab> {
    const { racks, monitors, sessionMs } = this.#o;
    const extent = { racks, monitors };
    fabricUp(extent);
    this.#undo.push(() => fabricDown(extent));
    const [redis, zookeeper, kafka] = await Promise.all([startRedis(), startZooKeeper(), startKafka(), this.#bmcs()]);
    this.#undo.push(() => Promise.all([redis, zookeeper, kafka].map((s) => s.stop())));
    const ports = [redis.url, zookeeper.connect, kafka.brokers[0] ?? ''].map((a) => Number(a.split(':').at(-1)));
    await this.#wires(ports);
    const topology = (this.#o.change ?? ((t) => t))(topologyOf(racks));
    // JSON is YAML
    writeFileSync(this.#topologyFile, JSON.stringify(topology, null, 1));
    const nova = await this.#nova();
    this.#env = this.#environment(kafka.brokers, zookeeper.connect, redis.url, nova.url);
    this.#say('networks, servers and BMCs are up');
    const recorder = await openRecorder(kafka.brokers);
    this.#undo.push(() => recorder.close());
    const zkPort = ports[1] ?? 0;
    const single = (['agent-watcher', 'fault-correlator', 'scheduler'] as const).map((name) => this.#standing(name, 1, null, '127.0.0.1'));
    const others = await Promise.all(single);
    const migrators = await Promise.all(numbers(this.#o.migrators).map((m) => this.#standing('migrator', m, null, '127.0.0.1')));
    const watching = await Promise.all(numbers(monitors).map((m) => this.#standing('node-monitor', m, monitorSpace(m), monitorAddress(m))));
    await this.#machines(zkPort);
    this.#say('hosts have power');
    for (const s of [...others, ...migrators, ...watching])
      await until(`a service is ready; see ${labDir}/*.log`, READY_MS, async () => ['standby', 'leading'].includes(await s.role()), 100);
    for (const v of nova.vms) this.#guests.start(v.id, Number(v.host.split('-')[1]));
    const there = new Set<string>(this.#hosts.map(hostName));
    await recorder.untilSo(
      'all agents are registered',
      () => new Set(recorder.of('lifeboat.agent.registered', (e) => there.has(e.data.host)).map((e) => e.data.host)).size === there.size,
      READY_MS,
    );
    await recorder.until(
      'lifeboat.round.completed',
      (e) => e.data.observer === 'sound' && e.data.racks.every((r) => r.dead === 0),
      READY_MS,
    );
    this.#say('all agents are registered; the monitor has seen a round');
    const homes = new Map(nova.vms.map((v) => [v.id, v.host]));
    return {
      sessionMs,
      topology,
      hosts: this.#hosts,
      racks: numbers(racks),
      recorder,
      zookeeper,
      nova,
      guests: this.#guests,
      monitors: watching,
      host: (n) => hostId(hostName(n)),
      migrators,
      powerOn: async (n) => {
        await powerOn(n);
        nova.booted(hostName(n));
      },
      bmcFault: (n, fault, on) => setBmcFault(n, fault, on, this.#bmc(n)),
      home: () => this.#home(nova, homes),
      down: this.#down,
    };
  }

  #environment(brokers: readonly string[], zookeeper: string, redis: string, nova: string): Readonly<Record<string, string>> {
    return {
      LIFEBOAT_KAFKA: brokers.join(','),
      LIFEBOAT_ZOOKEEPER: zookeeper,
      LIFEBOAT_REDIS: redis,
      LIFEBOAT_TOPOLOGY: this.#topologyFile,
      LIFEBOAT_SESSION_MS: String(this.#o.sessionMs),
      LIFEBOAT_LEASE_MS: String(this.#o.leaseMs),
      OS_AUTH_URL: `${nova}/v3`,
      OS_USERNAME: 'lifeboat',
      OS_PASSWORD: 'lab',
      OS_PROJECT_NAME: 'admin',
      OS_USER_DOMAIN_NAME: 'Default',
      OS_PROJECT_DOMAIN_NAME: 'Default',
    };
  }

  #say(line: string): void {
    this.#o.say?.(`[${((performance.now() - this.#began) / 1000).toFixed(1).padStart(6)} s] ${line}`);
  }

  #bmc(n: number): BmcPlace {
    const within = ['ip', 'netns', 'exec', bmcSpace(rackOf(n))];
    return { state: labDir, address: bmcAddress, power: join(import.meta.dirname, 'power.ts'), within };
  }
  async #bmcs(): Promise<void> {
    await Promise.all(this.#hosts.map((n) => startBmc(n, this.#bmc(n))));
    this.#undo.push(() => Promise.all(this.#hosts.map((n) => stopBmc(n, this.#bmc(n)))));
  }

  /** From the controller's address to the servers on loopback, and from each monitor's loopback to the controller. */
  async #wires(ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      const server = await relay({ host: CONTROLLER, port }, { host: '127.0.0.1', port });
      this.#undo.push(() => void server.close());
    }
    for (const m of numbers(this.#o.monitors)) {
      const pid = await this.#start(monitorSpace(m), `relay-${m}`, [
        join(import.meta.dirname, 'relay.ts'),
        CONTROLLER,
        ...ports.map(String),
      ]);
      this.#undo.push(() => end(pid, END_MS));
    }
  }

  async #nova(): Promise<LabNova> {
    const vms = this.#hosts.map((n) => ({ id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, host: hostName(n) }));
    const numberOf = (host: string) => Number(host.split('-')[1]);
    const nova = new LabNova(this.#hosts.map(hostName), vms, {
      reports: (host) => powerStatus(numberOf(host)) === 'on' && !isCut(portOf('host', numberOf(host))),
      start: (vm, host) => this.#guests.start(vm, numberOf(host)),
    });
    await nova.listen(CONTROLLER);
    this.#undo.push(() => nova.close());
    return nova;
  }

  /** Node with these arguments; its end comes with ours. */
  #start(space: string | null, name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Pid> {
    const within = space === null ? [] : ['ip', 'netns', 'exec', space];
    const [command = '', ...rest] = [...within, process.execPath, ...args];
    return launch({ command, args: rest, cwd: repository, log: join(labDir, `${name}.log`), env, leashed: true });
  }

  /** The number-th of this service, in this network namespace, telling how it is on this address. */
  async #standing(name: ServiceName, number: number, space: string | null, address: string): Promise<Standing> {
    const listen = `${address}:${FIRST_PORT + 10 * serviceNames.indexOf(name) + number}`;
    const own = name === 'node-monitor' ? { LIFEBOAT_MANAGEMENT_LINKS: 'mgmt', LIFEBOAT_MANAGEMENT_GATEWAY: CONTROLLER } : {};
    const env = { ...this.#env, ...own, LIFEBOAT_INSTANCE: `${name}-${number}`, LIFEBOAT_LISTEN: listen };
    const service = new Service(() => this.#start(space, `${name}-${number}`, [mainOf(name)], env));
    await service.start();
    this.#undo.push(() => service.end());
    const role = async () => {
      const answer = await fetch(`http://${listen}/readyz`, { signal: AbortSignal.timeout(500) }).catch(() => null);
      return answer === null ? 'silent' : ((await answer.json()) as { role: string }).role;
    };
    const restart = async () => {
      await service.end();
      await service.start();
    };
    return { number, role, signal: (s) => service.signal(s), restart };
  }

  async #machines(zooKeeperPort: number): Promise<void> {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', sshKey]);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(labDir, 'host-key')]);
    const hostKey = readFileSync(join(labDir, 'host-key.pub'), 'utf8');
    writeFileSync(knownHosts, this.#hosts.map((n) => `${hostAddress(n, 'management')} ${hostKey}`).join(''));
    mkdirSync('/run/sshd', { recursive: true });
    for (const n of this.#hosts) this.#furnish(n, zooKeeperPort);
    await Promise.all(this.#hosts.map(powerOn));
    this.#undo.push(() => Promise.all(this.#hosts.map(powerOff)));
  }

  /** What lies on a host's disk: keys, and what starts with it. */
  #furnish(n: number, zooKeeperPort: number): void {
    mkdirSync(hostDir(n), { recursive: true });
    // root's own start-up files are none of this host's: one may take a minute (pyenv, where a login was killed in the middle of it)
    writeFileSync(
      join(hostDir(n), 'sshd_config'),
      `ListenAddress ${hostAddress(n, 'management')}\nPort 22\nHostKey ${join(labDir, 'host-key')}\nAuthorizedKeysFile ${sshKey}.pub\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nPidFile none\nSetEnv HOME=/nonexistent\n`,
    );
    const env = {
      ...this.#env,
      LIFEBOAT_ZOOKEEPER: `${CONTROLLER}:${zooKeeperPort}`,
      LIFEBOAT_HOST: hostName(n),
      LIFEBOAT_VM_SOURCE: 'nova',
    };
    const set = Object.entries(env).map(([k, v]) => `export ${k}='${v}'`);
    const run = `exec '${process.execPath}' '${join(repository, 'services/agent/src/main.ts')}' >> '${join(hostDir(n), 'agent.log')}' 2>&1`;
    writeFileSync(agentScript(n), [...set, run, ''].join('\n'));
  }

  async #home(nova: LabNova, homes: ReadonlyMap<string, string>): Promise<void> {
    nova.restore();
    for (const v of nova.vms) {
      const home = homes.get(v.id) ?? v.host;
      const n = Number(home.split('-')[1]);
      for (const other of this.#hosts) if (other !== n) await this.#guests.stop(v.id, other);
      Object.assign(v, { host: home, status: 'ACTIVE', task: null });
      if (!this.#guests.runs(v.id, n)) this.#guests.start(v.id, n);
    }
  }
}

/** A process that is ended and started again. */
class Service {
  readonly #launch: () => Promise<Pid>;
  #pid: Pid | null = null;

  constructor(start: () => Promise<Pid>) {
    this.#launch = start;
  }
  async start(): Promise<void> {
    this.#pid = await this.#launch();
  }
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#pid !== null) signal(this.#pid, name);
  }
  async end(): Promise<void> {
    if (this.#pid === null) return;
    signal(this.#pid, 'SIGCONT');
    signal(this.#pid, 'SIGKILL');
    await end(this.#pid, END_MS);
  }
}
