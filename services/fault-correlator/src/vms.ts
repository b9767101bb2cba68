import { named, type VmFailure, type VmReport } from '@lifeboat/contracts';
import { andThen, type Decision, decided, type HostId, type Instant, incidentId, stay, type VmId } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import type { CorrelatorSettings } from './settings.ts';
import type { CorrelatorState, StorageView, VmFault } from './state.ts';

type Step = Decision<CorrelatorState, Output<never>>;

/** What a report says is wrong with a VM; null: nothing. A VM that was shut off or paused is what somebody wanted. */
const failureOf = (r: VmReport): VmFailure | null =>
  r.state === 'crashed' || r.state === 'hung' || r.state === 'io-error' ? r.state : null;

export const vmIncidentOf = (f: Pick<VmFault, 'vm' | 'since'>) => incidentId(`inc-vm-${f.vm}-${f.since}`);

/** What a host's agent says of some of its VMs. */
export function seeVms(s: CorrelatorState, settings: CorrelatorSettings, host: HostId, reports: readonly VmReport[], at: Instant): Step {
  let step: Step = stay(s);
  for (const r of reports) {
    const failure = failureOf(r);
    const known = step.state.vmFaults.get(r.vm);
    if (failure !== null) step = andThen(step, (next) => stay(seeFailed(next, settings, host, r, failure, at)));
    // What lies shut off on another host says nothing about the one it failed on.
    else if (known !== undefined && (known.host === host || r.state === 'running'))
      step = andThen(step, (next) => seeOther(next, settings, known, host, r, at));
  }
  return step;
}

/** All VMs of a host at once: what it does not name is not there any more. */
export function seeAllVms(s: CorrelatorState, settings: CorrelatorSettings, host: HostId, reports: readonly VmReport[], at: Instant): Step {
  const named = new Set<string>(reports.map((r) => r.vm));
  const gone = s.vmFaults.values().filter((f) => f.host === host && !named.has(f.vm));
  const there = seeVmsGone(
    s,
    host,
    gone.map((f) => f.vm),
  );
  return seeVms(there, settings, host, reports, at);
}

/** The scheduler has been told of a failure of this VM, and has not ended that: it waits to hear how it ends. */
const isInHand = (f: VmFault): boolean => f.toldSince !== null;

/** One that was told of is kept: it may be on its way to another host, where it is to be seen running. */
export function seeVmsGone(s: CorrelatorState, host: HostId, gone: readonly VmId[]): CorrelatorState {
  let { vmFaults } = s;
  for (const vm of gone) {
    const f = vmFaults.get(vm);
    if (f?.host === host) vmFaults = isInHand(f) ? vmFaults.set(vm, { ...f, still: false }) : vmFaults.delete(vm);
  }
  return { ...s, vmFaults };
}

function seeFailed(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  host: HostId,
  r: VmReport,
  failure: VmFailure,
  at: Instant,
): CorrelatorState {
  const known = s.vmFaults.get(r.vm);
  if (known !== undefined && known.host === host && known.failure === failure && known.since === r.since && known.still) return s;
  const fault: VmFault = {
    vm: r.vm,
    ...named(r.name),
    host,
    failure,
    reason: r.reason ?? r.state,
    since: r.since,
    seenAt: at,
    stage: 'seen',
    toldAt: at,
    toldSince: known?.toldSince ?? null,
    still: true,
    // The VM on trial whose resume failed is still the one on trial.
    trial: known?.trial === true && failure === 'io-error',
  };
  const storage =
    failure === 'io-error' ? changeStorage(s, settings, host, (v) => (v.answered?.vm === r.vm ? { ...v, answered: null } : v)) : s;
  return { ...storage, vmFaults: s.vmFaults.set(r.vm, fault) };
}

/** It runs, or somebody has shut it off or paused it. One that was paused by an I/O error and runs says that the storage answers. */
function seeOther(s: CorrelatorState, settings: CorrelatorSettings, f: VmFault, host: HostId, r: VmReport, at: Instant): Step {
  if (f.withHost === true && r.state === 'shut-off') return stay(s);
  const is = r.state === 'running' || r.state === 'paused' || r.state === 'shut-off' ? r.state : 'unknown';
  const kept = is !== 'running' && isInHand(f);
  const without = { ...s, vmFaults: kept ? s.vmFaults.set(f.vm, { ...f, still: false }) : s.vmFaults.delete(f.vm) };
  const next =
    f.failure === 'io-error' && is === 'running'
      ? changeStorage(without, settings, f.host, (v) => (v.answered === null ? { ...v, answered: { vm: f.vm, at } } : v))
      : without;
  if (f.stage === 'seen' && !isInHand(f)) return stay(next);
  const incident = vmIncidentOf({ vm: f.vm, since: f.toldSince ?? f.since });
  return decided(next, tell({ type: 'lifeboat.vm.cleared', incident, data: { incident, vm: f.vm, host, was: f.failure, is, at } }));
}

function changeStorage(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  host: HostId,
  change: (v: StorageView) => StorageView,
): CorrelatorState {
  const cluster = settings.places.get(host)?.cluster;
  const view = cluster === undefined ? undefined : s.storage.get(cluster);
  return cluster === undefined || view === undefined ? s : { ...s, storage: s.storage.set(cluster, change(view)) };
}

/** The scheduler has ended its incident without the VM: nothing more is told of it until its state changes. */
export function vmIncidentOver(s: CorrelatorState, vm: VmId): CorrelatorState {
  const fault = s.vmFaults.get(vm);
  if (fault === undefined || (fault.stage === 'seen' && !isInHand(fault))) return s;
  if (!fault.still) return { ...s, vmFaults: s.vmFaults.delete(vm) };
  // It has failed anew since: that is told by itself.
  if (fault.stage === 'seen') return { ...s, vmFaults: s.vmFaults.set(vm, { ...fault, toldSince: null }) };
  return { ...s, vmFaults: s.vmFaults.set(vm, { ...fault, stage: 'over', toldSince: null, trial: false }) };
}
