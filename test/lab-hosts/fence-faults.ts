import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fenceAgents } from '@lifeboat/adapters-fence';
import { MemoryBus, MemoryLedger, MemoryRegistryCore, MemoryStateStore, wallClock } from '@lifeboat/adapters-memory';
import { decode, encode, type FenceMethod, type LifeboatEvent, type ProofOfDeath, type Topology } from '@lifeboat/contracts';
import { clusterId, done, type EventId, epoch, hostId, type IncidentId, incidentId, ok, rackId, vmId } from '@lifeboat/kernel';
import { migrator, migratorSettings, migratorWorld } from '@lifeboat/migrator';
import type { Cloud, CloudVm } from '@lifeboat/ports';
import { Shell } from '@lifeboat/runtime';
import { type LabHosts, labHosts, labMethod } from './lab-hosts.ts';
import { hostName, stateDir } from './places.ts';

export type Isolated = Readonly<{ told: 'isolated'; proof: ProofOfDeath; tookMs: number }>;
export type Waits = Readonly<{ told: 'waits'; codes: readonly string[]; details: readonly string[]; tookMs: number }>;

const VM = vmId('00000000-0000-4000-8000-000000000001');

/** Nova, as far as an isolation and the look before an evacuation ask it. */
const quietNova = (evacuations: string[]): Cloud => {
  const vm = (host: string): CloudVm => ({
    vm: VM,
    name: 'v',
    host: hostId(host),
    status: 'ACTIVE',
    vmState: 'active',
    task: null,
    fault: null,
  });
  const asked: Partial<Cloud> = {
    onlyWhile: () => asked as Cloud,
    forceDown: async () => done,
    disable: async () => done,
    evacuationsFrom: async () => ok([]),
    migrationsFrom: async () => ok([]),
    vm: async () => ok(vm(evacuations[0] ?? '')),
    evacuate: async (id) => {
      evacuations.push(id);
      return done;
    },
  };
  return asked as Cloud;
};

/** A migrator in its shell, with real BMCs behind real fence agents; only its servers are in memory. */
export class FenceBench {
  readonly hosts: LabHosts;
  readonly #device = fenceAgents();
  readonly #clock = wallClock();
  /** By host: each has a migrator of its own. */
  readonly #buses = new Map<string, MemoryBus>();
  readonly #stop = new AbortController();
  readonly #methods = new Map<string, readonly FenceMethod[]>();
  #sequence = 0;

  constructor(first: number, count: number) {
    this.hosts = labHosts({ first, count, compute: false });
  }

  async open(): Promise<void> {
    await this.hosts.stopAll();
    await this.hosts.startAll();
  }
  async close(): Promise<void> {
    this.#stop.abort();
    await this.hosts.stopAll();
  }

