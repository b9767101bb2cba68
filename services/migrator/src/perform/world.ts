import type { FenceMethod, ProofOfDeath, Topology } from '@lifeboat/contracts';
import { type Epoch, failed, failures, type HostId, instant, type Outcome, ok, type VmId } from '@lifeboat/kernel';
import type { Clock, Cloud, CloudFailure, ComputeService, FenceDevice, OperationLedger, VmAct } from '@lifeboat/ports';
import type { PerformContext, ServiceWorld } from '@lifeboat/runtime';
import { DISABLED_BY_US } from '../disabled.ts';
import type {
  FenceEffect,
  FenceResult,
  MigratorEffect,
  MigratorResult,
  ReleaseResult,
  ResetEffect,
  ReviveResult,
  ShutOutResult,
  StopEffect,
  WatchEffect,
  WatchResult,
} from '../effects.ts';
import { evacuate } from './evacuate.ts';
import { abort, confirm, free, migrate, setAside, watchShifts } from './migrate.ts';
import { PowerCheck } from './power-check.ts';
import { restart } from './restart.ts';
import { powerActs, ServiceLooks } from './restart-look.ts';
import { UndecidedLooks } from './undecided.ts';

export interface MigratorPorts {
  readonly cloud: Cloud;
  readonly fence: FenceDevice;
  readonly ledger: OperationLedger;
  readonly clock: Clock;
  readonly topology: () => Topology;
}

/** Operations are forgotten this long after their incident: longer than any process can have stalled with an act in hand. */
const FORGET_AFTER_MS = 3_600_000;
const READ_BACK = { everyMs: 500, tries: 10 };

/** The migrator's acts on the world. Each looks before it acts, and asks right before the act whether it still may. */
export function migratorWorld(ports: MigratorPorts): ServiceWorld<MigratorEffect, MigratorResult, never> {
  const power = new PowerCheck(ports);
  const services = new ServiceLooks(ports.cloud, ports.clock);
  const undecided = new UndecidedLooks(ports.cloud, ports.clock);
  return {
    takeOver: async (epoch: Epoch) => (await ports.ledger.claim(epoch)).ok,
    perform: (e, context) => {
      // a look right before an act says little to a process that is stopped right after it
      const held = { ...ports, cloud: ports.cloud.onlyWhile(() => context.valid()) };
      switch (e.kind) {
        case 'fence':
          return fence(held, power, e, context);
        case 'shut-out':
          return shutOut(held, e.host, e.incident, context);
        case 'evacuate':
          return evacuate(held, { power, undecided }, e, context);
        case 'watch':
          return watch(held, e);
        case 'start':
          return start(held, e.vm, context);
        case 'stop':
          return stop(held, e, context);
        case 'reset':
          return reset(held, power, e, context);
        case 'restart':
          return restart({ ...held, services }, e, context);
        case 'release':
          return release(held, e.host, context);
        case 'set-aside':
          return setAside(held, e, context);
        case 'migrate':
          return migrate(held, services, e, context);
        case 'watch-shifts':
          return watchShifts(held, e);
        case 'confirm':
          return confirm(held, e, context);
        case 'free':
          return free(held, power, e, context);
        case 'abort':
          return abort(held, e, context);
        case 'forget':
          return ports.ledger.forget(e.incident, FORGET_AFTER_MS).then(() => ({ kind: 'forgotten' as const }));
      }
    },
  };
}

export const methodOf = (ports: MigratorPorts, host: HostId, name: string): FenceMethod | undefined =>
  ports
    .topology()
    .hosts.find((h) => h.host === host)
    ?.fence.find((m) => m.name === name);

const notOurs = { code: 'LEASE_LOST', detail: failures.LEASE_LOST.about } as const;

