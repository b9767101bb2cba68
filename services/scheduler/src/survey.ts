import { type FleetVm, named, type Placement, type Plan, type Resources, type Unplaced } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, stay, type VmId } from '@lifeboat/kernel';
import type { CloudVm } from '@lifeboat/ports';
import { order, tell } from '@lifeboat/runtime';
import { leavingOf } from './drains/drain.ts';
import type { SurveyEffect, SurveyResult } from './effects.ts';
import { arrived, settle } from './evacuation.ts';
import { waits } from './isolation.ts';
import type { SchedulerSettings } from './settings.ts';
import { type Incident, putIncident, putVm, type SchedulerState, type VmRecord, vmsOf } from './state.ts';
import type { Step } from './step.ts';
import { wasWanted } from './vms.ts';
import { notTargets } from './watch.ts';

/** Asks which VMs are on the failed hosts now and where they would go. */
export function askSurvey(s: SchedulerState, i: Incident): Step {
  const survey = i.surveys + 1;
  const records = vmsOf(s, i.incident);
  const avoid = avoidedBy(i, records);
  const effect: SurveyEffect = {
    kind: 'survey',
    operation: `${i.incident}/survey/${survey}`,
    notBefore: i.surveyNotBefore,
    incident: i.incident,
    survey,
    hosts: (Object.keys(i.hosts) as HostId[]).filter((h) => i.hosts[h]?.isolation !== 'withdrawn').sort(),
    waiting: records.filter(waitsForPlace).map((r) => r.vm),
    skip: records.filter((r) => r.stage.kind !== 'unplaced').map((r) => r.vm),
    exclude: notTargets(s),
    reserved: reservations(s),
    ...(Object.keys(avoid).length === 0 ? {} : { avoid }),
  };
  return decided(putIncident(s, { ...i, surveys: survey, survey: 'asked', changedSinceSurvey: false }), order(effect));
}

const avoidedBy = (i: Incident, records: readonly VmRecord[]): Record<VmId, readonly HostId[]> => ({
  ...i.elsewhere,
  ...Object.fromEntries(records.filter((r) => r.elsewhere === true && r.stage.kind === 'unplaced').map((r) => [r.vm, r.refusedBy ?? []])),
});

const waitsForPlace = (r: VmRecord): boolean => r.stage.kind === 'unplaced' || r.stage.kind === 'planned';

/** Places that plans in flight have promised. */
export const reservations = (s: SchedulerState): Record<HostId, Resources> => {
  const sums: Record<HostId, Resources> = {};
  const add = (to: HostId, size: Resources) => {
    const sum = sums[to] ?? { vcpus: 0, memoryMb: 0, diskGb: 0 };
    sums[to] = { vcpus: sum.vcpus + size.vcpus, memoryMb: sum.memoryMb + size.memoryMb, diskGb: sum.diskGb + size.diskGb };
  };
  for (const r of s.vms.values())
    if (r.placement !== null && (r.stage.kind === 'planned' || r.stage.kind === 'ordered')) add(r.placement.to, r.size);
  for (const d of s.drains.values())
    for (const v of leavingOf(d)) if (v.placement !== null && v.stage.kind === 'ordered') add(v.placement.to, v.size);
  return sums;
};

export function surveyed(s: SchedulerState, settings: SchedulerSettings, effect: SurveyEffect, result: SurveyResult, at: Instant): Step {
  const i = s.incidents.get(effect.incident);
  if (i === undefined || i.surveys !== effect.survey) return stay(s);
  if (!result.ok) {
    const surveyNotBefore = waitAfter(settings, i.unanswered, at);
    const again: Incident = { ...i, survey: 'none', changedSinceSurvey: true, unanswered: i.unanswered + 1, surveyNotBefore };
    return waits(putIncident(s, again), again, 'cloud', whyNot(effect, result), at);
  }
  const placed = new Map(result.plan.placements.map((p) => [p.vm, p]));
  const unplaced = new Map(result.plan.unplaced.map((u) => [u.vm, u]));
  const skip = new Set(effect.skip);
  let step: Step = stay(putIncident(s, { ...i, survey: 'answered', unanswered: 0 }));
  for (const vm of result.vms) {
    if (skip.has(vm.vm)) continue;
    step = andThen(step, (next) => place(next, settings, i, vm, placed.get(vm.vm), unplaced.get(vm.vm), at));
  }
  const there = new Set(result.vms.map((v) => v.vm));
  step = andThen(step, (next) => followTheMoved(next, i, new Set(effect.waiting), there, result.elsewhere, at));
  if (placed.size + unplaced.size > 0) {
    const plan = { incident: i.incident, attempt: effect.survey, plan: withNames(result.plan, result.vms), at };
    step = andThen(step, (next) => decided(next, tell({ type: 'lifeboat.plan.made', data: plan })));
  }
  return andThen(step, (next) => noteRoom(next, settings, i.incident, placed.size, at));
}

/** For people: the planner itself goes by ids. */
export function withNames(plan: Plan, vms: readonly FleetVm[]): Plan {
  const names = new Map(vms.map((v) => [v.vm, v.name]));
  const of = <T extends { readonly vm: VmId }>(row: T): T => ({ ...row, ...named(names.get(row.vm)) });
  return { ...plan, placements: plan.placements.map(of), unplaced: plan.unplaced.map(of) };
}

const whyNot = ({ hosts }: SurveyEffect, { code, detail }: { code: string; detail: string }): string =>
  code.startsWith('PLANNER_')
    ? `no plan could be made for ${hosts.join(', ')}: ${code}: ${detail}`
    : `OpenStack could not say what is on ${hosts.join(', ')}: ${code}: ${detail}`;

