import { type Failure, failures } from '@lifeboat/kernel';
import type { CloudVm } from '@lifeboat/ports';
import type { PerformContext } from '@lifeboat/runtime';
import type { EvacuateEffect, EvacuateResult } from '../effects.ts';
import type { PowerCheck } from './power-check.ts';
import type { UndecidedLooks } from './undecided.ts';
import type { MigratorPorts } from './world.ts';

/** A call that an earlier life of ours had in hand may still be on its way to Nova: this long it is waited for. */
const EARLIER_CALL_MS = 10_000;

/**
 * Asks Nova to evacuate one VM, once. Nova takes a second call for the same VM and breaks the VM for good, so everything
 * is looked at first: power, the VM, its migrations, our ledger, and where the ledger knows of an earlier call, Nova's records
 * of evacuations.
 */
export async function evacuate(ports: MigratorPorts, looks: Looks, e: EvacuateEffect, context: PerformContext): Promise<EvacuateResult> {
  const [contradiction, first] = await Promise.all([looks.power.contradiction(e.proof), look(ports, looks, e, false)]);
  if (contradiction !== null) return { kind: 'host-alive', code: 'NO_PROOF', detail: contradiction };
  if (first.kind !== 'may') return first;
  let { stopAsked } = first;
  const admitted = await ports.ledger.admit(e.operation, context.epoch, context.attempt);
  if (!admitted.ok) return refused('same', admitted);
  if (admitted.value.kind !== 'go') {
    // Admitted before: by a process that died with the call in hand, or by one that is only paused.
    await ports.clock.sleep(EARLIER_CALL_MS, context.signal);
    const second = await look(ports, looks, e, true);
    if (second.kind !== 'may') return second;
    stopAsked = second.stopAsked;
  }
  if (!context.valid()) return { kind: 'refused', then: 'same', code: 'LEASE_LOST', detail: failures.LEASE_LOST.about };
  const call = await ports.cloud.evacuate(e.vm, e.to);
  const answer = call.ok ? ({ kind: 'taken', adopted: false } as const) : meaning(call);
  return stopAsked && (answer.kind === 'taken' || answer.kind === 'unsure') ? { ...answer, stopAsked } : answer;
}

interface Looks {
  readonly power: PowerCheck;
  readonly undecided: UndecidedLooks;
}
type Look = Exclude<EvacuateResult, { kind: 'unsure' }> | Readonly<{ kind: 'may'; stopAsked: boolean }>;

/** Nova marks the VM with a task before it answers a call, until the call's end: without one, the records need not be read. */
async function look(ports: MigratorPorts, { undecided }: Looks, e: EvacuateEffect, earlierCall: boolean): Promise<Look> {
  const vm = await ports.cloud.vm(e.vm);
  if (!vm.ok) return vm.code === 'CLOUD_NOT_FOUND' ? { kind: 'gone' } : refused('same', vm);
  if (vm.value.host !== e.host) return { kind: 'elsewhere' };
  if (vm.value.task === null && !earlierCall) return unlessMigrating(undecided, e, vm.value);
  const records = await ports.cloud.evacuationsFrom(e.host);
  if (!records.ok) return refused('same', records);
  if (records.value.some((r) => r.vm === e.vm && r.state === 'running' && !e.ended.includes(r.id))) return { kind: 'taken', adopted: true };
  if (isRebuilding(vm.value))
    return { kind: 'refused', then: 'same', code: 'CLOUD_CONFLICT', detail: `Nova is at work on it (${vm.value.task})` };
  return unlessMigrating(undecided, e, vm.value);
}

/** It was leaving its host alive when that failed: its guest may run where it went. */
async function unlessMigrating(undecided: UndecidedLooks, e: EvacuateEffect, vm: CloudVm): Promise<Look> {
  const why = await undecided.whyNot(e.host, vm, e.ended);
  if (!why.ok) return refused('same', why);
  return why.value === null
    ? { kind: 'may', stopAsked: vm.task === 'powering-off' }
    : { kind: 'refused', then: 'same', code: 'CLOUD_CONFLICT', detail: why.value };
}

const isRebuilding = (vm: CloudVm): boolean => vm.task?.startsWith('rebuild') ?? false;

const refused = (then: 'same' | 'next' | 'never', f: Failure): Extract<EvacuateResult, { kind: 'refused' }> => ({
  kind: 'refused',
  then,
  code: f.code,
  detail: f.detail,
});

/** What Nova's refusal means for this VM. */
function meaning(f: Failure): EvacuateResult {
  switch (f.code) {
    case 'CLOUD_TIMEOUT':
    case 'CLOUD_FAILED':
    case 'CLOUD_BAD_ANSWER':
      return { kind: 'unsure', code: f.code, detail: f.detail };
    case 'CLOUD_HOST_STILL_UP':
      return { kind: 'not-shut-out', code: f.code, detail: f.detail };
    case 'CLOUD_NOT_FOUND': // the VM was there a moment ago: it is the target that Nova does not know
    case 'CLOUD_REFUSED':
      return refused('next', f);
    case 'CLOUD_FORBIDDEN':
    case 'CLOUD_UNAUTHORIZED':
    case 'CLOUD_UNREACHABLE':
    case 'CLOUD_CONFLICT':
      return refused('same', f);
    default:
      return refused('same', f);
  }
}
