import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAgentRegistry, wallClock } from '@lifeboat/backbone';
import { hostId, vmId } from '@lifeboat/kernel';
import { type ServiceName, serviceNames } from '@lifeboat/local';
import { startKafka, startRedis, startZooKeeper } from '../servers/index.ts';
import { compileOnce, type RunningService, startService, untilReady, usageOf } from './idle/processes.ts';
import { type StubHost, stubOpenStack } from './idle/stub-openstack.ts';
import type { RunFigure } from './index.ts';

const HOSTS = 1_000;
const VMS_A_HOST = 10;
const HOSTS_A_SESSION = 100;
const HOSTS_A_RACK = 40;
const MOST = { cpuPercent: 10, memoryMb: 900 };
const READY_MS = 60_000;
const WARM_MS = { quick: 6_000, full: 30_000 };
const MEASURE_MS = { quick: 25_000, full: 120_000 };
const AGENT_SESSION_MS = 10_000;

const uuid = (kind: number, n: number) => `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const addressOf = (network: number, n: number) => `127.${network}.${Math.floor(n / 250)}.${(n % 250) + 1}`;
const hostName = (n: number) => `compute-${String(n).padStart(4, '0')}`;
const hosts: readonly StubHost[] = Array.from({ length: HOSTS }, (_, n) => ({
  host: hostName(n),
  id: uuid(1, n),
  vms: Array.from({ length: VMS_A_HOST }, (_, i) => uuid(2, n * VMS_A_HOST + i)),
}));

/** JSON is YAML. Every address is of loopback and answers ICMP: all hosts are well. */
const topology = () => ({
  region: 'idle',
  clusters: [{ cluster: 'cluster-1' }],
  racks: Array.from({ length: Math.ceil(HOSTS / HOSTS_A_RACK) }, (_, i) => ({ rack: `rack-${i}` })),
  hosts: hosts.map(({ host }, n) => ({
    host,
    cluster: 'cluster-1',
    rack: `rack-${Math.floor(n / HOSTS_A_RACK)}`,
    managementAddress: addressOf(100, n),
    productionAddress: addressOf(101, n),
    fence: [{ name: 'bmc', agent: 'fence_ipmilan', parameters: { ip: addressOf(102, n), username: 'lifeboat' } }],
  })),
  probes: { icmp: true, tcpPorts: [] },
});

/** The agents of all hosts as the registry sees them, a hundred to a session. Nothing happens, so they have nothing to say. */
async function register(connectString: string): Promise<() => Promise<void>> {
  const registries = Array.from({ length: HOSTS / HOSTS_A_SESSION }, () =>
    openAgentRegistry({ connectString, sessionMs: AGENT_SESSION_MS, leaseMs: AGENT_SESSION_MS }, wallClock()),
  );
  const at = wallClock().now();
  await Promise.all(
    hosts.map(async ({ host, vms }, n) => {
      const registry = registries[Math.floor(n / HOSTS_A_SESSION)];
      const joined = await registry?.join({
        host: hostId(host),
        bootId: uuid(3, n),
        agentVersion: '0.1.0',
        startedAt: at,
        leaving: false,
        vmsKnown: true,
        vms: vms.map((vm) => ({ vm: vmId(vm), state: 'running' as const, since: at })),
        peers: [1, 2, 3, 4].map((d) => ({ peer: hostId(hostName((n + d) % HOSTS)), production: 'alive' as const, at })),
      });
      if (joined?.ok !== true) throw new Error(`agent of ${host}: ${joined?.detail ?? 'no registry'}`);
    }),
  );
  return async () => void (await Promise.all(registries.map((r) => r.close())));
}

export const run: RunFigure = async ({ full }) => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-idle-'));
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const path = join(folder, 'topology.yaml');
    await writeFile(path, JSON.stringify(topology()));
    const openstack = await stubOpenStack(hosts);
    undo.push(async () => openstack.server.close());
    console.log('  starting Kafka, ZooKeeper and Redis');
    const [kafka, zookeeper, redis] = await Promise.all([startKafka(), startZooKeeper(), startRedis()]);
    undo.push(
      () => kafka.stop(),
      () => zookeeper.stop(),
      () => redis.stop(),
    );
    undo.push(await register(zookeeper.connect));
    console.log(`  ${HOSTS} agents are registered; starting the services`);
    const env = {
      LIFEBOAT_KAFKA: kafka.brokers.join(','),
      LIFEBOAT_ZOOKEEPER: zookeeper.connect,
      LIFEBOAT_REDIS: redis.url,
      LIFEBOAT_TOPOLOGY: path,
      LIFEBOAT_LOG_LEVEL: 'info',
      LIFEBOAT_SMTP_URL: 'smtp://127.0.0.1:25',
      LIFEBOAT_MAIL_FROM: 'lifeboat@example.org',
      OS_AUTH_URL: openstack.url,
      OS_USERNAME: 'lifeboat',
      OS_PASSWORD: 'stub',
      OS_PROJECT_NAME: 'admin',
      OS_USER_DOMAIN_NAME: 'Default',
      OS_PROJECT_DOMAIN_NAME: 'Default',
    };
    await compileOnce(serviceNames, folder);
    const services = await Promise.all(serviceNames.map((name: ServiceName) => startService(name, folder, env)));
    undo.push(() => Promise.all(services.map((s) => s.end())));
    await Promise.all(services.map((s) => untilReady(s, READY_MS)));
    return await measure(services, full ? 'full' : 'quick');
  } finally {
    for (const step of undo.reverse()) await step();
  }
};

async function measure(services: readonly RunningService[], how: 'quick' | 'full') {
  console.log(`  all services are ready; warming up for ${WARM_MS[how] / 1000} s, then measuring for ${MEASURE_MS[how] / 1000} s`);
  await sleep(WARM_MS[how]);
  const before = services.map((s) => usageOf(s.pid));
  const started = performance.now();
  await sleep(MEASURE_MS[how]);
  const tookMs = performance.now() - started;
  const ended = services.flatMap((s) => s.ended() ?? []);
  if (ended.length > 0) throw new Error(ended.join('\n'));
  const rows = services.map((s, i) => {
    const after = usageOf(s.pid);
    return { name: s.name, cpu: (100 * (after.cpuMs - (before[i]?.cpuMs ?? 0))) / tookMs, pss: after.pssMb, rss: after.rssMb };
  });
  console.log(`\n${'service'.padEnd(18)}${'CPU %'.padStart(8)}${'PSS MB'.padStart(9)}${'RSS MB'.padStart(9)}`);
  for (const r of rows)
    console.log(`${r.name.padEnd(18)}${r.cpu.toFixed(2).padStart(8)}${r.pss.toFixed(0).padStart(9)}${r.rss.toFixed(0).padStart(9)}`);
  const cpu = rows.reduce((sum, r) => sum + r.cpu, 0);
  const memory = rows.reduce((sum, r) => sum + r.pss, 0);
  return {
    value: `${cpu.toFixed(1)} % of a core, ${memory.toFixed(0)} MB`,
    asked: `≤ ${MOST.cpuPercent} % and ≤ ${MOST.memoryMb} MB`,
    met: cpu <= MOST.cpuPercent && memory <= MOST.memoryMb,
  };
}
