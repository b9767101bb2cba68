import { type Evidence, named, type VmFailure } from '@lifeboat/contracts';
import { andThen, type ClusterId, type Decision, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import { weigh } from './evidence.ts';
import type { CorrelatorSettings, HostPlace } from './settings.ts';
import { type CorrelatorState, type VmFault, viewOf } from './state.ts';
import { vmIncidentOf } from './vms.ts';

type Step = Decision<CorrelatorState, Output<never>>;

/** Sooner than a host's verdict: who has just been evacuated may fail before the scheduler lets go of it. */
const VM_TOLD_AGAIN_MS = 60_000;

/**
 * The last row of the diagnosis table: one VM crashed, hung, or paused by an I/O error. Only on a host that is well: else
 * the host's own row has the VM. Called after each input and at each tick.
 */
export function judgeVms(s: CorrelatorState, settings: CorrelatorSettings, now: Instant): Step {
  if (s.vmFaults.size === 0 && s.storage.size === 0) return stay(s);
  let step = judgeStorage(s, settings, now);
  for (const fault of s.vmFaults.values()) step = andThen(step, (next) => judgeVm(next, settings, fault, now));
  return step;
}

function judgeVm(s: CorrelatorState, settings: CorrelatorSettings, fault: VmFault, now: Instant): Step {
  const place = settings.places.get(fault.host);
  if (fault.withHost === true && !mayStartThere(s, fault.host)) return stay(s);
  if (place === undefined || !fault.still || !isDue(settings, fault, now) || !hostIsWell(s, settings, place, now)) return stay(s);
  if (fault.failure !== 'io-error' || !isHeld(s, place.cluster)) return told(s, settings, fault, place, false, now);
  // One that was paused runs: whether it goes on running decides for all.
  if (s.storage.get(place.cluster)?.answered !== null) return stay(s);
  const onTrial = s.vmFaults.values().find((f) => isOnTrial(s, settings, f, place.cluster, now));
  return onTrial === undefined || onTrial.vm === fault.vm ? told(s, settings, fault, place, true, now) : stay(s);
}

/** One whose host has failed meanwhile, or that is gone, says nothing of the storage any more: then another one is tried. */
function isOnTrial(s: CorrelatorState, settings: CorrelatorSettings, f: VmFault, cluster: ClusterId, now: Instant): boolean {
  const place = settings.places.get(f.host);
  return f.trial && f.still && place?.cluster === cluster && hostIsWell(s, settings, place, now);
}

/** Told after it has lasted for a moment, and again as long as nobody has dealt with it. */
const isDue = (settings: CorrelatorSettings, f: VmFault, now: Instant): boolean =>
  f.stage === 'seen'
    ? now - f.seenAt >= (f.withHost === true ? settings.restartSettleMs : settings.vmSettleMs[f.failure])
    : f.stage === 'told' && now - f.toldAt >= VM_TOLD_AGAIN_MS;

/** Its agent speaks, and nothing but its networks is under suspicion. Planned work is not a fault. */
function hostIsWell(s: CorrelatorState, settings: CorrelatorSettings, place: HostPlace, now: Instant): boolean {
  const standing = s.standings.get(place.host);
  if (place.maintenance || (standing !== undefined && standing.kind !== 'diagnosed')) return false;
  const seen = weigh(s, settings, place.host, now);
  return seen.agent === 'ok' && seen.compute !== 'disabled';
}

/** A host that starts has its agent before its nova-compute: until Nova calls that up, nothing can be started there. */
const mayStartThere = (s: CorrelatorState, host: HostId): boolean => {
  const is = viewOf(s, host).signals.compute?.is;
  return is !== 'down' && is !== 'forced-down';
};

const isHeld = (s: CorrelatorState, cluster: ClusterId): boolean => s.storage.get(cluster)?.clearedAt === null;

function told(s: CorrelatorState, settings: CorrelatorSettings, f: VmFault, place: HostPlace, trial: boolean, now: Instant): Step {
  const incident = vmIncidentOf(f);
  const data = {
    incident,
    vm: f.vm,
    ...named(f.name),
    host: f.host,
    cluster: place.cluster,
    failure: f.failure,
    verdict: 'VM failure' as const,
    rule: trial ? onTrial : f.withHost === true ? endedWithHost : rules[f.failure],
    evidence: [evidenceOf(f, now), ...weigh(s, settings, f.host, now).lines],
    since: f.since,
    ...(trial ? { trial } : {}),
    at: now,
  };
  const next: VmFault = { ...f, stage: 'told', toldAt: now, toldSince: f.since, trial };
  return decided({ ...s, vmFaults: s.vmFaults.set(f.vm, next) }, tell({ type: 'lifeboat.vm.failed', incident, data }));
}

const rules: Readonly<Record<VmFailure, string>> = {
  crashed: 'one VM crashed: its process is gone and nobody had asked for that; its host is well',
  hung: 'one guest hung: its process runs and its guest does not answer; its host is well',
  'io-error': 'one VM paused by an I/O error; its host is well, and few other hosts show such VMs',
};
const endedWithHost = 'its host restarted by itself and is well again; it ran there before, and nobody has started it since';
const onTrial = 'VMs of many hosts are paused by I/O errors: one is tried, to see whether the storage answers again';

const evidenceOf = (f: VmFault, now: Instant): Evidence => ({
  host: f.host,
  signal: 'vm',
  is: `${f.failure} (${f.reason})`.slice(0, 60),
  ageMs: Math.max(0, now - f.seenAt),
  observer: `agent of ${f.host}`,
});

/**
 * VMs paused by I/O errors on many hosts of a cluster at once: its storage has failed, and nothing is wrong with them. They are
 * left as they are (a resume would only fail, a restart would lose what they have in memory), but for one on trial.
 */
function judgeStorage(s: CorrelatorState, settings: CorrelatorSettings, now: Instant): Step {
  const paused = new Map<ClusterId, VmFault[]>([...s.storage.keys()].map((c) => [c as ClusterId, []]));
  for (const f of s.vmFaults.values()) {
    const cluster = settings.places.get(f.host)?.cluster;
    if (f.failure === 'io-error' && cluster !== undefined) paused.set(cluster, [...(paused.get(cluster) ?? []), f]);
  }
  let step: Step = stay(s);
  for (const [cluster, faults] of paused) step = andThen(step, (next) => judgeCluster(next, settings, cluster, faults, now));
  return step;
}

function judgeCluster(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  cluster: ClusterId,
  paused: readonly VmFault[],
  now: Instant,
): Step {
  const view = s.storage.get(cluster);
  if (view?.clearedAt === null) {
    const answers = view.answered !== null && now - view.answered.at >= settings.vmSettleMs['io-error'];
    if (!answers && paused.length > 0) return stay(s);
    const rule =
      paused.length > 0
        ? 'a VM that was paused by an I/O error runs again, and goes on running'
        : 'no VM is paused by an I/O error any more';
    return decided(
      { ...s, storage: s.storage.set(cluster, { ...view, clearedAt: now }) },
      tell({ type: 'lifeboat.storage.cleared', data: { cluster, since: view.since, vms: paused.length, rule, at: now } }),
    );
  }
  if (paused.length === 0) return stay(view === undefined ? s : { ...s, storage: s.storage.delete(cluster) });
  // What was paused before the storage answered is being resumed; only what is paused since then counts.
  const clearedAt = view?.clearedAt ?? null;
  const fresh = clearedAt === null ? paused : paused.filter((f) => f.seenAt > clearedAt);
  const hosts = [...new Set<HostId>(fresh.map((f) => f.host))].sort();
  const most = settings.storageHostsOf(cluster);
  if (hosts.length < most) return stay(s);
  const rule = `VMs paused by I/O errors on ${hosts.length} hosts of the cluster at once: from ${most} hosts on that is a failure of the storage`;
  const evidence = fresh.slice(0, 40).map((f) => evidenceOf(f, now));
  return decided(
    { ...s, storage: s.storage.set(cluster, { since: now, clearedAt: null, answered: null }) },
    tell({ type: 'lifeboat.storage.suspected', data: { cluster, hosts, vms: fresh.length, rule, evidence, at: now } }),
  );
}
