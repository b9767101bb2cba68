import { type DataByType, type MigrationWay, named, type VmReport } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime';
import type { DrainSurveyEffect } from '../effects.ts';
import { arrived } from '../evacuation.ts';
import { putVm, type SchedulerState } from '../state.ts';
import type { Step } from '../step.ts';
import { reservations } from '../survey.ts';
import { notTargets } from '../watch.ts';
import { type Drain, drainOf, isOver, type Leaving, leavingOf, putDrain, putLeaving } from './drain.ts';

/** Orders of one VM in one drain, after which it stays. */
const ORDERS_MOST = 3;
/** The incident's own notices come first. */
const FIRST_REMINDER_MS = 3_600_000;

export function advanceDrains(s: SchedulerState, at: Instant): Step {
  let { migrating } = s;
  for (const m of s.migrating.values()) if (at - m.at > REMEMBER_MS) migrating = migrating.delete(m.vm);
  const now = migrating === s.migrating ? s : { ...s, migrating };
  return (s.drains.keys() as HostId[]).reduce<Step>((step, host) => andThen(step, (n) => advanceDrain(n, host, at)), stay(now));
}

/** One that was never decided is of no use any more. */
const REMEMBER_MS = 24 * 3_600_000;

/** Takes a drain as far as what is known allows: the next plan, or the end. */
export function advanceDrain(s: SchedulerState, host: HostId, at: Instant): Step {
  const d = s.drains.get(host);
  if (d === undefined || d.stage === 'setting-aside') return stay(s);
  const open = leavingOf(d).filter((v) => !isOver(v));
  if (d.stage === 'stopping') return open.length === 0 ? closeDrain(s, d, 'stopped', d.ended, at) : stay(s);
  if (d.survey === 'asked') return stay(s);
  const due = at >= d.surveyNotBefore;
  if (d.survey === 'none' || open.some((v) => v.stage.kind === 'unplaced')) return due ? askSurvey(s, d) : stay(s);
  if (open.length > 0) return stay(s);
  // the end is looked at once more: a VM that Nova put there meanwhile is not forgotten
  if (d.changedSinceSurvey && d.only === null) return due ? askSurvey(s, d) : stay(s);
  const left = leavingOf(d).filter((v) => v.stage.kind === 'left').length;
  const of = leavingOf(d).length;
  return left === 0 ? closeDrain(s, d, 'emptied', '', at) : closeDrain(s, d, 'partly', `${left} of ${of} VMs are left`, at);
}

function askSurvey(s: SchedulerState, d: Drain): Step {
  const survey = d.surveys + 1;
  const effect: DrainSurveyEffect = {
    kind: 'survey-drain',
    operation: `${d.incident}/survey/${survey}`,
    notBefore: d.surveyNotBefore,
    incident: d.incident,
    survey,
    host: d.host,
    only: d.only,
    waiting: leavingOf(d).flatMap((v) => (v.stage.kind === 'unplaced' ? [v.vm] : [])),
    skip: leavingOf(d).flatMap((v) => (v.stage.kind === 'unplaced' ? [] : [v.vm])),
    exclude: [...new Set([...notTargets(s), d.host])].sort() as HostId[],
    reserved: reservations(s),
  };
  return decided(putDrain(s, { ...d, surveys: survey, survey: 'asked', changedSinceSurvey: false }), order(effect));
}

export function migrationStarted(s: SchedulerState, d: DataByType['lifeboat.migration.started'], at: Instant): Step {
  const { vm, incident, from, to, how } = d;
  const before = s.migrating.get(vm);
  const seenOn = before?.incident === incident && before.to === to ? before.seenOn : null;
  const next = { ...s, migrating: s.migrating.set(vm, { vm, incident, from, to, seenOn, at }) };
  const leaving = leavingFor(s, d);
  return stay(leaving === undefined ? next : putLeaving(next, from, { ...leaving, stage: { kind: 'moving', at, to, how } }));
}

