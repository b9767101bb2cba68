// What the tests of the acts share: a Cloud and a fence device that answer by script, and a log of every call to them.
import { MemoryLedger, VirtualClock } from '@lifeboat/adapters-memory';
import type { FenceMethod, Topology } from '@lifeboat/contracts';
import { type Epoch, epoch, failed, hostId, incidentId, instant, type Outcome, ok, type VmId, vmId } from '@lifeboat/kernel';
import type {
  Cloud,
  CloudFailure,
  CloudVm,
  ComputeService,
  EvacuationRecord,
  FenceDevice,
  FenceFailure,
  MigrationRecord,
  PowerState,
  VmAct,
} from '@lifeboat/ports';
import type { PerformContext } from '@lifeboat/runtime';
import type { EvacuateEffect, MigratorEffect, MigratorResult } from '../effects.ts';
import { migratorWorld } from './world.ts';

export const INCIDENT = incidentId('inc-h1-1');
export const VM: VmId = vmId('00000000-0000-4000-8000-000000000001');
export const H1 = hostId('h1');
export const H2 = hostId('h2');
const method = (name: string): FenceMethod => ({ name, agent: `fence_${name}`, parameters: {} });

export const cloudVm = (change: Partial<CloudVm> = {}): CloudVm => ({
  vm: VM,
  name: 'v1',
  host: H1,
  status: 'ACTIVE',
  vmState: 'active',
  task: null,
  fault: null,
  ...change,
});
export const record = (state: EvacuationRecord['state'], id = 'r1'): EvacuationRecord => ({
  id,
  vm: VM,
  from: H1,
  to: H2,
  state,
  status: state,
  createdAt: '',
});

export const migration = (state: MigrationRecord['state'], id = 'm1', how: MigrationRecord['how'] = 'live'): MigrationRecord => ({
  id,
  vm: VM,
  from: H1,
  to: H2,
  how,
  state,
  status: state,
  createdAt: instant(0),
});

/** What Nova is told, and not only asked. */
const told = new Set<string>(
  'forceDown clearForcedDown disable enable evacuate liveMigrate move confirmMove abortMigration start stop resetToError'.split(' '),
);

/** Nova, as far as the acts ask it. */
export class ScriptedCloud {
  vms: CloudVm[] = [cloudVm()];
  records: EvacuationRecord[] = [];
  migrations: MigrationRecord[] = [];
  /** What was asked of Nova about the VM, newest first. */
  asked: VmAct[] = [];
  services: ComputeService[] = [];
  service: ComputeService = { id: '1', host: H1, up: true, enabled: false, forcedDown: true, disabledReason: 'Lifeboat: inc-h1-1' };
  readonly fails: Partial<Record<keyof Cloud, CloudFailure>> = {};
  readonly calls: string[] = [];
  /** Runs before a call is answered. */
  before: (call: string) => void = () => undefined;

