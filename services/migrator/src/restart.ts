import { type DataByType, ORDER_VALID_MS } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime';
import type { RestartEffect, RestartResult } from './effects.ts';
import type { MigratorSettings } from './settings.ts';
import { isFailed, isShifting, type MigratorState, type Restart } from './state.ts';
import type { Step } from './step.ts';

/** Begun acts are done within this time or not at all: the VM may have come back by itself. */
const GOOD_FOR_MS = 15_000;

/** One order of a VM at a time; the same one again changes nothing, and one of an older epoch is refused. */
export function restartRequested(s: MigratorState, d: DataByType['lifeboat.restart.requested'], at: Instant): Step {
  const known = s.restarts.get(d.vm);
  if (at - d.at > ORDER_VALID_MS || (known !== undefined && (known.stage === 'acting' || d.epoch < known.epoch))) return stay(s);
  if (known?.incident === d.incident && d.attempt <= known.attempt) return stay(s);
  const { incident, vm, host, how, to = [], attempt, since, epoch } = d;
  const queued: Restart = { incident, vm, host, how, to, attempt, since, ...tried(d), epoch, stage: 'queued', at };
  return stay({ ...s, restarts: s.restarts.set(vm, queued) });
}

const tried = ({ triedUntil }: Pick<Restart, 'triedUntil'>) => (triedUntil === undefined ? {} : { triedUntil });

/** What waits is dropped; what is under way ends by itself, but is not begun any more where it has not been yet. */
export function restartRecalled(s: MigratorState, d: DataByType['lifeboat.restart.recalled']): Step {
  const known = s.restarts.get(d.vm);
  if (known?.incident !== d.incident || d.epoch < known.epoch) return stay(s);
  if (known.stage === 'queued') return stay({ ...s, restarts: s.restarts.delete(d.vm) });
  return stay({ ...s, restarts: s.restarts.set(d.vm, { ...known, recalled: true }) });
}

/** First come, first served; so many at once in all and on one host: fifty VMs that crash together are all mended, in turn. */
export function beginRestarts(s: MigratorState, settings: MigratorSettings, at: Instant): Step {
  const all = s.restarts.values();
  const queued = all.filter((r) => r.stage === 'queued').sort((a, b) => a.at - b.at || (a.vm < b.vm ? -1 : 1));
  if (queued.length === 0) return stay(s);
  const acting = all.filter((r) => r.stage === 'acting');
  const onHost = new Map<HostId, number>();
  for (const r of acting) onHost.set(r.host, (onHost.get(r.host) ?? 0) + 1);
  let total = acting.length;
  let moving = acting.filter((r) => r.how === 'move').length;
  let step: Step = stay(s);
  for (const r of queued) {
    if (isTaken(s, r)) {
      const why = `${r.host} has failed, or an evacuation or a migration of the VM is under way`;
      step = andThen(step, (next) => notDone(next, r, { kind: 'not-restarted', then: 'retry', code: 'CLOUD_CONFLICT', detail: why }, at));
      continue;
    }
    const there = onHost.get(r.host) ?? 0;
    if (total >= settings.restartsMost || there >= settings.restartsPerHostMost) continue;
    if (r.how === 'move' && moving >= settings.coldMovesMost) continue;
    step = andThen(step, (next) => begin(next, r, at));
    onHost.set(r.host, there + 1);
    total += 1;
    moving += r.how === 'move' ? 1 : 0;
  }
  return step;
}

/** Its host is being isolated, or has been: then its VMs are that incident's. */
const isTaken = (s: MigratorState, r: Restart): boolean =>
  isFailed(s, r.host) || isShifting(s, r.vm) || s.moves.values().some((m) => m.vm === r.vm);

function begin(s: MigratorState, r: Restart, at: Instant): Step {
  const effect: RestartEffect = {
    kind: 'restart',
    operation: `${r.incident}/restart/${r.vm}/${r.attempt}`,
    incident: r.incident,
    host: r.host,
    vm: r.vm,
    how: r.how,
    to: r.to,
    since: r.since,
    ...tried(r),
    goodUntil: after(at, GOOD_FOR_MS),
  };
  return decided({ ...s, restarts: s.restarts.set(r.vm, { ...r, stage: 'acting', at }) }, order(effect));
}

export function wasRestarted(s: MigratorState, e: RestartEffect, result: RestartResult, at: Instant): Step {
  const r = s.restarts.get(e.vm);
  if (r?.incident !== e.incident || r.stage !== 'acting') return stay(s);
  // nobody waits for it any more
  if (result.kind === 'not-restarted' && r.recalled) return stay({ ...s, restarts: s.restarts.delete(r.vm) });
  if (result.kind === 'not-restarted') return notDone(s, r, result, at);
  const { incident, vm, how, attempt } = r;
  const data = { incident, vm, host: result.host, how, attempt, adopted: result.adopted, tookMs: Math.max(0, at - r.at), at };
  return decided({ ...s, restarts: s.restarts.delete(vm) }, tell({ type: 'lifeboat.vm.restarted', incident, data }));
}

function notDone(s: MigratorState, r: Restart, result: Extract<RestartResult, { kind: 'not-restarted' }>, at: Instant): Step {
  const { incident, vm, host, how, attempt } = r;
  const data = { incident, vm, host, how, attempt, code: result.code, reason: result.detail.slice(0, 500), then: result.then, at };
  return decided({ ...s, restarts: s.restarts.delete(vm) }, tell({ type: 'lifeboat.restart.failed', incident, data }));
}