const leavingFor = (
  s: SchedulerState,
  d: Pick<DataByType['lifeboat.migration.started'], 'incident' | 'vm' | 'from'>,
): Leaving | undefined => {
  const drain = drainOf(s, d.incident);
  const leaving = drain?.vms[d.vm];
  return leaving === undefined || isOver(leaving) ? undefined : leaving;
};

export function vmMigrated(s: SchedulerState, d: DataByType['lifeboat.vm.migrated'], at: Instant): Step {
  const known = s.migrating.get(d.vm);
  const followed = inReport(s, d);
  const next = { ...followed, migrating: known?.incident === d.incident ? s.migrating.delete(d.vm) : s.migrating };
  const leaving = leavingFor(s, d);
  if (leaving === undefined) return stay(next);
  const how: MigrationWay | null = d.how ?? null;
  const stopped = d.status === 'SHUTOFF' && leaving.status !== 'SHUTOFF';
  const failed = d.status === 'ERROR';
  const wrong = stopped ? `Nova has it on ${d.to}, but stopped; it ran before` : failed ? inError(d, known?.seenOn) : null;
  const moved = {
    kind: 'moved',
    to: d.to,
    how,
    tookMs: d.tookMs,
    reason: wrong ?? (how === null ? 'somebody else moved it' : ''),
  } as const;
  return andThen(endOne(next, d.from, leaving, moved, failed ? 'in-error' : stopped, at), (n) => advanceDrain(n, d.from, at));
}

/** An incident that is still open had brought it to the host that it leaves now: its report says where it is by then. */
function inReport(s: SchedulerState, d: DataByType['lifeboat.vm.migrated']): SchedulerState {
  const r = s.vms.get(d.vm);
  const brought = r?.stage.kind === 'settled' && (r.stage.outcome === 'stopped' || r.stage.outcome === 'running');
  return brought && r.stage.host === d.from ? putVm(s, { ...r, stage: { ...r.stage, host: d.to } }) : s;
}

/** Its guest may run and answer all the same: a reboot would be one too many, and a state set right by hand may hide a dead network. */
const inError = (d: DataByType['lifeboat.vm.migrated'], seenOn: HostId | null | undefined): string =>
  `Nova has it on ${d.to} in error${d.fault === undefined ? '' : ` (${d.fault.slice(0, 200)})`}; ${
    seenOn === d.to ? 'its guest runs there, by its agent' : 'nobody has seen its guest there yet'
  }: if it answers, openstack server set --state active ${d.vm}; if not, openstack server reboot --hard ${d.vm}`;

/** Of a VM whose host has failed meanwhile: it had gone over already, so it is where it went. */
export function migratedInTime(s: SchedulerState, d: DataByType['lifeboat.vm.migrated'], at: Instant): Step {
  const r = s.vms.get(d.vm);
  if (r === undefined || r.from !== d.from || (r.stage.kind !== 'unplaced' && r.stage.kind !== 'planned')) return stay(s);
  return arrived(s, { ...r, seenOn: s.migrating.get(d.vm)?.seenOn ?? r.seenOn }, d.to, d.status, at);
}

export function migrationFailed(s: SchedulerState, d: DataByType['lifeboat.migration.failed'], at: Instant): Step {
  // one that was given up undecided may still be at either end
  const undecided = isUndecided(d);
  const known = s.migrating.get(d.vm);
  const next = known?.incident !== d.incident || undecided ? s : { ...s, migrating: s.migrating.delete(d.vm) };
  const leaving = leavingFor(s, d);
  const drain = drainOf(s, d.incident);
  if (leaving === undefined || drain === undefined) return stay(next);
  return andThen(afterFailure(next, drain, leaving, d, at), (n) => advanceDrain(n, d.from, at));
}

const isUndecided = (d: DataByType['lifeboat.migration.failed']): boolean => d.then === 'never' && d.code === 'CLOUD_TIMEOUT';

