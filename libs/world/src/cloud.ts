import type { Fleet, FleetHost, FleetVm, Resources } from '@lifeboat/contracts';
import { failed, type HostId, type Instant, isoTime, type Outcome, ok, type VmId } from '@lifeboat/kernel';
import type { Cloud, CloudFailure, CloudVm, ComputeService, EvacuationRecord, FleetChanges, MigrationRecord, VmAct } from '@lifeboat/ports';
import { abortMigration, liveMigrate } from './nova/live.ts';
import { confirmMove, move, pause, reboot, unpause } from './nova/mending.ts';
import { type Moving, undecided, waiting } from './nova/moves.ts';
import type { Nova } from './nova/nova.ts';
import { type Migration, type Server, type Service, statusOf } from './nova/state.ts';
import type { Prng } from './prng.ts';

type Answer<T = undefined> = Outcome<T, CloudFailure>;

/** How long a call may take before the adapter gives it up. */
const CALL_LIMIT_MS = 30_000;
const REFUSED_CONNECTION_MS = 500;
const POLL_MS = 250;
/** What had been asked while it stood still is worked off within this time once it goes on, in any order. */
const WORKED_OFF_MS = 5_000;

/** The simulated Nova through its API, as seen from one place on the management network. */
export class SimCloud implements Cloud {
  readonly #nova: Nova;
  readonly #observer: string;
  #prng: Prng;
  readonly #latencyMs: readonly [number, number];
  #still: () => boolean = () => true;

  constructor(nova: Nova, options: { readonly observer: string; readonly latencyMs?: readonly [number, number] }) {
    this.#nova = nova;
    this.#observer = options.observer;
    this.#prng = nova.prng.fork(`api/${options.observer}`);
    this.#latencyMs = options.latencyMs ?? [20, 120];
  }