  #topology(): Topology {
    const hosts = [...this.#methods].map(([host, fence], i) => ({
      host: hostId(host),
      cluster: clusterId('c'),
      rack: rackId('r'),
      managementAddress: `127.0.11.${i + 1}`,
      fence: [...fence],
    }));
    return { region: 'lab', clusters: [{ cluster: clusterId('c') }], racks: [{ rack: rackId('r') }], hosts };
  }

  /** Orders the isolation of host N by these methods, and tells what came of the first round of them. */
  async isolate(n: number, methods: readonly FenceMethod[]): Promise<Isolated | Waits> {
    const host = hostName(n);
    this.#methods.set(host, methods);
    const instance = `migrator-${n}`;
    const registry = new MemoryRegistryCore(this.#clock, { sessionTimeoutMs: 60_000 }).client(instance);
    const bus = new MemoryBus(this.#clock);
    this.#buses.set(host, bus);
    const ports = { bus: bus.client(), store: new MemoryStateStore(this.#clock), registry, clock: this.#clock, instance };
    const topology = this.#topology();
    const world = migratorWorld({
      cloud: quietNova([host]),
      fence: this.#device,
      ledger: new MemoryLedger(this.#clock),
      clock: this.#clock,
      topology: () => topology,
    });
    void new Shell(migrator(migratorSettings(topology)), world, ports).run(this.#stop.signal);
    const began = performance.now();
    const incident = incidentId(`inc-${host}-${Date.now()}`);
    await this.#order(host, incident);
    return this.outcomeOf(
      incident,
      began,
      methods.reduce((sum, m) => sum + 4 * (m.timeLimitMs ?? 30_000), 5_000),
    );
  }

  /** What is told of an incident next, after `from` events of it. */
  async outcomeOf(incident: IncidentId, began: number, limitMs: number): Promise<Isolated | Waits> {
    while (performance.now() - began < limitMs) {
      for (const e of this.#told(incident)) {
        const tookMs = Math.round(performance.now() - began);
        if (e.type === 'lifeboat.host.isolated') return { told: 'isolated', proof: e.data.proof, tookMs };
        if (e.type === 'lifeboat.isolation.failed')
          return { told: 'waits', codes: e.data.methods.map((m) => m.code), details: e.data.methods.map((m) => m.detail), tookMs };
      }
      await sleep(20);
    }
    throw new Error(`nothing was told of ${incident} for ${limitMs} ms: it hangs`);
  }

  /** Is host N isolated, within so long? After something was mended. */
  async isIsolated(n: number, limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs;
    while (performance.now() < end) {
      if (this.#all().some((e) => e.type === 'lifeboat.host.isolated' && e.data.host === hostName(n))) return true;
      await sleep(50);
    }
    return false;
  }

  /** What the migrator makes of an order to evacuate, under this proof: does it call Nova? */
  async evacuate(n: number, proof: ProofOfDeath): Promise<string> {
    const evacuations = [hostName(n)];
    const topology = this.#topology();
    const world = migratorWorld({
      cloud: quietNova(evacuations),
      fence: this.#device,
      ledger: new MemoryLedger(this.#clock),
      clock: this.#clock,
      topology: () => topology,
    });
    const host = hostId(hostName(n));
    const result = await world.perform(
      {
        kind: 'evacuate',
        operation: `x/${n}`,
        incident: incidentId(`inc-${host}-1`),
        host,
        vm: VM,
        to: hostId('elsewhere'),
        proof,
        ended: [],
      },
      { epoch: epoch(1), valid: () => true, signal: this.#stop.signal, attempt: 'a/1/1' },
    );
    return evacuations.length > 1 ? 'evacuated' : result.kind;
  }

  /** Orders that reached the BMC to change the power, by its own log. */
  orders(n: number): number {
    return readFileSync(join(stateDir, `bmc-${n}`, 'chassis.log'), 'utf8')
      .split('\n')
      .filter((l) => / set power 0/.test(l)).length;
  }

  #all(): LifeboatEvent[] {
    const records = [...this.#buses.values()].flatMap((bus) => bus.records('lifeboat.migrations'));
    return records.flatMap((r) => {
      const d = decode(r);
      return d.ok ? [d.event] : [];
    });
  }
  #told(incident: IncidentId): LifeboatEvent[] {
    return this.#all().filter((e) => (e.data as { incident?: string }).incident === incident);
  }
  async #order(host: string, incident: IncidentId): Promise<void> {
    this.#sequence += 1;
    const at = this.#clock.now();
    const data = { incident, host: hostId(host), epoch: 1, at };
    const event = {
      type: 'lifeboat.isolation.requested',
      data,
      id: this.#sequence.toString(16).padStart(32, '0') as EventId,
      source: 'scheduler/1',
      time: at,
      sequence: this.#sequence,
      incident,
    };
    await this.#buses.get(host)?.publish([encode(event as LifeboatEvent)]);
  }
}

/** One thing that can be wrong with a fence device, and what must come of it. */
export interface FenceFault {
  readonly name: string;
  readonly methods: (n: number) => readonly FenceMethod[];
  readonly break?: (hosts: LabHosts, n: number) => Promise<void> | void;
  readonly wanted: 'isolated' | readonly string[];
  readonly proof?: ProofOfDeath['kind'];
  readonly by?: string;
  readonly withinMs: number;
}
const LIMIT_MS = 6_000;
const bmc = (n: number) => labMethod(n, {}, LIMIT_MS);
const named = (name: string, m: FenceMethod): FenceMethod => ({ ...m, name });
/** Nothing answers there: a BMC that is dead with its host. */
const nowhere = (n: number) => labMethod(n, { ip: '127.0.13.253', login_timeout: '1' }, LIMIT_MS);

export const fenceFaults: readonly FenceFault[] = [
  { name: 'works', methods: (n) => [bmc(n)], wanted: 'isolated', proof: 'fence', withinMs: 8_000 },
  {
    name: 'already off',
    methods: (n) => [bmc(n)],
    break: (hosts, n) => hosts.powerCut(n),
    wanted: 'isolated',
    proof: 'already-off',
    withinMs: 3_000,
  },
  {
    name: 'slow, within its limit',
    methods: (n) => [labMethod(n, {}, 20_000)],
    break: (hosts, n) => hosts.setFault(n, 'slow', 1),
    wanted: 'isolated',
    proof: 'fence',
    withinMs: 25_000,
  },
  {
    name: 'slower than its limit',
    methods: (n) => [labMethod(n, {}, 2_000)],
    break: (hosts, n) => hosts.setFault(n, 'slow', 8),
    wanted: ['FENCE_TIMEOUT'],
    withinMs: 12_000,
  },
  {
    name: 'says it obeyed, and the host stays on',
    methods: (n) => [labMethod(n, { power_timeout: '2' }, LIMIT_MS)],
    break: (hosts, n) => hosts.setFault(n, 'lie', true),
    wanted: ['FENCE_REFUSED'],
    withinMs: 12_000,
  },
  { name: 'unreachable', methods: (n) => [nowhere(n)], wanted: ['FENCE_UNREACHABLE'], withinMs: 20_000 },
  {
    name: 'wrong password',
    methods: (n) => [labMethod(n, { password: 'not-this-secret' }, LIMIT_MS)],
    wanted: ['FENCE_REFUSED'],
    withinMs: 12_000,
  },
  {
    name: 'the first method fails, the second one does it',
    methods: (n) => [named('lan-over-there', nowhere(n)), bmc(n)],
    wanted: 'isolated',
    proof: 'fence',
    by: 'bmc',
    withinMs: 25_000,
  },
  {
    name: 'two supplies, one strip silent',
    methods: (n) => [{ ...bmc(n), name: 'strips', also: [{ agent: 'fence_ipmilan', parameters: nowhere(n).parameters }] }],
    wanted: ['FENCE_UNREACHABLE'],
    withinMs: 20_000,
  },
];

export interface FenceRow {
  readonly name: string;
  readonly told: string;
  readonly tookMs: number;
  readonly wrong: readonly string[];
}

/** One of them on host N: what the migrator told, whether that was right, and whether it was true. */
export const tryFault = async (bench: FenceBench, f: FenceFault, n: number): Promise<FenceRow> => {
  await f.break?.(bench.hosts, n);
  const came = await bench.isolate(n, f.methods(n));
  const wrong: string[] = [];
  if (came.told === 'isolated') {
    if (f.wanted !== 'isolated') wrong.push('isolated');
    if (bench.hosts.powerStatus(n) !== 'off') wrong.push('it is on: no proof at all');
    if (f.proof !== undefined && came.proof.kind !== f.proof) wrong.push(`proof ${came.proof.kind}`);
    if (f.by !== undefined && came.proof.method !== f.by) wrong.push(`by ${came.proof.method}`);
    if (f.proof === 'already-off' && bench.orders(n) > 0) wrong.push('an order was given');
  } else {
    const wanted = f.wanted === 'isolated' ? ['none'] : f.wanted;
    if (came.codes.join() !== wanted.join()) wrong.push(`${came.codes.join(', ')}: ${came.details.join('; ')}`);
    if (came.details.some((d) => d.includes('secret'))) wrong.push('shows a password');
  }
  if (came.tookMs > f.withinMs) wrong.push(`${came.tookMs} ms, ${f.withinMs} allowed`);
  const told =
    came.told === 'isolated' ? `isolated (${came.proof.kind} by ${came.proof.method})` : `waits, asks a person: ${came.codes.join(', ')}`;
  return { name: f.name, told, tookMs: came.tookMs, wrong };
};