function afterFailure(s: SchedulerState, drain: Drain, v: Leaving, d: DataByType['lifeboat.migration.failed'], at: Instant): Step {
  const reason = `${d.code}: ${d.reason}`;
  if (d.then === 'gone') return endOne(s, drain.host, v, { kind: 'gone' }, false, at);
  // where its guest runs is not known: somebody must look, also when the drain was ended meanwhile
  if (isUndecided(d)) return endOne(s, drain.host, v, { kind: 'left', reason }, true, at);
  if (d.then === 'ended' || drain.stage === 'stopping') return endOne(s, drain.host, v, { kind: 'left', reason: d.reason }, false, at);
  if (d.then === 'never') return endOne(s, drain.host, v, { kind: 'left', reason }, true, at);
  if (v.orders >= ORDERS_MOST)
    return endOne(s, drain.host, v, { kind: 'left', reason: `given up after ${v.orders} orders; the last: ${reason}` }, true, at);
  return stay(putLeaving(s, drain.host, { ...v, placement: null, stage: { kind: 'unplaced', because: reason.slice(0, 500) } }));
}

/** A VM's end in a drain. `item`: a person is to look at it; 'in-error': at what Nova says of it, whether it runs or not. */
export function endOne(
  s: SchedulerState,
  host: HostId,
  v: Leaving,
  stage: Leaving['stage'],
  item: boolean | 'in-error',
  at: Instant,
): Step {
  const next = putLeaving(s, host, { ...v, stage });
  const drain = s.drains.get(host);
  if (!item || drain === undefined) return stay(next);
  const { incident } = drain;
  const reason = ('reason' in stage ? stage.reason : '').slice(0, 500);
  const what = { vm: v.vm, ...named(v.name), incident, host, reason };
  const open = { ...what, since: at, startOnReturn: false, remindAt: after(at, FIRST_REMINDER_MS), reminders: 0 };
  return decided(
    { ...next, items: next.items.set(v.vm, { ...open, drained: true, ...(item === 'in-error' ? { inError: true } : {}) }) },
    tell({ type: 'lifeboat.vm.unevacuable', data: { ...what, drained: true, actions: ['dismiss'], at } }),
  );
}

/** The report: each VM where, how and in what time. */
export function closeDrain(
  s: SchedulerState,
  d: Drain,
  outcome: DataByType['lifeboat.drain.closed']['outcome'],
  reason: string,
  at: Instant,
): Step {
  const { incident, host, disabled, by, openedAt } = d;
  const drained = disabled ? s.drained.set(host, { incident, at }) : s.drained;
  return decided(
    { ...s, drains: s.drains.delete(host), drained, closed: s.closed.set(incident, at) },
    tell({
      type: 'lifeboat.drain.closed',
      data: {
        ...{ incident, host, outcome, disabled, whole: d.only === null, by, openedAt, at },
        ...(reason === '' ? {} : { reason: reason.slice(0, 500) }),
        vms: leavingOf(d).map((v) => line(v, host)),
      },
    }),
  );
}

function line({ vm, name, stage }: Leaving, host: HostId): DataByType['lifeboat.drain.closed']['vms'][number] {
  switch (stage.kind) {
    case 'moved': {
      const { to, how, tookMs, reason } = stage;
      return { vm, name, outcome: 'moved', host: to, ...(how === null ? {} : { how }), tookMs, ...(reason === '' ? {} : { reason }) };
    }
    case 'gone':
      return { vm, name, outcome: 'gone' };
    case 'left':
      return { vm, name, outcome: 'left', host, reason: stage.reason.slice(0, 500) };
    default:
      return { vm, name, outcome: 'left', host, reason: 'it had not left when the drain was closed' };
  }
}

/** An agent has said where the guest of a VM on its way runs. */
export function sawMigrating(s: SchedulerState, host: HostId, reports: readonly VmReport[]): SchedulerState {
  let { migrating } = s;
  if (migrating.size === 0) return s;
  for (const r of reports) {
    const m = migrating.get(r.vm);
    if (m !== undefined && m.from !== host && r.state === 'running') migrating = migrating.set(r.vm, { ...m, seenOn: host });
  }
  return migrating === s.migrating ? s : { ...s, migrating };
}