/** One VM of the survey: planned, without a place for now, or unevacuable for good. */
function place(
  s: SchedulerState,
  settings: SchedulerSettings,
  i: Incident,
  vm: FleetVm,
  placement: Placement | undefined,
  unplaced: Unplaced | undefined,
  at: Instant,
): Step {
  const before = s.vms.get(vm.vm);
  const taken = takeFromOther(s, i, before, at);
  const base = taken.state;
  const after = (step: Step): Step => ({ state: step.state, outputs: [...taken.outputs, ...step.outputs] });
  const known = before !== undefined && before.incident === i.incident ? before : undefined;
  const refusedBy = known?.refusedBy ?? i.elsewhere?.[vm.vm];
  const record: VmRecord = {
    ...(refusedBy === undefined ? {} : { refusedBy }),
    ...(known?.elsewhere === true || i.elsewhere?.[vm.vm] !== undefined ? { elsewhere: true } : {}),
    vm: vm.vm,
    name: vm.name,
    incident: i.incident,
    from: vm.host,
    size: vm.size,
    // as it was when its host failed: a host that is back for a moment has Nova write its VMs down as stopped
    status: before?.status ?? (wasWanted(s, vm.vm) ? 'ACTIVE' : vm.status),
    placement: placement ?? null,
    orders: known?.orders ?? 0,
    stage: { kind: 'unplaced', because: unplaced?.because ?? 'the plan does not name it' },
    // it was leaving its host alive when that failed, and may have been seen where it went
    seenOn: s.migrating.get(vm.vm)?.seenOn ?? null,
  };
  const cluster = i.hosts[vm.host]?.cluster;
  const policy = cluster === undefined ? undefined : settings.policyOf(cluster);
  if (policy !== undefined && !policy.highAvailability)
    return after(settle(putVm(base, record), record, 'unevacuable', null, `high availability is off for cluster ${cluster}`, at));
  if (placement !== undefined) return after(stay(putVm(base, { ...record, stage: { kind: 'planned' } })));
  if (unplaced?.kind === 'never') return after(settle(putVm(base, record), record, 'unevacuable', null, unplaced.because, at));
  return after(stay(putVm(base, record)));
}

/** Its new host failed, too: the older incident, if it is still open, lets go of the VM. */
function takeFromOther(s: SchedulerState, i: Incident, before: VmRecord | undefined, at: Instant): Step {
  if (before === undefined || before.incident === i.incident || !s.incidents.has(before.incident)) return stay(s);
  const letGo = {
    ...before,
    stage: { kind: 'settled', outcome: 'handed-over', host: null, reason: `incident ${i.incident} has it` },
  } as const;
  const settled = putVm(s, letGo);
  const other = settled.incidents.get(before.incident) as Incident;
  return decided(
    putIncident(settled, { ...other, handedOver: [...other.handedOver, before.vm] }),
    tell({ type: 'lifeboat.vm.handed-over', data: { incident: before.incident, vm: before.vm, to: i.incident, at } }),
  );
}

/**
 * Waiting VMs that are not on the failed host any more. Moved by an evacuation whose answer was lost, they are as good as
 * evacuated; one that exists nowhere was deleted by its owner; one that Nova is still at work on is looked at again.
 */
function followTheMoved(
  s: SchedulerState,
  i: Incident,
  asked: ReadonlySet<VmId>,
  there: ReadonlySet<VmId>,
  elsewhere: readonly CloudVm[],
  at: Instant,
): Step {
  const found = new Map(elsewhere.map((v) => [v.vm, v]));
  let step: Step = stay(s);
  for (const r of vmsOf(s, i.incident)) {
    // one that has come to wait since was not asked for: that nothing was said of it means nothing
    if (!waitsForPlace(r) || !asked.has(r.vm) || there.has(r.vm)) continue;
    const vm = found.get(r.vm);
    if (vm === undefined) step = andThen(step, (next) => settle(next, r, 'gone', null, 'Nova does not have it any more', at));
    else if (vm.host !== null && vm.host !== r.from && vm.task === null) {
      const { host, status } = vm;
      step = andThen(step, (next) => arrived(next, r, host, status, at));
    }
  }
  return step;
}

/** What found no room is planned again later, and in the end handled by itself. */
function noteRoom(s: SchedulerState, settings: SchedulerSettings, incident: Incident['incident'], placed: number, at: Instant): Step {
  const i = s.incidents.get(incident);
  if (i === undefined) return stay(s);
  const without = vmsOf(s, incident).filter((r) => r.stage.kind === 'unplaced');
  if (without.length === 0) return stay(putIncident(s, { ...i, fruitless: 0 }));
  const fruitless = placed > 0 ? 0 : i.fruitless;
  const again: Incident = { ...i, fruitless: fruitless + 1, surveyNotBefore: waitAfter(settings, fruitless, at) };
  const next = putIncident(s, again);
  if (again.fruitless < settings.fruitlessPlansMost) {
    const first = without[0] as VmRecord;
    const why = first.stage.kind === 'unplaced' ? first.stage.because : '';
    return waits(next, again, 'capacity', `${without.length} VMs have no place now, e.g. ${first.name}: ${why}`, at);
  }
  let step: Step = stay(next);
  for (const r of without) {
    const because = r.stage.kind === 'unplaced' ? r.stage.because : '';
    step = andThen(step, (n) => settle(n, r, 'unevacuable', null, `no place after ${again.fruitless} plans: ${because}`, at));
  }
  return step;
}

/** When to look again after so many tries in a row that led nowhere. */
const waitAfter = (settings: SchedulerSettings, tries: number, at: Instant): Instant =>
  after(at, Math.min(settings.planAgainFirstMs * 2 ** tries, settings.planAgainMostMs));
