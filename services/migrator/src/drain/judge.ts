import type { HostId, Instant } from '@lifeboat/kernel';
import type { CloudVm, MigrationRecord } from '@lifeboat/ports';
import type { MigratorSettings } from '../settings.ts';
import type { Shift } from '../state.ts';
import type { Arrival } from './shift.ts';

/** What is so with a VM's migration, and what is to be done about it. */
export type Finding =
  | Readonly<{ kind: 'wait' }>
  | Readonly<{ kind: 'gone' }>
  | (Readonly<{ kind: 'there'; record: MigrationRecord | null }> & Arrival)
  | Readonly<{ kind: 'confirm' }>
  | Readonly<{ kind: 'abort'; record: string }>
  /** This try has ended, with the VM where it was. */
  | Readonly<{ kind: 'failed'; record: string; why: string }>
  /** Nova has no record of the call. */
  | Readonly<{ kind: 'not-taken' }>
  /** It died with its host before anything of its guest was copied: that is nowhere. */
  | Readonly<{ kind: 'lost'; record: string }>
  | Readonly<{ kind: 'stuck'; why: string }>;

/** What is so with the host that it leaves: well, failed as far as we know, or proven dead. */
export type Source = 'well' | 'failed' | 'dead';

/** As long as compute services wait for each other. */
const FAILED_STUCK_MS = 90_000;
const WAIT: Finding = { kind: 'wait' };
type Limits = Pick<MigratorSettings, 'recordWithinMs' | 'liveLimitMs' | 'shiftStuckMs'>;

/**
 * Nova's migration record is the truth, not the VM's state: a VM looks active where it was until its migration has ended, and
 * looks idle when the compute service that led it was started anew, with its guest at either end. Records were read before
 * the VMs. Once its host has failed, nothing that may have been begun is ended by us any more, however long it takes.
 */
export function judge(
  limits: Limits,
  m: Shift,
  vm: CloudVm | undefined,
  record: MigrationRecord | undefined,
  source: Source,
  at: Instant,
): Finding {
  if (vm === undefined) return { kind: 'gone' };
  const sinceMs = at - m.calledAt;
  const finding = record === undefined ? unrecorded(limits, m, vm, sinceMs) : recorded(limits, m, vm, record, source, sinceMs);
  // who leads it has failed: nothing will be written down about it any more
  if (finding.kind !== 'wait' || sinceMs <= (source !== 'well' ? FAILED_STUCK_MS : limits.shiftStuckMs)) return finding;
  const what = record === undefined ? `task ${vm.task ?? 'none'}` : `record ${record.id} ${record.status}`;
  return { kind: 'stuck', why: `Nova has not ended its migration for ${Math.round(sinceMs / 1000)} s (${what})` };
}

function unrecorded(limits: Limits, m: Shift, vm: CloudVm, sinceMs: number): Finding {
  if (vm.task !== null) return WAIT;
  if (vm.host !== null && vm.host !== m.from) return { ...there(vm, vm.host), record: null };
  return sinceMs > limits.recordWithinMs ? { kind: 'not-taken' } : WAIT;
}

const there = (vm: CloudVm, to: HostId) => ({ kind: 'there', to, status: vm.status, fault: vm.fault }) as const;

function recorded(limits: Limits, m: Shift, vm: CloudVm, record: MigrationRecord, source: Source, sinceMs: number): Finding {
  const arrival = vm.host !== null && vm.host !== m.from ? there(vm, vm.host) : null;
  switch (record.state) {
    case 'waiting':
      if (source === 'dead' && vm.host === m.from) return { kind: 'lost', record: record.id };
      return source === 'well' && !m.aborted && sinceMs > limits.liveLimitMs ? { kind: 'abort', record: record.id } : WAIT;
    case 'running':
      if (source !== 'well' || record.how === 'cold' || m.aborted || sinceMs <= limits.liveLimitMs) return WAIT;
      return { kind: 'abort', record: record.id };
    case 'arrived':
      // it runs there already; whether Nova is asked to clear up where it was is no matter any more
      if (source !== 'well' && arrival !== null) return { ...arrival, record };
      return vm.vmState === 'resized' && vm.task === null && m.stage !== 'confirming' ? { kind: 'confirm' } : WAIT;
    case 'done':
      return arrival !== null && vm.task === null ? { ...arrival, record } : WAIT;
    case 'failed':
      if (vm.task !== null) return WAIT;
      if (arrival !== null) return { ...arrival, record };
      return { kind: 'failed', record: record.id, why: vm.fault ?? `Nova's migration record ${record.id} says ${record.status}` };
  }
}
