import type { EventOf, Evidence, LifeboatEvent } from '@lifeboat/contracts';
import { clusterId, type HostId, type Instant, isoTime, rackId } from '@lifeboat/kernel';
import { learn } from './decide.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import { linesOf, weigh } from './evidence.ts';
import { observerReason } from './observer.ts';
import { type CorrelatorSettings, defaultCorrelatorSettings, type HostPlace } from './settings.ts';
import { type CorrelatorState, initialState, viewOf } from './state.ts';
import { isPlanned } from './suspects.ts';

type Verdict = EventOf<
  'lifeboat.fault.diagnosed' | 'lifeboat.fault.held' | 'lifeboat.fault.confirmed' | 'lifeboat.fault.cleared' | 'lifeboat.host.quarantined'
>;
const verdicts = new Set<string>([
  'lifeboat.fault.diagnosed',
  'lifeboat.fault.held',
  'lifeboat.fault.confirmed',
  'lifeboat.fault.cleared',
  'lifeboat.host.quarantined',
]);
const TOLD = 8;

/** Without a topology: everybody who was heard of, as if in one rack. */
export function settingsFrom(events: readonly LifeboatEvent[]): CorrelatorSettings {
  const place = (host: HostId): HostPlace => ({
    host,
    cluster: clusterId('unknown'),
    rack: rackId('unknown'),
    maintenance: false,
    onAgentFailure: 'alert',
    onProductionNetworkFailure: 'alert',
  });
  const hosts = events.flatMap((e) => ('host' in e.data && typeof e.data.host === 'string' ? [e.data.host as HostId] : []));
  return {
    ...defaultCorrelatorSettings,
    places: new Map(hosts.map((h) => [h, place(h)])),
    brake: { clusterShare: 1, regionShare: 1, hosts: 1 },
  };
}

/** What is known of a host at `at`, by the events alone: each piece of evidence with its age, and the row that fits or what is missing. */
export function explainHost(events: readonly LifeboatEvent[], settings: CorrelatorSettings, host: HostId, at: Instant): string[] {
  const heard = inOrder(events).filter((e) => e.time <= at);
  let s: CorrelatorState = initialState;
  for (const e of heard) s = learn(s, settings, e, e.time).state;
  const place = settings.places.get(host);
  const lines = linesOf(s, settings, host, at);
  if (place === undefined || lines.length === 0)
    return [`${host}: nothing was ever heard of it${place === undefined ? '; the topology does not name it' : ''}`];
  const seen = weigh(s, settings, host, at);
  const counts: Readonly<Record<string, string>> = seen as never;
  const told = heard.filter((e): e is Verdict => verdicts.has(e.type) && concerns(e as Verdict, host)).slice(-TOLD);
  const distrust = observerReason({ ...s, started: s.started.set('at', 0 as Instant) }, settings, at);
  return [
    `${host}, as of ${isoTime(at)}`,
    ...lines.map((l) => evidenceLine(l, counts[l.signal] === 'unknown' ? ': too old, counts as unknown' : '')),
    `  observer: ${distrust === null ? 'sound, its last round is fresh' : `not to be trusted: ${distrust}`}`,
    ...selfIsolation(s, place, at),
    `  by the table: ${rowOf(diagnose(seen, true))}${isPlanned(s, place) ? '; planned work: not a fault' : ''}`,
    ...(told.length === 0
      ? ['  no verdict was told about it']
      : ['  told about it:', ...told.map((e) => `    ${isoTime(e.time)}  ${verdictLine(e)}`)]),
  ];
}

/** Only after its time and a margin as long again, and only said: nobody has read it back. */
function selfIsolation(s: CorrelatorState, place: HostPlace, at: Instant): string[] {
  const { agent } = viewOf(s, place.host);
  const afterMs = place.selfIsolationMs ?? 0;
  if (afterMs === 0 || agent?.is !== 'lost') return [];
  const dueMs = at - agent.at - 2 * afterMs;
  return [
    dueMs >= 0
      ? `  self-isolation: its agent should have ended its VMs at least ${seconds(dueMs)} ago, if it was all alone; no proof of death`
      : `  self-isolation: not to be counted on for another ${seconds(-dueMs)}`,
  ];
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
export const evidenceLine = (l: Evidence, note: string): string =>
  `  ${l.signal.padEnd(11)} ${l.is.padEnd(12)} ${seconds(l.ageMs).padStart(10)} ago  by ${l.observer}${note}`;

const rowOf = (d: Diagnosis): string =>
  d.kind === 'well'
    ? 'nothing is wrong with it'
    : d.kind === 'undecided'
      ? `no row fits: what is missing is ${d.missing}`
      : `${d.rule} -> ${d.verdict}${d.failed ? ' (to be isolated and evacuated, if the brake and the observer allow)' : ''}`;

const concerns = (e: Verdict, host: HostId): boolean => ('hosts' in e.data ? e.data.hosts.includes(host) : e.data.host === host);

function verdictLine(e: Verdict): string {
  switch (e.type) {
    case 'lifeboat.fault.diagnosed':
      return `${e.data.verdict} (${e.data.rule}): ${e.data.action}`;
    case 'lifeboat.fault.held':
      return `held: ${e.data.reason}`;
    case 'lifeboat.fault.confirmed':
      return `${e.data.verdict}, ${e.data.incident}: ${e.data.rule}`;
    case 'lifeboat.fault.cleared':
      return `well again (was: ${e.data.was})`;
    case 'lifeboat.host.quarantined':
      return `failed ${e.data.failures} times lately: held out until it has been well for ${seconds(e.data.healthyMs)}`;
  }
}

export const inOrder = (events: readonly LifeboatEvent[]): LifeboatEvent[] =>
  [...events].sort((a, b) => a.time - b.time || (a.source < b.source ? -1 : a.source > b.source ? 1 : a.sequence - b.sequence));