/** Already off is success. Otherwise: off, and then only what the device reads back counts. */
async function fence(ports: MigratorPorts, power: PowerCheck, e: FenceEffect, context: PerformContext): Promise<FenceResult> {
  const failed = (code: string, detail: string): FenceResult => ({ kind: 'fence-failed', code, detail });
  const method = methodOf(ports, e.host, e.method);
  if (method === undefined) return failed('FENCE_MISCONFIGURED', `the topology has no fence method '${e.method}' for ${e.host} any more`);
  const proof = (kind: ProofOfDeath['kind'], detail: string): FenceResult => {
    power.sawOff(e.host);
    return { kind: 'fence', proof: { host: e.host, kind, method: e.method, at: instant(ports.clock.now()), detail } };
  };
  const before = await ports.fence.status(e.host, method);
  if (before.ok && before.value === 'off') return proof('already-off', `${method.agent} said off before anything was done`);
  const admitted = await ports.ledger.admit(e.operation, context.epoch, context.attempt);
  if (!admitted.ok) return failed(admitted.code, admitted.detail);
  if (!context.valid()) return failed(notOurs.code, notOurs.detail);
  const ordered = await ports.fence.off(e.host, method, () => context.valid());
  for (let i = 0; i < READ_BACK.tries && !context.signal.aborted; i++) {
    const after = await ports.fence.status(e.host, method);
    if (after.ok && after.value === 'off') return proof('fence', `powered off by ${method.agent}, read back as off`);
    if (!ordered.ok) return failed(ordered.code, ordered.detail);
    if (!after.ok) return failed(after.code, `${method.agent} obeyed, but its state could not be read back: ${after.detail}`);
    await ports.clock.sleep(READ_BACK.everyMs, context.signal);
  }
  return failed('FENCE_REFUSED', `${method.agent} said it obeyed, but the host is still on`);
}

/** Force down first: disabling a dead host that Nova believes up would wait a minute for it to answer. */
async function shutOut(ports: MigratorPorts, host: HostId, incident: string, context: PerformContext): Promise<ShutOutResult> {
  if (!context.valid()) return { kind: 'shut-out-failed', ...notOurs };
  const down = await ports.cloud.forceDown(host);
  if (!down.ok) return { kind: 'shut-out-failed', code: down.code, detail: down.detail };
  if (!context.valid()) return { kind: 'shut-out-failed', ...notOurs };
  const disabled = await ports.cloud.disable(host, `${DISABLED_BY_US}: ${incident}`);
  return disabled.ok ? { kind: 'shut-out' } : { kind: 'shut-out-failed', code: disabled.code, detail: disabled.detail };
}

/**
 * Records first, VMs after: a record that says done is then never newer than the VM beside it. A VM whose newest record is
 * still running has nothing to tell: looking at all of them all the time costs Nova more than evacuating them.
 */
async function watch(ports: MigratorPorts, e: WatchEffect): Promise<WatchResult> {
  const records = await ports.cloud.evacuationsFrom(e.host);
  if (!records.ok) return { kind: 'watch-failed', code: records.code, detail: records.detail };
  const newest = new Map(records.value.toReversed().map((r) => [r.vm, r]));
  const closely = new Set(e.closely);
  const unseen = e.vms.filter((vm) => newest.get(vm)?.state === 'running' && !closely.has(vm));
  const skip = new Set(unseen);
  const look = e.vms.filter((vm) => !skip.has(vm));
  const vms = look.length === 0 ? ok([]) : await ports.cloud.vms(look);
  if (!vms.ok) return { kind: 'watch-failed', code: vms.code, detail: vms.detail };
  const wanted = new Set(e.vms);
  return { kind: 'watched', vms: vms.value, unseen, records: records.value.filter((r) => wanted.has(r.vm)) };
}

const NONE: Partial<VmAct> = {};
const STOPPED = 'somebody asked Nova to stop it';

/** Nova's own list of what it was asked for says who stopped it: Nova itself, which found it not running, or somebody who wants it so. */
async function start(ports: MigratorPorts, vm: VmId, context: PerformContext): Promise<ReviveResult> {
  const last = await lastPowerAct(ports, vm);
  if (!last.ok) return { kind: 'revive-failed', code: last.code, detail: last.detail };
  const { act, by, ours } = last.value ?? NONE;
  if (act === 'stop' && by !== null && ours !== true) return { kind: 'left-stopped', detail: STOPPED };
  if (!context.valid()) return { kind: 'revive-failed', ...notOurs };
  const started = await ports.cloud.start(vm);
  return started.ok ? { kind: 'revived' } : { kind: 'revive-failed', code: started.code, detail: started.detail };
}

