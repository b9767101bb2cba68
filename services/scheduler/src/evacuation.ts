import { type DataByType, named, type VmReport } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type IncidentId, type Instant, stay, type VmId } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { allows, plannedOf } from './covers.ts';
import type { SchedulerSettings } from './settings.ts';
import {
  type Covers,
  confirmationId,
  epochOf,
  type HostStage,
  type Incident,
  putVm,
  type SchedulerState,
  type VmOutcome,
  type VmRecord,
} from './state.ts';
import type { SchedulerOutput, Step } from './step.ts';

/** Steps ⑥ and ⑨: orders every planned VM of an isolated host that consent covers, by restart priority. */
export function orderPlanned(
  s: SchedulerState,
  settings: SchedulerSettings,
  i: Incident,
  host: HostId,
  stage: HostStage,
  at: Instant,
): Step {
  if (stage.proof === null) return stay(s);
  const { covers, confirmation } = permissionOf(i);
  const allowed = (vm: VmId, to: HostId): boolean => covers === 'all' || allows(settings, covers, vm, host, to);
  const planned = plannedOf(s, i)
    .filter((r) => r.from === host && allowed(r.vm, r.placement.to))
    .sort((a, b) => a.placement.priority - b.placement.priority || (a.vm < b.vm ? -1 : 1));
  if (planned.length === 0) return stay(s);
  let next = s;
  for (const r of planned) next = putVm(next, { ...r, orders: r.orders + 1, stage: { kind: 'ordered', at } });
  return decided(
    next,
    tell({
      type: 'lifeboat.evacuation.requested',
      data: {
        incident: i.incident,
        host,
        attempt: i.surveys,
        proof: stage.proof,
        ...(confirmation === null ? {} : { confirmation }),
        // what was not shown to the person is no alternate either
        placements: planned.map(({ vm, placement }) => ({ ...placement, alternates: placement.alternates.filter((h) => allowed(vm, h)) })),
        stopped: planned.filter((r) => r.status === 'SHUTOFF').map((r) => r.vm),
        epoch: epochOf(s),
        at,
      },
    }),
  );
}

const permissionOf = (i: Incident): { covers: 'all' | Covers; confirmation: string | null } => {
  if (i.consent.kind === 'not-needed') return { covers: 'all', confirmation: null };
  if (i.consent.kind !== 'given') return { covers: {}, confirmation: null };
  return { covers: i.consent.covers, confirmation: confirmationId(i.incident, i.consent.asked) };
};

export function evacuated(s: SchedulerState, d: DataByType['lifeboat.vm.evacuated'], at: Instant): Step {
  const r = s.vms.get(d.vm);
  if (r === undefined || r.incident !== d.incident || r.stage.kind === 'settled') return stay(s);
  if (d.leftStopped !== undefined) return settle(s, r, 'stopped', d.to, `it is left stopped: ${d.leftStopped}`, at);
  return arrived(s, r, d.to, d.status, at);
}

/** On its new host, as the migrator says or a survey has found. Stopped is right only for what was stopped before. */
export function arrived(s: SchedulerState, r: VmRecord, to: HostId, status: string, at: Instant): Step {
  if (status === 'SHUTOFF')
    return r.status === 'SHUTOFF'
      ? settle(s, r, 'stopped', to, 'it was stopped before, and is stopped on its new host', at)
      : settle(s, r, 'unevacuable', to, `Nova has it on ${to}, but stopped; it ran before`, at);
  const moved: VmRecord = { ...r, stage: { kind: 'evacuated', to, status, at } };
  return r.seenOn === to ? verified(putVm(s, moved), moved, to, at) : stay(putVm(s, moved));
}

/** Safety rule 5: running means seen by the new host's agent, not only by Nova. Says whose incidents it touched. */
export function sawRunning(
  s: SchedulerState,
  host: HostId,
  reports: readonly VmReport[],
  at: Instant,
): { step: Step; incidents: IncidentId[] } {
  let step: Step = stay(s);
  const incidents = new Set<IncidentId>();
  for (const report of reports) {
    if (report.state !== 'running') continue;
    const r = step.state.vms.get(report.vm);
    if (r === undefined || r.stage.kind === 'settled' || r.from === host) continue;
    step = andThen(step, (next) => sawOne(next, r, host, at));
    incidents.add(r.incident);
  }
  return { step, incidents: [...incidents].sort() };
}