  onlyWhile(still: () => boolean): SimCloud {
    const held = new SimCloud(this.#nova, { observer: this.#observer, latencyMs: this.#latencyMs });
    held.#prng = this.#prng;
    held.#still = still;
    return held;
  }

  computeServices(): Promise<Answer<readonly ComputeService[]>> {
    return this.#ask(() => ok([...this.#nova.services.values()].map((s) => this.#service(s))));
  }
  forceDown(host: HostId): Promise<Answer> {
    return this.#act(() => this.#nova.forceDown(host, this.#observer));
  }
  clearForcedDown(host: HostId): Promise<Answer> {
    return this.#act(() => this.#nova.clearForcedDown(host));
  }
  async disable(host: HostId, reason: string): Promise<Answer> {
    const answer = await this.#act(() => this.#nova.disable(host, reason));
    const s = this.#nova.service(host);
    // Nova tells the compute service it believes up, and waits for it: 60 s when it is dead, longer than any caller does
    if (!answer.ok || s === undefined || !this.#nova.up(s) || this.#nova.takesMessages(host)) return answer;
    await this.#nova.world.clock.sleep(CALL_LIMIT_MS);
    return failed('CLOUD_TIMEOUT', `no answer in ${CALL_LIMIT_MS} ms; Nova waits for the compute service of ${host}`);
  }
  enable(host: HostId): Promise<Answer> {
    return this.#act(() => this.#nova.enable(host));
  }
  fleet(): Promise<Answer<Fleet>> {
    return this.#ask(() => ok(this.#fleet()));
  }
  /** Names more than what changed, as it may: here that is as quick. */
  fleetChanges(): Promise<Answer<FleetChanges>> {
    return this.#ask(() => ok({ ...this.#fleet(), gone: [...this.#nova.servers.values()].filter((s) => s.deleted).map((s) => s.vm) }));
  }
  vmsOn(host: HostId): Promise<Answer<readonly FleetVm[]>> {
    return this.#ask(() =>
      this.#nova.service(host) === undefined
        ? failed('CLOUD_NOT_FOUND', `Compute host ${host} not found.`)
        : ok(this.#nova.serversOn(host).map((s) => this.#fleetVm(s))),
    );
  }
  vm(vm: VmId): Promise<Answer<CloudVm>> {
    return this.#ask(() => {
      const s = this.#nova.server(vm);
      return s === undefined ? failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`) : ok(this.#cloudVm(s));
    });
  }
  vms(vms: readonly VmId[]): Promise<Answer<readonly CloudVm[]>> {
    return this.#ask(() => ok(vms.flatMap((vm) => this.#nova.server(vm) ?? []).map((s) => this.#cloudVm(s))));
  }
  evacuate(vm: VmId, to?: HostId): Promise<Answer> {
    return this.#act(() => this.#nova.evacuate(vm, to ?? null, this.#observer));
  }
  evacuationsFrom(from: HostId): Promise<Answer<readonly EvacuationRecord[]>> {
    return this.#ask(() =>
      ok(
        this.#nova.migrations
          .filter((m) => m.from === from)
          .map(record)
          .reverse(),
      ),
    );
  }
  resetToError(vm: VmId): Promise<Answer> {
    return this.#act(() => this.#nova.resetToError(vm));
  }
  start(vm: VmId): Promise<Answer> {
    return this.#act(() => this.#nova.start(vm));
  }
  stop(vm: VmId): Promise<Answer> {
    return this.#act(() => this.#nova.stop(vm));
  }
  reboot(vm: VmId): Promise<Answer> {
    return this.#act(() => reboot(this.#nova, vm, this.#observer));
  }
  pause(vm: VmId): Promise<Answer> {
    return this.#act(() => pause(this.#nova, vm, this.#observer));
  }
  unpause(vm: VmId): Promise<Answer> {
    return this.#act(() => unpause(this.#nova, vm, this.#observer));
  }
  move(vm: VmId, to: HostId): Promise<Answer> {
    return this.#act(() => move(this.#nova, vm, to, this.#observer));
  }
  confirmMove(vm: VmId): Promise<Answer> {
    return this.#act(() => confirmMove(this.#nova, vm, this.#observer));
  }
  liveMigrate(vm: VmId, to: HostId): Promise<Answer> {
    return this.#act(() => liveMigrate(this.#nova, vm, to, this.#observer));
  }
  abortMigration(vm: VmId, record: string): Promise<Answer> {
    return this.#act(() => abortMigration(this.#nova, vm, record));
  }
  /** Names more than what changed since, as `fleetChanges` does. */
  migrationsFrom(from: HostId, _since: Instant): Promise<Answer<readonly MigrationRecord[]>> {
    return this.#ask(() => ok(this.#nova.moves.flatMap((m) => (m.from === from ? [migration(m)] : [])).reverse()));
  }
  acts(vm: VmId): Promise<Answer<readonly VmAct[]>> {
    return this.#ask(() =>
      this.#nova.server(vm) === undefined
        ? failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`)
        : // all of Lifeboat's processes are one user to Nova
          ok(this.#nova.acts(vm).map((a) => ({ ...a, ours: a.by !== null && a.by !== 'owner' }))),
    );
  }

  /** Once it is on its way nothing stops it any more. */
  async #act(effect: () => Answer): Promise<Answer> {
    return this.#still()
      ? this.#ask(effect)
      : failed('CLOUD_UNREACHABLE', 'not told: whoever wanted it does not lead any more, or does not want it any more');
  }

