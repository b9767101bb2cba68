import type { DataByType, VmReport } from '@lifeboat/contracts';
import { andThen, decided, type HostId, type IncidentId, type Instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, type HostStage, type Incident, putVm, type SchedulerState, type VmOutcome, type VmRecord, vmsOf } from './state.ts';
import type { SchedulerOutput, Step } from './step.ts';

/** Steps ⑥ and ⑨: orders every planned VM of an isolated host, by restart priority. */
export function orderPlanned(s: SchedulerState, i: Incident, host: HostId, stage: HostStage, at: Instant): Step {
  if (stage.proof === null) return stay(s);
  const planned = vmsOf(s, i.incident)
    .filter((r) => r.from === host && r.stage.kind === 'planned' && r.placement !== null)
    .sort((a, b) => (a.placement?.priority ?? 0) - (b.placement?.priority ?? 0) || (a.vm < b.vm ? -1 : 1));
  if (planned.length === 0) return stay(s);
  let next = s;
  for (const r of planned) next = putVm(next, { ...r, orders: r.orders + 1, stage: { kind: 'ordered', at } });
  const confirmation = i.consent.kind === 'given' ? { confirmation: i.consent.confirmation } : {};
  return decided(
    next,
    tell({
      type: 'lifeboat.evacuation.requested',
      data: {
        incident: i.incident,
        host,
        attempt: i.surveys,
        proof: stage.proof,
        ...confirmation,
        placements: planned.flatMap((r) => (r.placement === null ? [] : [r.placement])),
        stopped: planned.filter((r) => r.status === 'SHUTOFF').map((r) => r.vm),
        epoch: epochOf(s),
        at,
      },
    }),
  );
}

export function evacuated(s: SchedulerState, d: DataByType['lifeboat.vm.evacuated'], at: Instant): Step {
  const r = s.vms.get(d.vm);
  if (r === undefined || r.incident !== d.incident || r.stage.kind === 'settled') return stay(s);
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
  if (d.then === 'never') return settle(s, r, 'unevacuable', null, reason, at);
  if (r.orders >= settings.ordersMost)
    return settle(s, r, 'unevacuable', null, `given up after ${r.orders} orders; the last: ${reason}`, at);
  return stay(putVm(s, { ...r, placement: null, stage: { kind: 'unplaced', because: reason.slice(0, 500) } }));
}

/** A VM's end. What cannot be moved becomes an item that is handled by itself (steps ④ and ⑨). */
export function settle(s: SchedulerState, r: VmRecord, outcome: VmOutcome, host: HostId | null, reason: string, at: Instant): Step {
  const next = putVm(s, { ...r, stage: { kind: 'settled', outcome, host, reason } });
  if (outcome !== 'unevacuable') return stay(next);
  const item: SchedulerOutput = tell({
    type: 'lifeboat.vm.unevacuable',
    data: {
      incident: r.incident,
      vm: r.vm,
      host: r.from,
      reason: reason.slice(0, 500),
      actions: ['retry', 'other-host', 'start-on-return', 'dismiss'],
      at,
    },
  });
  return decided(next, item);
}