/** Does what its owner had asked for, and a dead host could not do; unless he has asked for something else since. */
async function stop(ports: MigratorPorts, e: StopEffect, context: PerformContext): Promise<ReviveResult> {
  const last = await lastPowerAct(ports, e.vm);
  if (!last.ok) return { kind: 'revive-failed', code: last.code, detail: last.detail };
  // ours: an earlier try of this very act
  const { act, by } = last.value ?? NONE;
  const runs = e.because === 'asked' ? act !== 'stop' || by === null : act === 'start' || act === 'reboot';
  if (runs) return { kind: 'revived' };
  if (!context.valid()) return { kind: 'revive-failed', ...notOurs };
  const stopped = await ports.cloud.stop(e.vm);
  return stopped.ok ? { kind: 'left-stopped', detail: STOPPED } : { kind: 'revive-failed', code: stopped.code, detail: stopped.detail };
}

async function lastPowerAct({ cloud }: MigratorPorts, vm: VmId): Promise<Outcome<VmAct | undefined, CloudFailure>> {
  const acts = await cloud.acts(vm);
  return acts.ok ? ok(acts.value.find((a) => powerActs.has(a.act))) : acts;
}

/** Only while the VM still lies on its old host with its task: a reset of a live rebuild would leave an orphan running. */
async function reset(ports: MigratorPorts, power: PowerCheck, e: ResetEffect, context: PerformContext): Promise<ReviveResult> {
  const back = await power.contradiction(e.proof);
  if (back !== null) return { kind: 'revive-failed', code: 'NO_PROOF', detail: back };
  const vm = await ports.cloud.vm(e.vm);
  if (!vm.ok) return { kind: 'revive-failed', code: vm.code, detail: vm.detail };
  if (vm.value.host !== e.host) return { kind: 'revive-failed', code: 'CLOUD_CONFLICT', detail: `it is on ${vm.value.host} by now` };
  if (!context.valid()) return { kind: 'revive-failed', ...notOurs };
  const done = await ports.cloud.resetToError(e.vm);
  return done.ok ? { kind: 'revived' } : { kind: 'revive-failed', code: done.code, detail: done.detail };
}

async function release(ports: MigratorPorts, host: HostId, context: PerformContext): Promise<ReleaseResult> {
  const not = (f: Readonly<{ code: string; detail: string }>): ReleaseResult => ({
    kind: 'release-failed',
    code: f.code,
    detail: f.detail,
  });
  let service = await serviceOf(ports, host);
  if (!service.ok) return not(service);
  if (!context.valid()) return not(notOurs);
  if (service.value.forcedDown) {
    const cleared = await ports.cloud.clearForcedDown(host);
    if (!cleared.ok) return not(cleared);
    service = await serviceOf(ports, host);
    if (!service.ok) return not(service);
  }
  // Disabled by somebody else meanwhile: that is their wish, and stays.
  const { enabled, disabledReason, up } = service.value;
  if (enabled || !(disabledReason ?? '').startsWith(DISABLED_BY_US)) return { kind: 'released' };
  // Enabled while it is down, it would stay disabled in Placement until it is started again.
  if (!up) return not({ code: 'CLOUD_CONFLICT', detail: `Nova's compute service of ${host} is not up` });
  if (!context.valid()) return not(notOurs);
  const done = await ports.cloud.enable(host);
  return done.ok ? { kind: 'released' } : not(done);
}

async function serviceOf(ports: MigratorPorts, host: HostId): Promise<Outcome<ComputeService, CloudFailure>> {
  const services = await ports.cloud.computeServices();
  if (!services.ok) return services;
  const service = services.value.find((x) => x.host === host);
  return service === undefined ? failed('CLOUD_NOT_FOUND', `Nova has no compute service on ${host}`) : ok(service);
}
