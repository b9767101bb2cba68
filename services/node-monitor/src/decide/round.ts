import type { Signals } from '@lifeboat/contracts';
import type { Decision, Instant, RackId } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime/shell/service';
import type { MonitorSettings, WatchedHost } from '../settings.ts';
import { documentOf, type HostDocument, type MonitorState, withDocument } from '../state.ts';
import { lookAtCompute, type MonitorOutput, type Round } from './effects.ts';
import { lookAtIdentities } from './identity.ts';
import { considerRestart, isUnderway } from './restarts.ts';
import { deepLooks, isLookDue, observed, reconsider } from './suspicion.ts';

type Step = Decision<MonitorState, MonitorOutput>;
interface Seen {
  readonly round: Round;
  /** Why, by host. */
  readonly silent: ReadonlyMap<string, string>;
  readonly unseen: ReadonlySet<string>;
}

const REPLAYED_MS = 10_000;

/** A round over the management network: who answered, what changed, whom to look at closely, what to tell. */
export function seeRound(s: MonitorState, settings: MonitorSettings, r: Round, at: Instant): Step {
  const silent = new Map<string, string>(r.silent.map((x) => [x.host, x.detail]));
  const seen: Seen = { round: r, silent, unseen: new Set<string>(r.unseen) };
  const unfit = r.unfit ?? nobodyAnswers(settings, silent.size);
  if (unfit !== null) return roundTold(s, settings, seen, unfit, true, at);

  let state = withoutStrangers(s, settings);
  const outputs: MonitorOutput[] = [];
  let busy: number | null = null;
  let noteworthy = false;
  let suspicion = false;
  for (const host of settings.hosts.values()) {
    const before = state.hosts.get(host.host);
    // Nearly all hosts, nearly always: nothing to do, nothing to store.
    if (
      before !== undefined &&
      before.suspect === null &&
      before.misses === 0 &&
      !silent.has(host.host) &&
      before.signals.management?.is === 'alive'
    )
      continue;
    busy ??= restartsUnderway(s, settings);
    const step = hostInRound(state, settings, host, seen, busy < settings.restart.atOnce, at);
    if (before === undefined || !isUnderway(before)) busy += isUnderway(step.state) ? 1 : 0;
    noteworthy ||= step.outputs.length > 0;
    suspicion ||= step.state.suspect !== null;
    state = withDocument(state, host.host, step.state);
    outputs.push(...step.outputs);
  }
  const compute = askNova(state, settings, suspicion, at);
  const identities = lookAtIdentities(compute.state, settings, at);
  const told = roundTold(identities.state, settings, seen, null, noteworthy, at);
  return { state: told.state, outputs: [...outputs, ...compute.outputs, ...identities.outputs, ...told.outputs] };
}

/** Counted only in rounds in which somebody is not well. */
const restartsUnderway = (s: MonitorState, settings: MonitorSettings): number =>
  [...settings.hosts.keys()].filter((h) => isUnderway(documentOf(s, h))).length;