const sawOne = (s: SchedulerState, r: VmRecord, host: HostId, at: Instant): Step => {
  const seen = { ...r, seenOn: host };
  return r.stage.kind === 'evacuated' && r.stage.to === host ? verified(putVm(s, seen), seen, host, at) : stay(putVm(s, seen));
};

const verified = (s: SchedulerState, r: VmRecord, host: HostId, at: Instant): Step =>
  andThen(settle(s, r, 'running', host, '', at), (next) =>
    decided(next, tell({ type: 'lifeboat.vm.verified', data: { incident: r.incident, vm: r.vm, host, at } })),
  );

export function evacuationFailed(
  s: SchedulerState,
  settings: SchedulerSettings,
  d: DataByType['lifeboat.evacuation.failed'],
  at: Instant,
): Step {
  const r = s.vms.get(d.vm);
  if (r === undefined || r.incident !== d.incident || r.stage.kind !== 'ordered') return stay(s);
  const reason = `${d.code}: ${d.reason}`;
  if (d.then === 'gone') return settle(s, r, 'gone', null, reason, at);
  const tried = { ...r, refusedBy: refusals(r, d.to) };
  if (d.then === 'never') return settle(s, tried, 'unevacuable', null, reason, at);
  if (r.orders >= settings.ordersMost)
    return settle(s, tried, 'unevacuable', null, `given up after ${r.orders} orders; the last: ${reason}`, at);
  return stay(putVm(s, { ...tried, placement: null, stage: { kind: 'unplaced', because: reason.slice(0, 500) } }));
}

/** The hosts of its placement are tried in their order, down to the last that was told. */
function refusals(r: VmRecord, last: HostId | undefined): HostId[] {
  const candidates = r.placement === null ? [] : [r.placement.to, ...r.placement.alternates];
  const tried = last === undefined ? [] : [...candidates.slice(0, candidates.indexOf(last) + 1), last];
  return [...new Set([...(r.refusedBy ?? []), ...tried])];
}

/** A VM's end. What cannot be moved becomes an item that is handled by itself (steps ④ and ⑨). */
export function settle(s: SchedulerState, r: VmRecord, outcome: VmOutcome, host: HostId | null, why: string, at: Instant): Step {
  const reason = outcome === 'unevacuable' ? `${whileMigrating(s, r.vm)}${why}` : why;
  const next = putVm(s, { ...r, stage: { kind: 'settled', outcome, host, reason } });
  if (outcome !== 'unevacuable') return stay(next);
  const item: SchedulerOutput = tell({
    type: 'lifeboat.vm.unevacuable',
    data: {
      incident: r.incident,
      vm: r.vm,
      ...named(r.name),
      host: r.from,
      reason: reason.slice(0, 500),
      actions: ['retry', 'other-host', 'start-on-return', 'dismiss'],
      at,
    },
  });
  const { vm, incident, from } = r;
  const reminded = { startOnReturn: false, remindAt: after(at, FIRST_REMINDER_MS), reminders: 0 };
  const open = { vm, ...named(r.name), incident, host: from, reason, since: at, ...reminded };
  const refusedBy = r.refusedBy === undefined ? {} : { refusedBy: r.refusedBy };
  return decided({ ...next, items: next.items.set(vm, { ...open, ...refusedBy }) }, item);
}

/** What a person must know first: a second start of this VM could be one too many. */
const whileMigrating = (s: SchedulerState, vm: VmId): string => {
  const m = s.migrating.get(vm);
  if (m === undefined) return '';
  const seen = m.seenOn === null ? `nobody has seen it there: look before anything is done` : `its guest runs on ${m.seenOn} by its agent`;
  return `it was migrating to ${m.to} when its host failed; ${seen}; `;
};

/** The incident's own notices come first. */
const FIRST_REMINDER_MS = 3_600_000;
