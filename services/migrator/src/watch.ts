import { after, andThen, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import type { CloudVm, EvacuationRecord } from '@lifeboat/ports';
import { order, tell } from '@lifeboat/runtime';
import type { WatchEffect, WatchResult } from './effects.ts';
import { whileLocked } from './locked.ts';
import { again, failure } from './move.ts';
import { comesUpStopped, comesUpUnwanted, diedUnder, resetIt, startIt, stopIt } from './revive.ts';
import type { MigratorSettings } from './settings.ts';
import { dropMove, type MigratorState, type Move, putMove } from './state.ts';
import type { Step } from './step.ts';

/** After this long a VM is looked at itself, whatever its record says: its owner may have deleted it. */
const CLOSELY_AFTER_MS = 10_000;

/** One look at a time at every host from which VMs are moving. */
export function watchWhatMoves(s: MigratorState, settings: MigratorSettings, at: Instant): Step {
  const byHost = new Map<HostId, Move[]>();
  for (const m of s.moves.values()) if (m.stage === 'running') byHost.set(m.from, [...(byHost.get(m.from) ?? []), m]);
  let step: Step = stay(s);
  for (const [host, moves] of byHost) {
    if (s.watches.has(host)) continue;
    const number = at;
    const effect: WatchEffect = {
      kind: 'watch',
      operation: `watch/${host}/${number}`,
      notBefore: after(at, settings.watchEveryMs),
      incident: (moves[0] as Move).incident,
      host,
      vms: moves.map((m) => m.vm),
      closely: moves.filter((m) => at - m.notBefore > CLOSELY_AFTER_MS).map((m) => m.vm),
    };
    step = andThen(step, (next) => decided({ ...next, watches: next.watches.set(host, { host, number }) }, order(effect)));
  }
  return step;
}

export function watched(s: MigratorState, settings: MigratorSettings, e: WatchEffect, r: WatchResult, at: Instant): Step {
  let step: Step = stay({ ...s, watches: s.watches.delete(e.host) });
  if (r.kind === 'watch-failed') return step;
  const vms = new Map(r.vms.map((v) => [v.vm, v]));
  const asked = new Set(e.vms);
  const unseen = new Set(r.unseen);
  for (const m of s.moves.values()) {
    if (m.stage !== 'running' || m.from !== e.host || !asked.has(m.vm)) continue;
    // Newest first, without those whose end has been seen.
    const record = r.records.find((x) => x.vm === m.vm && !m.endedRecords.includes(x.id));
    const vm = unseen.has(m.vm) ? 'unseen' : vms.get(m.vm);
    const now = m.unsure && m.answeredAt === undefined ? { ...m, answeredAt: at } : m;
    step = andThen(now === m ? step : { ...step, state: putMove(step.state, now) }, (next) => judge(next, settings, now, vm, record, at));
  }
  return step;
}

/**
 * Nova's migration record is the truth, not the VM's state: that may already look right, or stay as it was after a failure.
 * Done = host switched, no task left, no record still running. Records were read before the VMs: one that says done while
 * the VM is on its old host is from an earlier life of that VM.
 */
function judge(
  s: MigratorState,
  settings: MigratorSettings,
  m: Move,
  vm: CloudVm | 'unseen' | undefined,
  record: EvacuationRecord | undefined,
  at: Instant,
): Step {
  if (vm === undefined) return failure(s, m, 'CLOUD_NOT_FOUND', 'its owner deleted it', 'gone', at);
  if (m.acting !== 'nothing') return stay(s);
  const died = record?.state === 'running' && record.to !== null ? diedUnder(s, m, record.to) : null;
  if (record !== undefined && died !== null) return resetIt(s, m, record, died, at);
  if (vm === 'unseen') return stay(s);
  const sinceCallMs = at - ((m.unsure ? m.answeredAt : undefined) ?? m.notBefore);
  const hadTime = !m.unsure || sinceCallMs > settings.recordWithinMs;
  if (record?.state === 'done' && vm.host === m.from) return stay(putMove(s, ended(m, record)));
  if (record?.state === 'failed' && vm.task === null && hadTime) {
    const why = vm.fault ?? `Nova's migration record says ${record.status}`;
    const known = ended(m, record);
    if (vm.storageLocked === true) return whileLocked(putMove(s, known), settings, known, why, at);
    return again(putMove(s, known), settings, known, 'CLOUD_REFUSED', why, 1, at);
  }
  if (vm.host !== null && vm.host !== m.from && vm.task === null && record?.state !== 'running') {
    if (comesUpUnwanted(m, vm)) return stopIt(s, m, at);
    return comesUpStopped(settings, m, vm) ? startIt(s, m, at) : evacuated(s, m, vm, vm.host, record, at);
  }
  if (record === undefined && vm.task === null && sinceCallMs > settings.recordWithinMs)
    return again(s, settings, m, 'CLOUD_TIMEOUT', m.lastReason || 'Nova has no record of the call', 0, at);
  if (sinceCallMs <= settings.stuckAfterMs) return stay(s);
  const what = record === undefined ? `task ${vm.task ?? 'none'}` : `record ${record.id} ${record.status}`;
  const minutes = Math.round(sinceCallMs / 60_000);
  return failure(
    s,
    m,
    'CLOUD_TIMEOUT',
    `Nova has not ended it for ${minutes} min (${what}); a second call would break the VM`,
    'never',
    at,
  );
}

const ended = (m: Move, record: EvacuationRecord): Move => ({ ...m, endedRecords: [...m.endedRecords, record.id] });

const evacuated = (s: MigratorState, m: Move, vm: CloudVm, to: HostId, record: EvacuationRecord | undefined, at: Instant): Step => {
  const migration = record === undefined ? {} : { migration: record.id };
  const stopped = m.leftStopped === undefined || vm.status !== 'SHUTOFF' ? {} : { leftStopped: m.leftStopped.slice(0, 200) };
  const tookMs = Math.max(0, at - m.since);
  const data = { incident: m.incident, vm: m.vm, from: m.from, to, status: vm.status, ...migration, ...stopped, tookMs, at };
  return decided(dropMove(s, m), tell({ type: 'lifeboat.vm.evacuated', data }));
};