  /** One call over the management network, with everything that may go wrong on its way there and back. */
  async #ask<T>(effect: () => Answer<T>): Promise<Answer<T>> {
    const { world, api } = this.#nova;
    if (api.away || world.observerCut(this.#observer) !== null) {
      await world.clock.sleep(REFUSED_CONNECTION_MS);
      return failed('CLOUD_UNREACHABLE', api.away ? 'connection refused' : 'no route to host');
    }
    await world.clock.sleep(this.#prng.between(...this.#latencyMs) + api.extraLatencyMs);
    if (api.stands) return this.#whileItStands(effect);
    if (this.#prng.chance(api.failing)) {
      if (this.#prng.chance(0.5)) effect();
      return failed('CLOUD_FAILED', '500 Internal Server Error');
    }
    if (!this.#prng.chance(api.timingOut)) return effect();
    if (this.#prng.chance(0.5)) effect();
    await world.clock.sleep(CALL_LIMIT_MS);
    return failed('CLOUD_TIMEOUT', `no answer in ${CALL_LIMIT_MS} ms`);
  }

  /** Whoever asks gives up in time; what was asked is done all the same, once it goes on. */
  async #whileItStands<T>(effect: () => Answer<T>): Promise<Answer<T>> {
    const { world, api } = this.#nova;
    const given: { answer?: Answer<T> } = {};
    world.timers.spawn(async () => {
      while (api.stands) await world.timers.sleep(POLL_MS);
      await world.timers.sleep(this.#prng.between(0, WORKED_OFF_MS));
      given.answer = effect();
    });
    for (let waited = 0; waited < CALL_LIMIT_MS && given.answer === undefined; waited += POLL_MS) await world.clock.sleep(POLL_MS);
    return given.answer ?? failed('CLOUD_TIMEOUT', `no answer in ${CALL_LIMIT_MS} ms`);
  }

  #service(s: Service): ComputeService {
    return { id: s.id, host: s.host, up: this.#nova.up(s), enabled: s.enabled, forcedDown: s.forcedDown, disabledReason: s.disabledReason };
  }

  #cloudVm(s: Server): CloudVm {
    const { name } = this.#nova.world.vm(s.vm).spec;
    const { vm, host, vmState, task, fault, storageLocked, locked } = s;
    return { vm, name, host, status: statusOf(s), vmState, task, fault, storageLocked, locked, highAvailability: !s.haOff };
  }

  #fleetVm(s: Server): FleetVm {
    const { vm, name, size, businessType, performance, priority, group, unevacuable: never } = this.#nova.world.vm(s.vm).spec;
    const unfit =
      s.vmState === 'paused' || s.vmState === 'resized' ? `it is ${s.vmState}: Nova evacuates only active, stopped and error` : never;
    const unevacuable = s.haOff ? 'HA_Enabled is False: its owner wants no evacuation' : unfit;
    return {
      vm,
      name,
      host: s.host,
      size,
      businessType,
      performance,
      priority,
      status: statusOf(s),
      ...(group === undefined ? {} : { group }),
      ...(unevacuable === undefined ? {} : { unevacuable }),
      ...(s.task === null || s.task.startsWith('reboot') ? {} : { notNow: `Nova is at work on it (task ${s.task})` }),
    };
  }

  #fleet(): Fleet {
    const used = this.#nova.usedByFleet();
    return {
      hosts: [...this.#nova.services.values()].map((s) => this.#fleetHost(s, used.get(s.host) ?? { vcpus: 0, memoryMb: 0, diskGb: 0 })),
      vms: [...this.#nova.servers.values()].filter((s) => !s.deleted).map((s) => this.#fleetVm(s)),
      groups: [...this.#nova.world.groups],
    };
  }

  #fleetHost(s: Service, used: Resources): FleetHost {
    const { spec } = this.#nova.world.host(s.host);
    const because = s.forcedDown
      ? 'forced down in Nova'
      : !this.#nova.up(s)
        ? 'its compute service is down'
        : !s.enabled
          ? `disabled in Nova: ${s.disabledReason ?? 'no reason given'}`
          : undefined;
    return {
      host: s.host,
      cluster: spec.cluster,
      rack: spec.rack,
      highPerformance: spec.highPerformance,
      usable: because === undefined,
      ...(because === undefined ? {} : { unusableBecause: because.slice(0, 200) }),
      capacity: spec.capacity,
      used,
      load: { memory: used.memoryMb / spec.capacity.memoryMb, cpu: used.vcpus / spec.capacity.vcpus },
    };
  }
}

const stateOf = {
  accepted: 'running',
  'pre-migrating': 'running',
  done: 'done',
  completed: 'done',
  failed: 'failed',
  error: 'failed',
} as const;
const record = (m: Migration): EvacuationRecord => ({
  id: m.id,
  vm: m.vm,
  from: m.from,
  to: m.to,
  state: stateOf[m.status],
  status: m.status,
  createdAt: isoTime(m.createdAt),
});

const migration = ({ id, vm, from, to, how, status, createdAt }: Moving): MigrationRecord => ({
  ...{ id, vm, from, to, how, status, createdAt },
  state: waiting.has(status) ? 'waiting' : undecided.has(status) ? 'running' : (endOf[status] ?? 'failed'),
});
const endOf: Readonly<Partial<Record<Moving['status'], MigrationRecord['state']>>> = {
  finished: 'arrived',
  completed: 'done',
  confirmed: 'done',
};
