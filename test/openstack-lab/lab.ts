import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { wallClock as openWallClock } from '@lifeboat/adapters-memory/wall-clock';
import { connect, defaultLimits, loadCloud, systemSource } from '@lifeboat/adapters-openstack';
import { describeFailure, type HostId, hostId, type Outcome, type VmId, vmId } from '@lifeboat/kernel';
import Type from 'typebox';

/** Where up.sh puts its configuration; /etc/openstack-lab unless CFG says otherwise. */
const cfg = process.env.CFG ?? '/etc/openstack-lab';
export const labEnv = { OS_CLIENT_CONFIG_FILE: join(cfg, 'clouds.yaml'), OS_CLOUD: 'lab' } as const;

const wallClock = openWallClock();
const run = promisify(execFile);
const here = import.meta.dirname;
const latest = { best: [2, 93], least: [2, 74] } as const;
const Named = Type.Object({ id: Type.String(), name: Type.String() });
const Server = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  'OS-EXT-SRV-ATTR:host': Type.Union([Type.String(), Type.Null()]),
  'OS-EXT-STS:task_state': Type.Union([Type.String(), Type.Null()]),
});
const Servers = Type.Object({ servers: Type.Array(Server) });
const Services = Type.Object({
  services: Type.Array(Type.Object({ host: Type.String(), state: Type.String(), updated_at: Type.Union([Type.String(), Type.Null()]) })),
});

export interface LabServer {
  readonly vm: VmId;
  readonly name: string;
  readonly status: string;
  readonly host: HostId | null;
  readonly task: string | null;
}
export interface BootRequest {
  readonly count: number;
  readonly host: HostId;
  /** m1.tiny (1 vCPU, 64 MB, no disk), m1.small (1, 512 MB, 1 GB: the default), m1.large (4, 2048 MB, 10 GB). */
  readonly flavor?: 'm1.tiny' | 'm1.small' | 'm1.large';
  readonly metadata?: Readonly<Record<string, string>>;
  readonly name?: string;
}

const must = <T>(o: Outcome<T>): T => {
  if (!o.ok) throw new Error(`lab: ${describeFailure(o)}`);
  return o.value;
};

/** Brings the lab up where it is not (as root; minutes on a fresh machine) and gives the environment that names it. */
export const ensureUp = async (computes = 6): Promise<typeof labEnv> => {
  const why = await whyNot(computes);
  if (why === undefined) return labEnv;
  await run(join(here, 'up.sh'), [String(computes)], { timeout: 900_000, maxBuffer: 1 << 24 });
  // computes that have just registered report within ten seconds
  let still: string | undefined;
  await until('all computes report', 60_000, async () => {
    still = await whyNot(computes);
    return still === undefined ? true : undefined;
  }).catch((e: unknown) => {
    throw new Error(`the OpenStack lab is not up: ${still}`, { cause: e });
  });
  return labEnv;
};

/** Brings the lab up where this machine can have one; elsewhere says why none answers. */
export const upOrWhyNot = async (computes = 6): Promise<string | undefined> => {
  const able = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (!able) return whyNot(computes).then((why) => (why === undefined ? why : `no OpenStack lab (it wants Debian and root): ${why}`));
  await ensureUp(computes);
  return undefined;
};

/** Why no lab with so many living computes answers; undefined when one does. */
export const whyNot = async (computes = 4): Promise<string | undefined> => {
  const config = loadCloud(systemSource(labEnv));
  if (!config.ok) return `${labEnv.OS_CLIENT_CONFIG_FILE} cannot be read`;
  const lab = openLab();
  try {
    const up = (await lab.services()).filter((s) => s.state === 'up');
    return up.length >= computes ? undefined : `${up.length} of ${computes} computes are up`;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  } finally {
    lab.close();
  }
};

const Faulty = Type.Object({ server: Type.Object({ fault: Type.Optional(Type.Object({ message: Type.String() })) }) });
type Api = ReturnType<typeof connect>['compute'];
const signal = () => AbortSignal.timeout(180_000);

const until = async <T>(what: string, limitMs: number, look: () => Promise<T | undefined>): Promise<T> => {
  const end = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > end) throw new Error(`lab: not within ${limitMs} ms: ${what}`);
    await wallClock.sleep(250);
  }
};

const idOf = async (compute: Api, what: 'images' | 'flavors', name: string): Promise<string> => {
  // the image list is a proxy that Nova keeps for microversions up to 2.35
  const version = what === 'images' ? ({ best: [2, 35], least: [2, 35] } as const) : latest;
  const read = must(await compute.read(Type.Object({ [what]: Type.Array(Named) }), { path: `/${what}`, version, signal: signal() }));
  const found = (read[what] ?? []).find((x) => x.name === name);
  if (found === undefined) throw new Error(`lab: no ${name} among ${what}; run up.sh`);
  return found.id;
};

