import type { FenceMethod, ProofOfDeath, Topology } from '@lifeboat/contracts';
import { type Epoch, failures, type HostId, instant, ok, type VmId } from '@lifeboat/kernel';
import type { Clock, Cloud, FenceDevice, OperationLedger } from '@lifeboat/ports';
import type { PerformContext, ServiceWorld } from '@lifeboat/runtime';
import type {
  FenceEffect,
  FenceResult,
  MigratorEffect,
  MigratorResult,
  ReleaseResult,
  ResetEffect,
  ReviveResult,
  ShutOutResult,
  WatchEffect,
  WatchResult,
} from '../effects.ts';
import { evacuate } from './evacuate.ts';
import { PowerCheck } from './power-check.ts';

export interface MigratorPorts {
  readonly cloud: Cloud;
  readonly fence: FenceDevice;
  readonly ledger: OperationLedger;
  readonly clock: Clock;
  readonly topology: () => Topology;
}

/** Operations are forgotten this long after their incident: longer than any process can have stalled with an act in hand. */
const FORGET_AFTER_MS = 3_600_000;
/** What a host that we disabled says in Nova; only such a host is enabled by us again. */
export const DISABLED_BY_US = 'Lifeboat';
const READ_BACK = { everyMs: 500, tries: 10 };

/** The migrator's acts on the world. Each looks before it acts, and asks right before the act whether it still may. */
export function migratorWorld(ports: MigratorPorts): ServiceWorld<MigratorEffect, MigratorResult, never> {
  const power = new PowerCheck(ports);
  return {
    takeOver: async (epoch: Epoch) => (await ports.ledger.claim(epoch)).ok,
    perform: (e, context) => {
      switch (e.kind) {
        case 'fence':
          return fence(ports, power, e, context);
        case 'shut-out':
          return shutOut(ports, e.host, e.incident, context);
        case 'evacuate':
          return evacuate(ports, power, e, context);
        case 'watch':
          return watch(ports, e);
        case 'start':
          return start(ports, e.vm, context);
        case 'reset':
          return reset(ports, power, e, context);
        case 'release':
          return release(ports, e.host, context);
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
  const ordered = await ports.fence.off(e.host, method);
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

async function start(ports: MigratorPorts, vm: VmId, context: PerformContext): Promise<ReviveResult> {
  if (!context.valid()) return { kind: 'revive-failed', ...notOurs };
  const started = await ports.cloud.start(vm);
  return started.ok ? { kind: 'revived' } : { kind: 'revive-failed', code: started.code, detail: started.detail };
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
  const services = await ports.cloud.computeServices();
  if (!services.ok) return { kind: 'release-failed', code: services.code, detail: services.detail };
  const service = services.value.find((x) => x.host === host);
  if (service === undefined) return { kind: 'release-failed', code: 'CLOUD_NOT_FOUND', detail: `Nova has no compute service on ${host}` };
  if (!context.valid()) return { kind: 'release-failed', ...notOurs };
  if (service.forcedDown) {
    const cleared = await ports.cloud.clearForcedDown(host);
    if (!cleared.ok) return { kind: 'release-failed', code: cleared.code, detail: cleared.detail };
  }
  // Disabled by somebody else meanwhile: that is their wish, and stays.
  if (service.enabled || !(service.disabledReason ?? '').startsWith(DISABLED_BY_US)) return { kind: 'released' };
  if (!context.valid()) return { kind: 'release-failed', ...notOurs };
  const enabled = await ports.cloud.enable(host);
  return enabled.ok ? { kind: 'released' } : { kind: 'release-failed', code: enabled.code, detail: enabled.detail };
}