  #still: () => boolean = () => true;
  readonly port = (): Cloud =>
    ({
      onlyWhile: (still: () => boolean) => {
        this.#still = still;
        return this.port();
      },
      computeServices: () => this.#answer('computeServices', '', () => [this.service, ...this.services]),
      forceDown: (h: string) => this.#answer('forceDown', h, () => undefined),
      clearForcedDown: (h: string) =>
        this.#answer('clearForcedDown', h, () => {
          this.service = { ...this.service, forcedDown: false };
        }),
      disable: (h: string, why: string) => this.#answer('disable', `${h} ${why}`, () => undefined),
      enable: (h: string) => this.#answer('enable', h, () => undefined),
      vm: (vm: VmId) => this.#vm(vm),
      vms: (vms: readonly VmId[]) => this.#answer('vms', String(vms.length), () => this.vms.filter((x) => vms.includes(x.vm))),
      evacuate: (_vm: VmId, to?: string) => this.#answer('evacuate', `to ${to}`, () => undefined),
      evacuationsFrom: (h: string) => this.#answer('evacuationsFrom', h, () => this.records),
      migrationsFrom: (h: string) => this.#answer('migrationsFrom', h, () => this.migrations),
      liveMigrate: (_vm: VmId, to: string) => this.#answer('liveMigrate', `to ${to}`, () => undefined),
      move: (_vm: VmId, to: string) => this.#answer('move', `to ${to}`, () => undefined),
      confirmMove: () => this.#answer('confirmMove', '', () => undefined),
      abortMigration: (_vm: VmId, id: string) => this.#answer('abortMigration', id, () => undefined),
      acts: () => this.#answer('acts', '', () => this.asked),
      start: () => this.#answer('start', '', () => undefined),
      stop: () => this.#answer('stop', '', () => undefined),
      resetToError: () => this.#answer('resetToError', '', () => undefined),
    }) as unknown as Cloud;

  async #vm(vm: VmId): Promise<Outcome<CloudVm, CloudFailure>> {
    const found = await this.#answer('vm', '', () => this.vms.find((x) => x.vm === vm));
    if (!found.ok) return found;
    return found.value === undefined ? failed('CLOUD_NOT_FOUND', 'no such server') : ok(found.value);
  }

  async #answer<T>(name: keyof Cloud, about: string, value: () => T): Promise<Outcome<T, CloudFailure>> {
    const call = about === '' ? name : `${name} ${about}`;
    this.calls.push(call);
    this.before(call);
    if (told.has(name) && !this.#still()) return failed('CLOUD_UNREACHABLE', 'not in charge any more');
    const code = this.fails[name];
    return code === undefined ? ok(value()) : failed(code, 'as scripted');
  }
}

export class ScriptedFence implements FenceDevice {
  /** What `status` answers, call by call; the last one for ever. */
  states: (PowerState | FenceFailure)[] = ['off'];
  offAnswer: 'ok' | FenceFailure = 'ok';
  readonly calls: string[] = [];

  async status(_host: string, m: FenceMethod): Promise<Outcome<PowerState, FenceFailure>> {
    this.calls.push(`status ${m.name}`);
    const is = this.states.length > 1 ? (this.states.shift() as PowerState | FenceFailure) : (this.states[0] ?? 'off');
    return is === 'on' || is === 'off' ? ok(is) : failed(is, 'as scripted');
  }

  async off(_host: string, m: FenceMethod): Promise<Outcome<undefined, FenceFailure>> {
    this.calls.push(`off ${m.name}`);
    return this.offAnswer === 'ok' ? ok(undefined) : failed(this.offAnswer, 'as scripted');
  }

  on = async (): Promise<Outcome<undefined, FenceFailure>> => {
    this.calls.push('on');
    return ok(undefined);
  };
}

export class Acts {
  readonly clock = new VirtualClock(instant(1_000_000));
  readonly cloud = new ScriptedCloud();
  readonly fence = new ScriptedFence();
  readonly ledger = new MemoryLedger(this.clock);
  lease = true;
  readonly #stop = new AbortController();
  readonly world = migratorWorld({
    cloud: this.cloud.port(),
    fence: this.fence,
    ledger: this.ledger,
    clock: this.clock,
    topology: () =>
      ({
        hosts: [
          { host: H1, fence: [method('bmc'), method('strip')] },
          { host: H2, fence: [method('bmc')] },
        ],
      }) as unknown as Topology,
  });

  context(by: Epoch = epoch(1), attempt = 'a/1/1'): PerformContext {
    return { epoch: by, valid: () => this.lease, signal: this.#stop.signal, attempt };
  }

  /** Performs it while virtual time passes. */
  async perform(effect: MigratorEffect, context = this.context()): Promise<MigratorResult> {
    let result: MigratorResult | null = null;
    const done = this.world.perform(effect, context).then((r) => {
      result = r;
    });
    await this.clock.runFor(60_000);
    await done;
    return result as unknown as MigratorResult;
  }

  evacuation(ended: readonly string[] = [], number = 1): EvacuateEffect {
    const proof = { host: H1, kind: 'fence' as const, method: 'bmc', at: instant(1), detail: '' };
    return {
      kind: 'evacuate',
      operation: `${INCIDENT}/evacuate/${VM}/1.${number}`,
      incident: INCIDENT,
      host: H1,
      vm: VM,
      to: H2,
      proof,
      ended,
    };
  }

  get evacuateCalls(): number {
    return this.cloud.calls.filter((c) => c.startsWith('evacuate ')).length;
  }
}