const servicesOf = async (compute: Api) => {
  const call = { path: '/os-services', query: { binary: 'nova-compute' }, version: latest, signal: signal() };
  return must(await compute.read(Services, call)).services;
};

/** The first 1,000 servers whose names begin so: more than a lab holds. */
const serversOf = async (compute: Api, namePrefix: string): Promise<readonly LabServer[]> => {
  const call = { path: '/servers/detail', query: { all_tenants: 1, limit: 1000 }, version: latest, signal: signal() };
  return must(await compute.read(Servers, call)).servers.flatMap((s) => {
    const host = s['OS-EXT-SRV-ATTR:host'];
    const seen = {
      vm: vmId(s.id),
      name: s.name,
      status: s.status,
      host: host === null ? null : hostId(host),
      task: s['OS-EXT-STS:task_state'],
    };
    return s.name.startsWith(namePrefix) ? [seen] : [];
  });
};

const bootOn = async (compute: Api, b: BootRequest): Promise<readonly VmId[]> => {
  // a name of its own for each call: that is how its servers are found again
  const name = `${b.name ?? 'lab'}-${process.pid}-${Math.round(performance.now())}`;
  const imageRef = await idOf(compute, 'images', 'tiny');
  const flavorRef = await idOf(compute, 'flavors', b.flavor ?? 'm1.small');
  const counts = { min_count: b.count, max_count: b.count };
  const server = { name, imageRef, flavorRef, networks: 'none', host: b.host, ...counts, metadata: b.metadata ?? {} };
  must(await compute.send({ method: 'POST', path: '/servers', body: { server }, version: latest, signal: signal() }));
  return until(`${b.count} servers ${name} active`, 240_000, async () => {
    const mine = await serversOf(compute, name);
    const bad = mine.find((s) => s.status === 'ERROR');
    if (bad !== undefined) {
      const { fault } = must(await compute.read(Faulty, { path: `/servers/${bad.vm}`, version: latest, signal: signal() })).server;
      throw new Error(`lab: server ${bad.vm} (${bad.name}) could not be booted on ${b.host}: ${fault?.message ?? 'Nova does not say why'}`);
    }
    return mine.length === b.count && mine.every((s) => s.status === 'ACTIVE' && s.task === null) ? mine.map((s) => s.vm) : undefined;
  });
};

const deleteNamed = async (compute: Api, namePrefix: string): Promise<void> => {
  for (const s of await serversOf(compute, namePrefix)) {
    const body = { forceDelete: null };
    const sent = await compute.send({ method: 'POST', path: `/servers/${s.vm}/action`, body, version: latest, signal: signal() });
    if (!sent.ok && sent.code !== 'CLOUD_NOT_FOUND') must(sent);
  }
  await until('all servers gone', 120_000, async () => ((await serversOf(compute, namePrefix)).length === 0 ? true : undefined));
};

const computeSh = (verb: 'kill' | 'start', host: HostId) =>
  run(join(here, 'compute.sh'), [verb, host.replace(/^compute-/, '')], { timeout: 60_000 });

const startCompute = async (compute: Api, host: HostId): Promise<void> => {
  const heartbeat = async () => (await servicesOf(compute)).find((s) => s.host === host)?.updated_at;
  const before = await heartbeat();
  await computeSh('start', host);
  await until(`${host} reports`, 90_000, async () => ((await heartbeat()) !== before ? true : undefined));
};

export type Lab = ReturnType<typeof openLab>;
/** The lab's own tools: what a test does to a cloud and Lifeboat never does. */
export const openLab = () => {
  const config = loadCloud(systemSource(labEnv));
  if (!config.ok) throw new Error(config.complaints.map((c) => `${c.where}: ${c.field}: ${c.problem}`).join('\n'));
  const around = { clock: wallClock, limits: { ...defaultLimits, actMs: 120_000 }, log: () => undefined };
  const { compute, placement, close } = connect(config.value, around);
  return {
    compute,
    placement,
    close,
    services: () => servicesOf(compute),
    listServers: (namePrefix = '') => serversOf(compute, namePrefix),
    /** Boots on a named host and answers once all are ACTIVE. Their names begin with `name` (default 'lab'). */
    boot: (b: BootRequest) => bootOn(compute, b),
    deleteAll: (namePrefix = '') => deleteNamed(compute, namePrefix),
    /** SIGKILL to the host's nova-compute: it and its guests are gone at once. */
    kill: async (host: HostId): Promise<void> => void (await computeSh('kill', host)),
    /** Starts it and waits for its first new heartbeat: before that, "up" may still mean the old one. */
    start: (host: HostId) => startCompute(compute, host),
  };
};
