import { type DataByType, TOLD_AGAIN_MS } from '@lifeboat/contracts';
import { andThen, decided, type Instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, type SchedulerState } from './state.ts';
import type { Step } from './step.ts';
import type { VmIncident } from './vm-incident.ts';
import { endVm, putVmIncident } from './vm-incidents.ts';
import { next, orderVm, tellOrder, vmPolicyOf } from './vms.ts';

/** Nova did it. That it runs is for its host's agent to say. */
export function vmRestarted(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.vm.restarted'], at: Instant): Step {
  const i = answered(s, d);
  if (i === undefined) return stay(s);
  // Meant to be moved, it came back where it was: that was no move.
  const moves = d.how === 'move' && d.host === i.host ? i.moves - 1 : i.moves;
  const since = later(i.since, at, i.again);
  const done: VmIncident = { ...i, host: d.host, moves, since, halfResumed: false, stage: { kind: 'done', how: d.how, at } };
  return i.again ? next(s, settings, done, at) : stay(putVmIncident(s, done));
}

export function restartFailed(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.restart.failed'], at: Instant): Step {
  const i = answered(s, d);
  if (i === undefined) return stay(s);
  if (d.then === 'gone') return endVm(s, i, { kind: 'left-alone', reason: 'its owner deleted it' }, at);
  if (d.then === 'leave') return endVm(s, i, { kind: 'left-alone', reason: d.reason }, at);
  const halfResumed = d.how === 'resume' && unended.has(d.code);
  const failed = { ...i, failedTries: i.failedTries + 1, triedUntil: at, halfResumed };
  // All other VMs of its cluster wait for the one on trial: one that Nova keeps from us makes room for another.
  if (i.trial && d.code === 'CLOUD_CONFLICT' && failed.failedTries > vmPolicyOf(settings, i.cluster).failuresMost)
    return endVm(s, failed, { kind: 'given-up', reason: `tried ${failed.failedTries} times in vain: ${d.reason}` }, at);
  return next(s, settings, failed, at);
}

/** What Nova did, or will still do, is not known. */
const unended = new Set(['CLOUD_TIMEOUT', 'CLOUD_FAILED', 'CLOUD_BAD_ANSWER', 'CLOUD_UNREACHABLE', 'LEASE_LOST']);

/** Only the answer to the last order counts. */
const answered = (
  s: SchedulerState,
  d: DataByType['lifeboat.vm.restarted'] | DataByType['lifeboat.restart.failed'],
): VmIncident | undefined => {
  const i = s.vmIncidents.get(d.vm);
  return i?.incident === d.incident && i.stage.kind === 'ordered' && i.attempts === d.attempt ? i : undefined;
};

/** What was done until then has not brought it back, whoever did it; a failure that came after it names its own time. */
const later = (since: Instant, at: Instant, failedAgain: boolean): Instant => (failedAgain || since > at ? since : at);

/** By its host's agent it is not what it was. Our own order shuts it off for a moment; without one, its owner did. */
export function vmCleared(s: SchedulerState, d: DataByType['lifeboat.vm.cleared'], at: Instant): Step {
  const i = s.vmIncidents.get(d.vm);
  if (i === undefined) return stay(s);
  const inHand = i.stage.kind === 'ordered' || i.stage.kind === 'done';
  if (d.is === 'running') {
    const end = endVm(s, i, { kind: 'recovered', host: d.host }, at);
    return i.stage.kind === 'ordered' ? andThen(end, (over) => recall(over, i, 'it runs again', at)) : end;
  }
  if (inHand || d.is === 'unknown') return stay(s);
  return endVm(s, i, { kind: 'left-alone', reason: `it is ${d.is} by its owner's doing` }, at);
}

const recall = (s: SchedulerState, i: VmIncident, reason: string, at: Instant): Step =>
  decided(
    s,
    tell({
      type: 'lifeboat.restart.recalled',
      incident: i.incident,
      data: { incident: i.incident, vm: i.vm, host: i.host, reason, epoch: epochOf(s), at },
    }),
  );

export function tendVms(s: SchedulerState, settings: SchedulerSettings, at: Instant): Step {
  let step: Step = stay(forgetVms(s, at));
  for (const i of s.vmIncidents.values()) step = andThen(step, (now) => tendVm(now, settings, i, at));
  return step;
}

function tendVm(s: SchedulerState, settings: SchedulerSettings, i: VmIncident, at: Instant): Step {
  switch (i.stage.kind) {
    case 'waiting':
      // While nobody sees the VM, our last try may have brought it back: it is not tried again.
      return at >= i.stage.until && s.agents.get(i.host)?.is !== 'lost' ? orderVm(s, i, at) : stay(s);
    case 'placing':
      return stay(s);
    case 'ordered':
      return at - i.stage.at >= TOLD_AGAIN_MS ? tellOrder(s, i, at) : stay(s);
    case 'done':
      // By Nova it runs, and no agent has seen it.
      return at - i.stage.at >= settings.verifyWithinMs ? next(s, settings, { ...i, failedTries: i.failedTries + 1 }, at) : stay(s);
  }
}

/** The longest window that a policy may have. */
const REMEMBER_MS = 7 * 24 * 3_600_000;

function forgetVms(s: SchedulerState, at: Instant): SchedulerState {
  let { vmFailures, wanted } = s;
  for (const [vm, times] of s.vmFailures.entries()) if (at - (times.at(-1) ?? 0) >= REMEMBER_MS) vmFailures = vmFailures.delete(vm);
  for (const [vm, incident] of s.wanted.entries()) if (!s.incidents.has(incident)) wanted = wanted.delete(vm);
  return vmFailures === s.vmFailures && wanted === s.wanted ? s : { ...s, vmFailures, wanted };
}
