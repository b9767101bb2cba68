import { DRAINING, type MigrationWay } from '@lifeboat/contracts';
import { type Failure, failures, type HostId, instant } from '@lifeboat/kernel';
import type { Cloud, CloudVm, MigrationRecord } from '@lifeboat/ports';
import type { PerformContext } from '@lifeboat/runtime';
import { DISABLED_BY_US } from '../disabled.ts';
import type {
  AbortEffect,
  ConfirmEffect,
  FreeEffect,
  MigrateEffect,
  MigrateResult,
  ReviveResult,
  SetAsideEffect,
  SetAsideResult,
  ShiftWatchEffect,
  ShiftWatchResult,
} from '../effects.ts';
import type { PowerCheck } from './power-check.ts';
import type { ServiceLooks } from './restart-look.ts';
import { UNDECIDED_MS } from './undecided.ts';
import type { MigratorPorts } from './world.ts';

/** A call that an earlier life of ours had in hand may still be on its way to Nova: this long it is waited for. */
const EARLIER_CALL_MS = 10_000;

/** Only a host that is well, and that nobody has disabled for reasons of their own. */
export async function setAside({ cloud }: MigratorPorts, e: SetAsideEffect, context: PerformContext): Promise<SetAsideResult> {
  const not = (then: 'again' | 'never', code: string, detail: string): SetAsideResult => ({ kind: 'not-set-aside', then, code, detail });
  const services = await cloud.computeServices();
  if (!services.ok) return not('again', services.code, services.detail);
  const service = services.value.find((x) => x.host === e.host);
  if (service === undefined) return not('never', 'CLOUD_NOT_FOUND', `Nova has no compute service on ${e.host}`);
  if (service.forcedDown) return not('never', 'CLOUD_CONFLICT', `${e.host} is forced down in Nova`);
  const reason = service.disabledReason ?? '';
  if (!service.enabled && !reason.startsWith(DISABLED_BY_US)) return { kind: 'set-aside', disabled: 'by-others', reason };
  // released meanwhile: it takes VMs again
  if (service.enabled && !e.reason.startsWith(DRAINING)) return { kind: 'set-aside', disabled: 'by-us', reason };
  // a synchronous call to a dead compute service would hang for a minute
  if (!service.up) return not('never', 'CLOUD_CONFLICT', `Nova's compute service of ${e.host} is down`);
  if (!context.valid()) return not('again', 'LEASE_LOST', failures.LEASE_LOST.about);
  const disabled = await cloud.disable(e.host, e.reason);
  if (disabled.ok) return { kind: 'set-aside', disabled: 'by-us', reason: e.reason };
  const hopeless = disabled.code === 'CLOUD_FORBIDDEN' || disabled.code === 'CLOUD_REFUSED';
  return not(hopeless ? 'never' : 'again', disabled.code, disabled.detail);
}

/**
 * Asks Nova to migrate one VM, once. Looked at first: the VM, Nova's records of its migrations, both compute services; and the
 * ledger. How is decided at the last moment: one that its owner has stopped meanwhile is moved cold, one that he has started
 * is not restarted unless that is allowed.
 */
export async function migrate(
  ports: MigratorPorts,
  services: ServiceLooks,
  e: MigrateEffect,
  context: PerformContext,
): Promise<MigrateResult> {
  const first = await look(ports, services, e, false);
  if (first.kind !== 'may') return first;
  const admitted = await ports.ledger.admit(e.operation, context.epoch, context.attempt);
  if (!admitted.ok) return refused('same', admitted);
  let may = first;
  if (admitted.value.kind !== 'go') {
    // Admitted before: by a process that died with the call in hand, or by one that is only paused.
    await ports.clock.sleep(EARLIER_CALL_MS, context.signal);
    const second = await look(ports, services, e, true);
    if (second.kind !== 'may') return second;
    may = second;
  }
  if (!context.valid()) return { kind: 'shift-refused', then: 'same', code: 'LEASE_LOST', detail: failures.LEASE_LOST.about };
  const { how, known } = may;
  const call = how === 'live' ? await ports.cloud.liveMigrate(e.vm, e.to) : await ports.cloud.move(e.vm, e.to);
  if (call.ok) return { kind: 'shifting', how, adopted: false, known };
  return meaning(call, how, known);
}

type May = Readonly<{ kind: 'may'; how: MigrationWay; known: readonly string[] }>;

async function look(ports: MigratorPorts, services: ServiceLooks, e: MigrateEffect, earlierCall: boolean): Promise<MigrateResult | May> {
  const no = (then: 'same' | 'next' | 'never', detail: string): MigrateResult => ({
    kind: 'shift-refused',
    then,
    code: 'CLOUD_CONFLICT',
    detail,
  });
  const seen = await ports.cloud.vm(e.vm);
  if (!seen.ok) return seen.code === 'CLOUD_NOT_FOUND' ? { kind: 'gone' } : refused('same', seen);
  const vm = seen.value;
  const records = await recordsOf(ports, e);
  if (!records.ok) return refused('same', records);
  const ended = earlierCall ? records.value.find((r) => r.state === 'done' && r.to === vm.host) : undefined;
  const open = records.value.find((r) => isOpen(r)) ?? ended;
  const others = records.value.filter((r) => r !== open).map((r) => r.id);
  // an earlier life of ours had asked for it, and Nova took it
  if (open !== undefined && earlierCall) return { kind: 'shifting', how: open.how, adopted: true, known: others };
  if (open !== undefined) return no('same', `Nova is migrating it already (record ${open.id} ${open.status})`);
  if (vm.host !== e.host) return { kind: 'shifted', host: vm.host, status: vm.status, fault: vm.fault };
  if (vm.task !== null) return no('same', `Nova is at work on it (${vm.task})`);
  if (vm.locked === true) return no('never', 'it is locked in Nova: somebody wants nobody to act on it');
  const how = wayOf(vm, e);
  if (how === null) return no('never', `Nova has it as ${vm.vmState}: only active and stopped VMs are moved`);
  const why = (await services.whyNot(e.host)) ?? null;
  if (why !== null) return no('same', why);
  const target = await services.whyNoTarget(e.to);
  if (target !== null) return no('next', target);
  return { kind: 'may', how, known: [...new Set([...e.known, ...records.value.map((r) => r.id)])] };
}

