import type { FleetVm, Placement, Unplaced } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import type { DrainSurveyEffect, DrainSurveyResult } from '../effects.ts';
import type { SchedulerSettings } from '../settings.ts';
import { epochOf, type SchedulerState } from '../state.ts';
import type { Step } from '../step.ts';
import { withNames } from '../survey.ts';
import { type Drain, type Leaving, leavingOf, putDrain, putLeaving } from './drain.ts';
import { advanceDrain, endOne } from './follow.ts';

export function drainSurveyed(
  s: SchedulerState,
  settings: SchedulerSettings,
  e: DrainSurveyEffect,
  r: DrainSurveyResult,
  at: Instant,
): Step {
  const d = s.drains.get(e.host);
  if (d?.incident !== e.incident || d.surveys !== e.survey) return stay(s);
  if (d.stage === 'stopping') return stay(putDrain(s, { ...d, survey: 'answered' }));
  if (!r.ok) {
    const surveyNotBefore = waitAfter(settings, d.unanswered, at);
    const again: Drain = { ...d, survey: 'none', changedSinceSurvey: true, unanswered: d.unanswered + 1, surveyNotBefore };
    return waits(putDrain(s, again), again, `no plan could be made: ${r.code}: ${r.detail}`, at);
  }
  const placed = new Map(r.plan.placements.map((p) => [p.vm, p]));
  const unplaced = new Map(r.plan.unplaced.map((u) => [u.vm, u]));
  let step: Step = stay(putDrain(s, { ...d, survey: 'answered', unanswered: 0 }));
  for (const vm of r.vms) step = andThen(step, (n) => plan(n, e.host, vm, placed.get(vm.vm), unplaced.get(vm.vm), at));
  step = andThen(step, (n) => notThere(n, e, r, at));
  if (r.vms.length > 0) {
    const { incident, host } = d;
    const shown = withNames(r.plan, r.vms);
    const ways = {
      ...shown,
      placements: shown.placements.map((p) => ({ ...p, because: `${wayOf(d, r.vms, p)}; ${p.because}`.slice(0, 300) })),
    };
    const cold = r.vms.flatMap((v) => (placed.has(v.vm) && v.status === 'SHUTOFF' ? [v.vm] : []));
    const planned = { incident, host, attempt: e.survey, plan: ways, cold, at };
    step = andThen(step, (n) => decided(n, tell({ type: 'lifeboat.drain.planned', data: planned })));
  }
  step = andThen(step, (n) => orderPlanned(n, e.host, e.survey, at));
  step = andThen(step, (n) => noteRoom(n, settings, e.host, placed.size, at));
  return andThen(step, (n) => advanceDrain(n, e.host, at));
}

/** What it costs the VM, said in the plan. */
const wayOf = (d: Drain, vms: readonly FleetVm[], p: Placement): string =>
  vms.find((v) => v.vm === p.vm)?.status === 'SHUTOFF'
    ? 'cold, it is stopped'
    : d.cold
      ? 'live; where that fails cold, which restarts it'
      : 'live';

/** One VM of the survey: has a place, has none for now, or stays for good. */
function plan(
  s: SchedulerState,
  host: HostId,
  vm: FleetVm,
  placement: Placement | undefined,
  unplaced: Unplaced | undefined,
  at: Instant,
): Step {
  const before = s.drains.get(host)?.vms[vm.vm];
  const because = unplaced?.because ?? 'the plan does not name it';
  const leaving: Leaving = {
    vm: vm.vm,
    name: vm.name,
    size: vm.size,
    status: vm.status,
    placement: placement ?? null,
    orders: before?.orders ?? 0,
    stage: { kind: 'unplaced', because },
  };
  if (unplaced?.kind === 'never') return endOne(s, host, leaving, { kind: 'left', reason: because }, true, at);
  const busy = inHandOf(s, vm.vm);
  if (busy !== null) return stay(putLeaving(s, host, { ...leaving, placement: null, stage: { kind: 'unplaced', because: busy } }));
  const movable = vm.status === 'ACTIVE' || vm.status === 'SHUTOFF' || vm.notNow !== undefined;
  if (movable) return stay(putLeaving(s, host, leaving));
  const reason = `Nova has it as ${vm.status}: only active and stopped VMs are moved`;
  return endOne(s, host, { ...leaving, placement: null }, { kind: 'left', reason }, true, at);
}

/** Nothing else is done to a VM that an incident, its own or of a host that it came from, is at work on. */
function inHandOf(s: SchedulerState, vm: FleetVm['vm']): string | null {
  const r = s.vms.get(vm);
  if (r !== undefined && r.stage.kind !== 'settled') return `${r.incident} has it in hand`;
  const own = s.vmIncidents.get(vm);
  return own === undefined ? null : `${own.incident} has it in hand (${own.failure})`;
}