function hostInRound(
  s: MonitorState,
  settings: MonitorSettings,
  host: WatchedHost,
  seen: Seen,
  mayRestart: boolean,
  at: Instant,
): Decision<HostDocument, MonitorOutput> {
  const before = documentOf(s, host.host);
  const { startedAt } = seen.round;
  // Seen on standby: what the leader before us has seen since counts more. (Much older: the clock was set back.)
  const olderMs = (before.missedAt ?? before.signals.management?.at ?? startedAt) - startedAt;
  if (olderMs > 0 && olderMs < REPLAYED_MS) return { state: before, outputs: [] };
  const silence = seen.silent.get(host.host);
  const asked = !seen.unseen.has(host.host);
  const again = before.missedAt !== undefined && startedAt - before.missedAt < settings.missesApartMs;
  const misses = !asked ? before.misses : silence === undefined ? 0 : again ? before.misses : before.misses + 1;
  const is = !asked ? null : silence === undefined ? 'alive' : misses >= settings.missesBeforeDead ? 'dead' : null;
  const changed = is !== null && before.signals.management?.is !== is;
  // Between the first silence and the verdict, and where we could not ask, the last answer just gets older.
  const detail = silence === undefined || silence === '' ? {} : { detail: silence.slice(0, 300) };
  const signals: Signals = is === null ? before.signals : { ...before.signals, management: { is, at: seen.round.startedAt, ...detail } };
  const { missedAt: last, ...rest } = before;
  const back = is === 'alive' && before.signals.management?.is === 'dead' ? { backAt: at } : {};
  const missedAt = !asked || (again && silence !== undefined) ? last : silence === undefined ? undefined : startedAt;
  let d = reconsider(s, { ...rest, ...back, misses, signals, ...(missedAt === undefined ? {} : { missedAt }) }, host, changed, at);
  if (d.suspect === null) return { state: d, outputs: changed ? [observed(host, d, at)] : [] };

  const outputs: MonitorOutput[] = [];
  if (isLookDue(d, settings, at)) {
    d = { ...d, suspect: { ...d.suspect, lookedAt: at } };
    outputs.push(observed(host, d, at), ...deepLooks(s, host));
  }
  const restart = considerRestart(d, host.host, settings, mayRestart, at);
  return { state: restart.state, outputs: [...outputs, ...restart.outputs] };
}

/** In a region of several racks, that not one host answers says more about us than about them. */
const nobodyAnswers = (settings: MonitorSettings, silent: number): string | null => {
  if (silent < settings.hosts.size || settings.hosts.size < 2) return null;
  const racks = new Set([...settings.hosts.values()].map((h) => h.rack)).size;
  return racks < 2 ? null : `none of ${settings.hosts.size} hosts in ${racks} racks answered`;
};

/** Hosts that the topology no longer names are forgotten. */
function withoutStrangers(s: MonitorState, settings: MonitorSettings): MonitorState {
  if (s.hosts.size <= settings.hosts.size) return s;
  const known: ReadonlyMap<string, WatchedHost> = settings.hosts;
  return { ...s, hosts: s.hosts.keys().reduce((t, h) => (known.has(h) ? t : t.delete(h)), s.hosts) };
}

/** One call for all hosts, every few seconds; oftener while somebody is under suspicion. */
export function askNova(s: MonitorState, settings: MonitorSettings, suspicion: boolean, at: Instant): Step {
  const asked = s.looks.get('asked')?.at;
  if (asked !== undefined && at - asked < (suspicion ? settings.computeEverySuspectMs : settings.computeEveryMs))
    return { state: s, outputs: [] };
  return { state: { ...s, looks: s.looks.set('asked', { at, observer: 'sound' }) }, outputs: [order(lookAtCompute)] };
}

function roundTold(s: MonitorState, settings: MonitorSettings, seen: Seen, unfit: string | null, noteworthy: boolean, at: Instant): Step {
  const observer = unfit === null ? 'sound' : 'cut-off';
  const last = s.looks.get('round');
  if (!noteworthy && last !== undefined && last.observer === observer && at - last.at < settings.roundEveryMs)
    return { state: s, outputs: [] };
  const racks = new Map<RackId, { alive: number; dead: number }>();
  for (const { host, rack } of settings.hosts.values()) {
    if (seen.unseen.has(host)) continue;
    const count = racks.get(rack) ?? { alive: 0, dead: 0 };
    racks.set(rack, seen.silent.has(host) ? { ...count, dead: count.dead + 1 } : { ...count, alive: count.alive + 1 });
  }
  const data = {
    round: seen.round.round,
    observer,
    ...(unfit === null ? {} : { reason: unfit.slice(0, 300) }),
    racks: [...racks].map(([rack, count]) => ({ rack, ...count })).sort((a, b) => (a.rack < b.rack ? -1 : 1)),
    startedAt: seen.round.startedAt,
    at,
  } as const;
  return { state: { ...s, looks: s.looks.set('round', { at, observer }) }, outputs: [tell({ type: 'lifeboat.round.completed', data })] };
}