const isOpen = (r: MigrationRecord): boolean => r.state === 'running' || r.state === 'waiting' || r.state === 'arrived';
const wayOf = (vm: CloudVm, e: MigrateEffect): MigrationWay | null =>
  vm.vmState === 'stopped' ? 'cold' : vm.vmState === 'active' ? (e.cold ? e.how : 'live') : null;

/** Of this VM, newest first, without those that have been seen to their end. */
async function recordsOf({ cloud, clock }: MigratorPorts, e: MigrateEffect): ReturnType<Cloud['migrationsFrom']> {
  const all = await cloud.migrationsFrom(e.host, instant(Math.max(0, clock.now() - UNDECIDED_MS)));
  if (!all.ok) return all;
  const known = new Set(e.known);
  return { ok: true, value: all.value.filter((r: MigrationRecord) => r.vm === e.vm && !known.has(r.id)) };
}

const refused = (then: 'same' | 'next' | 'never', f: Failure): MigrateResult => ({
  kind: 'shift-refused',
  then,
  code: f.code,
  detail: f.detail,
});

function meaning(f: Failure, how: MigrationWay, known: readonly string[]): MigrateResult {
  switch (f.code) {
    case 'CLOUD_TIMEOUT':
    case 'CLOUD_FAILED':
    case 'CLOUD_BAD_ANSWER':
      return { kind: 'shift-unsure', how, known, code: f.code, detail: f.detail };
    case 'CLOUD_NOT_FOUND': // the VM was there a moment ago: it is the target that Nova does not know
    case 'CLOUD_REFUSED':
      return refused('next', f);
    default:
      return refused('same', f);
  }
}

/** Records first, VMs after: a record that says done is then never newer than the VM beside it. */
export async function watchShifts({ cloud }: MigratorPorts, e: ShiftWatchEffect): Promise<ShiftWatchResult> {
  const records = await cloud.migrationsFrom(e.host, e.since);
  if (!records.ok) return { kind: 'shifts-unseen', code: records.code, detail: records.detail };
  const vms = await cloud.vms(e.vms);
  if (!vms.ok) return { kind: 'shifts-unseen', code: vms.code, detail: vms.detail };
  const wanted = new Set(e.vms);
  return { kind: 'shifts', vms: vms.value, records: records.value.filter((r) => wanted.has(r.vm)) };
}

const told = { kind: 'told-nova' } as const;

/** Only while it waits for that, on the host where it went. */
export async function confirm({ cloud }: MigratorPorts, e: ConfirmEffect, context: PerformContext): Promise<typeof told> {
  const vm = await cloud.vm(e.vm);
  const waits = vm.ok && vm.value.vmState === 'resized' && vm.value.task === null && vm.value.host !== e.host;
  if (waits && context.valid()) await cloud.confirmMove(e.vm);
  return told;
}

/** Only while it still lies where it was: after the switch there is nothing to be ended any more. */
export async function abort({ cloud }: MigratorPorts, e: AbortEffect, context: PerformContext): Promise<typeof told> {
  const vm = await cloud.vm(e.vm);
  const there: HostId | null = vm.ok ? vm.value.host : null;
  if (there === e.host && context.valid()) await cloud.abortMigration(e.vm, e.record);
  return told;
}

/**
 * Lets go of a VM whose migration had not begun when its host died. Looked at right before: the host is still off, and the
 * record still says so; one that was begun meanwhile may have its guest at the other end.
 */
export async function free(ports: MigratorPorts, power: PowerCheck, e: FreeEffect, context: PerformContext): Promise<ReviveResult> {
  const not = (code: string, detail: string): ReviveResult => ({ kind: 'revive-failed', code, detail });
  const back = await power.contradiction(e.proof);
  if (back !== null) return not('NO_PROOF', back);
  const records = await ports.cloud.migrationsFrom(e.host, instant(Math.max(0, ports.clock.now() - UNDECIDED_MS)));
  if (!records.ok) return not(records.code, records.detail);
  const record = records.value.find((r) => r.vm === e.vm && r.id === e.record);
  if (record?.state !== 'waiting') return not('CLOUD_CONFLICT', `its record says ${record?.status ?? 'nothing'} by now`);
  const vm = await ports.cloud.vm(e.vm);
  if (!vm.ok) return not(vm.code, vm.detail);
  if (vm.value.host !== e.host) return not('CLOUD_CONFLICT', `it is on ${vm.value.host ?? 'no host'} by now`);
  if (vm.value.task === null) return { kind: 'revived' };
  if (!context.valid()) return not('LEASE_LOST', failures.LEASE_LOST.about);
  const reset = await ports.cloud.resetToError(e.vm);
  return reset.ok ? { kind: 'revived' } : not(reset.code, reset.detail);
}