/** Those that were to leave and are not on the host: moved or deleted by somebody since, or never there. */
function notThere(s: SchedulerState, e: DrainSurveyEffect, r: Extract<DrainSurveyResult, { ok: true }>, at: Instant): Step {
  const d = s.drains.get(e.host);
  if (d === undefined) return stay(s);
  const there = new Set(r.vms.map((v) => v.vm));
  let step: Step = stay(s);
  const elsewhere = new Map(r.elsewhere.map((v) => [v.vm, v]));
  const nothing = { vcpus: 0, memoryMb: 0, diskGb: 0 };
  const asked = new Set([...(e.only ?? []), ...e.waiting]);
  for (const vm of asked) {
    const known = d.vms[vm];
    if (there.has(vm) || e.skip.includes(vm)) continue;
    const now = elsewhere.get(vm);
    const leaving: Leaving = known ?? {
      ...{ vm, name: now?.name ?? '', size: nothing, status: now?.status ?? '', placement: null, orders: 0 },
      stage: { kind: 'unplaced', because: '' },
    };
    const moved = { kind: 'moved', to: now?.host ?? e.host, how: null, tookMs: 0, reason: `it is not on ${e.host}` } as const;
    const isThere = now !== undefined && now.host !== null && now.host !== e.host;
    if (now === undefined) step = andThen(step, (n) => endOne(n, e.host, leaving, { kind: 'gone' }, false, at));
    else if (isThere && now.task === null) step = andThen(step, (n) => endOne(n, e.host, leaving, moved, false, at));
    else
      step = andThen(step, (n) =>
        stay(putLeaving(n, e.host, { ...leaving, stage: { kind: 'unplaced', because: 'Nova is at work on it' } })),
      );
  }
  return step;
}

function orderPlanned(s: SchedulerState, host: HostId, attempt: number, at: Instant): Step {
  const d = s.drains.get(host);
  if (d === undefined) return stay(s);
  const ready = leavingOf(d).filter((v) => v.stage.kind === 'unplaced' && v.placement !== null);
  if (ready.length === 0) return stay(s);
  let next = s;
  for (const v of ready) next = putLeaving(next, host, { ...v, orders: v.orders + 1, stage: { kind: 'ordered', at } });
  const placements = ready.map((v) => v.placement as Placement).sort((a, b) => a.priority - b.priority || (a.vm < b.vm ? -1 : 1));
  const stopped = ready.flatMap((v) => (v.status === 'SHUTOFF' ? [v.vm] : []));
  const { incident, cold } = d;
  const data = { incident, host, attempt, placements, stopped, cold, epoch: epochOf(s), at };
  return decided(next, tell({ type: 'lifeboat.migration.requested', data }));
}

/** What found no room is planned again later, and in the end it stays. */
function noteRoom(s: SchedulerState, settings: SchedulerSettings, host: HostId, placed: number, at: Instant): Step {
  const d = s.drains.get(host);
  const without = d === undefined ? [] : leavingOf(d).filter((v) => v.stage.kind === 'unplaced');
  if (d === undefined || without.length === 0) return stay(d === undefined ? s : putDrain(s, { ...d, fruitless: 0 }));
  const fruitless = (placed > 0 ? 0 : d.fruitless) + 1;
  const again: Drain = { ...d, fruitless, surveyNotBefore: waitAfter(settings, fruitless - 1, at) };
  const becauseOf = (v: Leaving) => (v.stage.kind === 'unplaced' ? v.stage.because : '');
  if (fruitless < settings.fruitlessPlansMost) {
    const [first] = without as [Leaving];
    return waits(putDrain(s, again), again, `${without.length} VMs have no place now, e.g. ${first.name}: ${becauseOf(first)}`, at);
  }
  return without.reduce<Step>(
    (step, v) =>
      andThen(step, (n) => endOne(n, host, v, { kind: 'left', reason: `no place after ${fruitless} plans: ${becauseOf(v)}` }, true, at)),
    stay(putDrain(s, again)),
  );
}

function waits(s: SchedulerState, d: Drain, why: string, at: Instant): Step {
  const reason = why.slice(0, 500);
  if (d.waitingFor === reason) return stay(s);
  const { incident, host } = d;
  return decided(putDrain(s, { ...d, waitingFor: reason }), tell({ type: 'lifeboat.drain.waiting', data: { incident, host, reason, at } }));
}

const waitAfter = (settings: SchedulerSettings, tries: number, at: Instant): Instant =>
  after(at, Math.min(settings.planAgainFirstMs * 2 ** tries, settings.planAgainMostMs));
