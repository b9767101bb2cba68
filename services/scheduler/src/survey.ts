import type { FleetVm, Placement, Resources, Unplaced } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, stay, type VmId } from '@lifeboat/kernel';
import type { CloudVm } from '@lifeboat/ports';
import { order, tell } from '@lifeboat/runtime';
import type { SurveyEffect, SurveyResult } from './effects.ts';
import { arrived, settle } from './evacuation.ts';
import { waits } from './isolation.ts';
import type { SchedulerSettings } from './settings.ts';
import { type Incident, putIncident, putVm, type SchedulerState, type VmRecord, vmsOf } from './state.ts';
import type { Step } from './step.ts';

/** Asks which VMs are on the failed hosts now and where they would go. */
export function askSurvey(s: SchedulerState, i: Incident): Step {
  const survey = i.surveys + 1;
  const records = vmsOf(s, i.incident);
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
  };
  return decided(putIncident(s, { ...i, surveys: survey, survey: 'asked', changedSinceSurvey: false }), order(effect));
}

const waitsForPlace = (r: VmRecord): boolean => r.stage.kind === 'unplaced' || r.stage.kind === 'planned';

/** Hosts that are failed, kept out, or whose agent is silent: a neighbour of a dying host may be dying, too. */
const notTargets = (s: SchedulerState): HostId[] => {
  const no = new Set<string>(s.out.keys());
  for (const i of s.incidents.values()) for (const h of Object.keys(i.hosts)) no.add(h);
  for (const [h, a] of s.agents.entries()) if (a.is === 'lost') no.add(h);
  return [...no].sort() as HostId[];
};

const reservations = (s: SchedulerState): Record<HostId, Resources> => {
  const sums: Record<HostId, Resources> = {};
  for (const r of s.vms.values()) {
    if (r.placement === null || (r.stage.kind !== 'planned' && r.stage.kind !== 'ordered')) continue;
    const sum = sums[r.placement.to] ?? { vcpus: 0, memoryMb: 0, diskGb: 0 };
    sums[r.placement.to] = {
      vcpus: sum.vcpus + r.size.vcpus,
      memoryMb: sum.memoryMb + r.size.memoryMb,
      diskGb: sum.diskGb + r.size.diskGb,
    };
  }
  return sums;
};

export function surveyed(s: SchedulerState, settings: SchedulerSettings, effect: SurveyEffect, result: SurveyResult, at: Instant): Step {
  const i = s.incidents.get(effect.incident);
  if (i === undefined || i.surveys !== effect.survey) return stay(s);
  if (!result.ok) {
    const surveyNotBefore = waitAfter(settings, i.unanswered, at);
    const again: Incident = { ...i, survey: 'none', changedSinceSurvey: true, unanswered: i.unanswered + 1, surveyNotBefore };
    return waits(
      putIncident(s, again),
      again,
      'cloud',
      `OpenStack could not say what is on ${effect.hosts.join(', ')}: ${result.code}: ${result.detail}`,
      at,
    );
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
  step = andThen(step, (next) => followTheMoved(next, i, there, result.elsewhere, at));
  if (placed.size + unplaced.size > 0) {
    const plan = { incident: i.incident, attempt: effect.survey, plan: result.plan, at };
    step = andThen(step, (next) => decided(next, tell({ type: 'lifeboat.plan.made', data: plan })));
  }
  return andThen(step, (next) => noteRoom(next, settings, i.incident, placed.size, at));
}

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
  const record: VmRecord = {
    vm: vm.vm,
    name: vm.name,
    incident: i.incident,
    from: vm.host,
    size: vm.size,
    // as it was when its host failed: a host that is back for a moment has Nova write its VMs down as stopped
    status: before?.status ?? vm.status,
    placement: placement ?? null,
    orders: known?.orders ?? 0,
    stage: { kind: 'unplaced', because: unplaced?.because ?? 'the plan does not name it' },
    seenOn: null,
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
function followTheMoved(s: SchedulerState, i: Incident, there: ReadonlySet<VmId>, elsewhere: readonly CloudVm[], at: Instant): Step {
  const found = new Map(elsewhere.map((v) => [v.vm, v]));
  let step: Step = stay(s);
  for (const r of vmsOf(s, i.incident)) {
    if (!waitsForPlace(r) || there.has(r.vm)) continue;
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
