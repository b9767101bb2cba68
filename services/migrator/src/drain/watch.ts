import { after, andThen, decided, type HostId, type Instant, instant, stay } from '@lifeboat/kernel';
import type { CloudVm, MigrationRecord } from '@lifeboat/ports';
import { order } from '@lifeboat/runtime';
import type { AbortEffect, ConfirmEffect, FreeEffect, ReviveResult, ShiftWatchEffect, ShiftWatchResult } from '../effects.ts';
import type { MigratorSettings } from '../settings.ts';
import { isFailed, type MigratorState, putShift, type Shift } from '../state.ts';
import type { Step } from '../step.ts';
import { judge } from './judge.ts';
import { again, arrived, giveBack, nextTry } from './shift.ts';

/** Nova dates its records by its own clocks. */
const SKEW_MS = 300_000;

/** One look at a time at every host that VMs are leaving. */
export function watchShifts(s: MigratorState, settings: MigratorSettings, at: Instant): Step {
  if (s.shifts.size === 0) return stay(s);
  const byHost = new Map<HostId, Shift[]>();
  for (const m of s.shifts.values())
    if (m.stage !== 'queued' && m.stage !== 'calling') byHost.set(m.from, [...(byHost.get(m.from) ?? []), m]);
  let step: Step = stay(s);
  for (const [host, shifts] of byHost) {
    if (s.shiftWatches.has(host)) continue;
    const effect: ShiftWatchEffect = {
      kind: 'watch-shifts',
      operation: `watch-shifts/${host}/${at}`,
      notBefore: after(at, settings.shiftsLookedAtMs),
      incident: (shifts[0] as Shift).incident,
      host,
      vms: shifts.map((m) => m.vm),
      since: instant(Math.max(0, Math.min(...shifts.map((m) => m.calledAt)) - SKEW_MS)),
    };
    step = andThen(step, (next) => decided({ ...next, shiftWatches: next.shiftWatches.set(host, { host, number: at }) }, order(effect)));
  }
  return step;
}

export function shiftsSeen(s: MigratorState, settings: MigratorSettings, e: ShiftWatchEffect, r: ShiftWatchResult, at: Instant): Step {
  let step: Step = stay({ ...s, shiftWatches: s.shiftWatches.delete(e.host) });
  if (r.kind === 'shifts-unseen') return step;
  const vms = new Map(r.vms.map((v) => [v.vm, v]));
  for (const m of s.shifts.values()) {
    if (m.from !== e.host || !e.vms.includes(m.vm) || m.stage === 'queued' || m.stage === 'calling') continue;
    // newest first, and none that had been there before the call
    const record = r.records.find((x) => x.vm === m.vm && !m.known.includes(x.id));
    step = andThen(step, (next) => follow(next, settings, m, vms.get(m.vm), record, at));
  }
  return step;
}

function follow(
  s: MigratorState,
  settings: MigratorSettings,
  m: Shift,
  vm: CloudVm | undefined,
  record: MigrationRecord | undefined,
  at: Instant,
): Step {
  const proof = s.dead.get(m.from);
  const found = judge(settings, m, vm, record, proof !== undefined ? 'dead' : isFailed(s, m.from) ? 'failed' : 'well', at);
  switch (found.kind) {
    case 'wait':
      return stay(s);
    case 'gone':
      return giveBack(s, m, 'CLOUD_NOT_FOUND', 'its owner deleted it', 'gone', at);
    case 'there':
      return arrived(s, m, found, found.record?.id ?? null, at);
    case 'confirm':
      return act<ConfirmEffect>(s, { ...m, stage: 'confirming' }, 'confirm', {}, at);
    case 'abort':
      return act<AbortEffect>(s, { ...m, stage: 'aborting', aborted: true }, 'abort', { record: found.record }, at);
    case 'lost': {
      if (m.stage === 'freeing' || proof === undefined) return stay(s);
      const effect: FreeEffect = {
        kind: 'free',
        operation: `${m.incident}/free/${m.vm}/${found.record}/${at}`,
        incident: m.incident,
        host: m.from,
        vm: m.vm,
        record: found.record,
        proof,
      };
      return decided(putShift(s, { ...m, stage: 'freeing' }), order(effect));
    }
    case 'failed':
      return nextTry(s, settings, { ...m, known: [...m.known, found.record] }, 'CLOUD_REFUSED', found.why, at);
    case 'not-taken':
      return again(s, settings, m, 'CLOUD_TIMEOUT', 'Nova has no record of the call', at);
    case 'stuck':
      return giveBack(s, m, 'CLOUD_TIMEOUT', `${found.why}; look where its guest runs before anything is done to it`, 'never', at);
  }
}

function act<E extends ConfirmEffect | AbortEffect>(s: MigratorState, m: Shift, kind: E['kind'], more: object, at: Instant): Step {
  const operation = `${m.incident}/${kind}/${m.vm}/${m.order}.${m.calls}/${at}`;
  return decided(putShift(s, m), order({ kind, operation, incident: m.incident, host: m.from, vm: m.vm, ...more } as unknown as E));
}

/** Whatever Nova answered: the next look shows what became of it. */
export function toldNova(s: MigratorState, e: ConfirmEffect | AbortEffect): Step {
  const m = s.shifts.get(e.vm);
  const acting = e.kind === 'confirm' ? 'confirming' : 'aborting';
  return m?.incident === e.incident && m.stage === acting ? stay(putShift(s, { ...m, stage: 'running' })) : stay(s);
}

/** Nova is not at work on it any more: it is evacuated like any VM of its host, whatever that record goes on saying. */
export function wasFreed(s: MigratorState, e: FreeEffect, r: ReviveResult, at: Instant): Step {
  const m = s.shifts.get(e.vm);
  if (m?.incident !== e.incident || m.stage !== 'freeing') return stay(s);
  if (r.kind === 'revive-failed') return stay(putShift(s, { ...m, stage: 'running' }));
  const lost = s.lost.set(m.vm, { vm: m.vm, from: m.from, record: e.record });
  return giveBack({ ...s, lost }, m, 'CLOUD_CONFLICT', `its migration had not begun when ${m.from} failed`, 'ended', at);
}
