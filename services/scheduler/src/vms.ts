import { type DataByType, defaultVmFailurePolicy, named, ORDER_VALID_MS, type VmFailure, type VmFailurePolicy } from '@lifeboat/contracts';
import {
  after,
  andThen,
  type ClusterId,
  decided,
  type HostId,
  type IncidentId,
  type Instant,
  instant,
  stay,
  type VmId,
} from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime';
import type { PlaceVmEffect, PlaceVmResult } from './effects.ts';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, openIncidentOf, type SchedulerState } from './state.ts';
import type { Step } from './step.ts';
import type { VmIncident } from './vm-incident.ts';
import { count, endVm, failuresIn, putVmIncident } from './vm-incidents.ts';

/** So many more tries for a resume that may be half done, before a person must look. */
const FINISH_MOST = 6;
/** Of the failures that came while one was being mended, so many are told apart from new ones. */
const ALSO_MOST = 50;
/** Moves of one VM in one incident, or within the window of its failures, after which a person must look. */
const MOVES_MOST = 2;

export const vmPolicyOf = (settings: SchedulerSettings, cluster: ClusterId): VmFailurePolicy => ({
  ...defaultVmFailurePolicy,
  ...settings.policyOf(cluster).vmFailures,
});

/**
 * A VM has failed on a host that is well. A VM is in the hands of one incident at most: while its host has one, that has it.
 * A failure that comes while an earlier one is being mended belongs to the same incident.
 */
export function vmFailed(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.vm.failed'], at: Instant): Step {
  const known = s.vmIncidents.get(d.vm);
  if (known?.incident === d.incident || known?.also?.includes(d.incident) || s.closed.has(d.incident) || at - d.at > ORDER_VALID_MS)
    return stay(s);
  const inHand = s.vms.get(d.vm);
  // Evacuated to this very host, it fails there before it was seen running: it is mended there, and seen then.
  const arrived = inHand?.stage.kind === 'evacuated' && inHand.stage.to === d.host;
  if (openIncidentOf(s, d.host) !== undefined || (inHand !== undefined && inHand.stage.kind !== 'settled' && !arrived)) return stay(s);
  const counted = count(s, d.vm, at);
  if (known !== undefined)
    return failedAgain(counted, settings, { ...known, also: [...(known.also ?? []), d.incident].slice(-ALSO_MOST) }, d, at);
  const i: VmIncident = {
    vm: d.vm,
    ...named(d.name),
    incident: d.incident,
    host: d.host,
    cluster: d.cluster,
    failure: d.failure,
    trial: d.trial === true,
    openedAt: at,
    since: d.since,
    attempts: 0,
    failedTries: 0,
    moves: 0,
    again: false,
    stage: { kind: 'waiting', until: at },
  };
  const no = unwanted(settings, i);
  if (no !== null) return endVm(counted, i, { kind: 'left-alone', reason: no }, at);
  return next(putVmIncident(counted, i), settings, i, at);
}

/** Why the cluster does not want such a VM mended by us; null: it does. */
function unwanted(settings: SchedulerSettings, i: VmIncident): string | null {
  if (!settings.policyOf(i.cluster).highAvailability) return `high availability is off for cluster ${i.cluster}`;
  const { crashed, hung, ioError } = vmPolicyOf(settings, i.cluster);
  const does = { crashed, hung, 'io-error': ioError }[i.failure];
  return does === 'alert' ? `cluster ${i.cluster} wants only to be told of a VM that is ${words[i.failure]}` : null;
}
const words: Readonly<Record<VmFailure, string>> = { crashed: 'crashed', hung: 'hung', 'io-error': 'paused by an I/O error' };

function failedAgain(
  s: SchedulerState,
  settings: SchedulerSettings,
  known: VmIncident,
  d: DataByType['lifeboat.vm.failed'],
  at: Instant,
): Step {
  const since = instant(Math.max(d.since, known.since));
  const i = { ...known, host: d.host, failure: d.failure, trial: d.trial === true, since };
  // While the migrator has it, its answer is waited for.
  if (i.stage.kind === 'ordered') return stay(putVmIncident(s, { ...i, again: true }));
  return i.stage.kind === 'done' ? next(s, settings, i, at) : stay(putVmIncident(s, i));
}

/**
 * What is done about it next: mended in place, later and later; after too many failures (of it, or of our tries) moved to
 * another host; then left to a person. On trial it is tried for as long as it takes: nothing else is wrong with it.
 */
export function next(s: SchedulerState, settings: SchedulerSettings, i: VmIncident, at: Instant): Step {
  const policy = vmPolicyOf(settings, i.cluster);
  const tries = failuresIn(s, i.vm, at, policy.windowMs) + i.failedTries;
  const finishing = i.halfResumed === true && tries <= policy.failuresMost + FINISH_MOST;
  if (!i.trial && !finishing && tries > policy.failuresMost) return elsewhere(s, settings, i, policy, tries, at);
  const waitMs = tries <= 1 ? 0 : Math.min(policy.againFirstMs * 2 ** Math.min(tries - 2, 20), policy.againMostMs);
  const waiting: VmIncident = { ...i, again: false, stage: { kind: 'waiting', until: after(at, waitMs) } };
  return waitMs === 0 ? orderVm(s, waiting, at) : stay(putVmIncident(s, waiting));
}

function elsewhere(
  s: SchedulerState,
  settings: SchedulerSettings,
  i: VmIncident,
  policy: VmFailurePolicy,
  tries: number,
  at: Instant,
): Step {
  const giveUp = (reason: string) => endVm(s, i, { kind: 'given-up', reason: `${tries} failures of it or of our tries; ${reason}` }, at);
  const { automation } = settings.policyOf(i.cluster);
  if (policy.afterThat === 'alert') return giveUp(`cluster ${i.cluster} does not want it moved`);
  if (automation !== 'automatic') return giveUp(`in cluster ${i.cluster} (${automation}) a person decides whether it is moved`);
  if (i.moves >= MOVES_MOST) return giveUp(`it has been moved ${i.moves} times`);
  // Each time it ran again, and its incident was over: it is not its host that is to blame.
  if (failuresIn(s, i.vm, at, policy.windowMs) > policy.failuresMost + MOVES_MOST) return giveUp('it fails on other hosts, too');
  return place({ ...s }, { ...i, again: false, moves: i.moves + 1 });
}

/** Where to? The planner says, as for every VM. */
function place(s: SchedulerState, i: VmIncident): Step {
  const exclude = new Set<HostId>([i.host, ...([...s.out.keys(), ...s.drains.keys(), ...s.drained.keys()] as HostId[])]);
  for (const other of s.incidents.values()) for (const h of Object.keys(other.hosts)) exclude.add(h as HostId);
  for (const [h, a] of s.agents.entries()) if (a.is === 'lost') exclude.add(h as HostId);
  const effect: PlaceVmEffect = {
    kind: 'place-vm',
    operation: `${i.incident}/place/${i.attempts}.${i.moves}`,
    incident: i.incident,
    vm: i.vm,
    exclude: [...exclude].sort(),
  };
  return decided(putVmIncident(s, { ...i, stage: { kind: 'placing' } }), order(effect));
}

export function vmPlaced(s: SchedulerState, e: PlaceVmEffect, r: PlaceVmResult, at: Instant): Step {
  const i = s.vmIncidents.get(e.vm);
  if (i === undefined || i.incident !== e.incident || i.stage.kind !== 'placing') return stay(s);
  if (r.ok && r.to.length > 0) return orderVm(s, i, at, r.to);
  const why = r.ok ? `no other host has room for it: ${r.because}` : `OpenStack could not say where it has room: ${r.code}: ${r.detail}`;
  return endVm(s, i, { kind: 'given-up', reason: why }, at);
}

export function orderVm(s: SchedulerState, i: VmIncident, at: Instant, to?: readonly HostId[]): Step {
  const how = to !== undefined ? 'move' : i.failure === 'io-error' ? 'resume' : 'reboot';
  const ordered: VmIncident = { ...i, attempts: i.attempts + 1, again: false, stage: { kind: 'ordered', how, to: to ?? null, at } };
  return tellOrder(s, ordered, at);
}

/** Also an order that nothing was heard of for long: it is the same one, given again. */
export function tellOrder(s: SchedulerState, i: VmIncident, at: Instant): Step {
  if (i.stage.kind !== 'ordered') return stay(s);
  const { how, to } = i.stage;
  const target = to === null ? {} : { to: [...to] };
  const tried = i.triedUntil === undefined ? {} : { triedUntil: i.triedUntil };
  const data = {
    incident: i.incident,
    vm: i.vm,
    host: i.host,
    how,
    ...target,
    attempt: i.attempts,
    since: i.since,
    ...tried,
    epoch: epochOf(s),
    at,
  };
  return decided(
    putVmIncident(s, { ...i, stage: { ...i.stage, at } }),
    tell({ type: 'lifeboat.restart.requested', incident: i.incident, data }),
  );
}

/**
 * A host incident takes its VMs over: it has more to do with them than a restart. Should it be withdrawn, the failure is told
 * again, and taken up again: so it does not count as closed.
 */
export function handVmsOver(s: SchedulerState, incident: IncidentId, at: Instant): Step {
  const hosts = s.incidents.get(incident)?.hosts;
  if (hosts === undefined) return stay(s);
  let step: Step = stay(s);
  for (const i of s.vmIncidents.values())
    if (i.host in hosts)
      step = andThen(step, (now) =>
        decided(
          {
            ...now,
            vmIncidents: now.vmIncidents.delete(i.vm),
            wanted: now.wanted.set(i.vm, incident),
          },
          tell({ type: 'lifeboat.vm.handed-over', incident: i.incident, data: { incident: i.incident, vm: i.vm, to: incident, at } }),
        ),
      );
  return step;
}

/** It was running until it failed, whatever Nova has written down meanwhile: stopped is not how it must end. */
export const wasWanted = (s: SchedulerState, vm: VmId): boolean => s.wanted.has(vm);
