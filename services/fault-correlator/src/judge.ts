import type { Evidence, NewEvent, Verdict } from '@lifeboat/contracts';
import {
  andThen,
  type Decision,
  decided,
  type HostId,
  type IncidentId,
  type Instant,
  incidentId,
  type RackId,
  stay,
} from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import { brakeReason } from './brake.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import { type Seen, weigh } from './evidence.ts';
import type { CorrelatorSettings, HostPlace } from './settings.ts';
import { type CorrelatorState, type Standing, viewOf } from './state.ts';

type Step = Decision<CorrelatorState, Output<never>>;

interface Suspect {
  readonly host: HostId;
  readonly place: HostPlace;
  readonly standing: Standing;
  readonly seen: Seen;
  readonly diagnosis: Diagnosis;
}

/** Judges every host that is not well. Called after each input and at each tick: time alone can decide, too. */
export function judgeSuspects(s: CorrelatorState, settings: CorrelatorSettings, now: Instant): Step {
  const suspects = s.standings.entries().flatMap(([host, standing]): Suspect[] => {
    const place = settings.places.get(host as HostId);
    if (place === undefined) return [];
    const seen = weigh(s, settings, host as HostId, now);
    const powerIsAwaited = now - standing.since < settings.powerWaitMs;
    return [{ host: host as HostId, place, standing, seen, diagnosis: diagnose(seen, powerIsAwaited) }];
  });
  if (suspects.length === 0) return stay(s);
  const racks = failedRacks(s, settings, suspects, now);
  let step: Step = stay(s);
  for (const rack of racks) step = andThen(step, (next) => confirmRack(next, settings, rack, suspects, now));
  for (const one of suspects) {
    if (racks.has(one.place.rack) && one.standing.kind !== 'confirmed') continue;
    step = andThen(step, (next) => judgeOne(next, settings, one, now));
  }
  return step;
}

function judgeOne(s: CorrelatorState, settings: CorrelatorSettings, one: Suspect, now: Instant): Step {
  const { standing, diagnosis, place } = one;
  if (diagnosis.kind === 'well') return clear(s, one, now);
  if (standing.kind === 'confirmed') return notBackYet(s, one);
  if (place.maintenance || one.seen.compute === 'disabled') return stay(s); // planned work is not a fault
  if (diagnosis.kind === 'undecided') return stay(s);
  const failed = diagnosis.failed || treatedAsFailure(s, one);
  if (!failed) return diagnoseOnly(s, settings, one, diagnosis, now);
  const distrust = observerReason(s, settings, now);
  if (distrust !== null) return hold(s, one, diagnosis, `the observer cannot be trusted: ${distrust}`, now);
  if (one.seen.power === 'unreachable' && rackMayBeFailing(s, settings, one, now)) return stay(s);
  const brake = brakeReason(s, settings, one.host);
  if (brake !== null) return hold(s, one, diagnosis, brake, now);
  return confirm(s, diagnosis, [one], false, now);
}

/** The cluster's policy may take an agent that cannot be restarted, or a host off the production network, for failed. */
function treatedAsFailure(s: CorrelatorState, { diagnosis, place, host }: Suspect): boolean {
  if (diagnosis.kind !== 'judged') return false;
  if (diagnosis.verdict === 'agent failure')
    return place.onAgentFailure === 'treat-as-host-failure' && (viewOf(s, host).restarts?.failed ?? 0) >= 3;
  return diagnosis.verdict === 'production network failure' && place.onProductionNetworkFailure === 'isolate-and-evacuate';
}

/** A verdict needs a whole round by a sound observer, seen after we started. */
function observerReason(s: CorrelatorState, settings: CorrelatorSettings, now: Instant): string | null {
  const last = s.rounds.get('last');
  if (last === undefined || last.at < (s.started.get('at') ?? now)) return 'no full round has been seen yet';
  if (now - last.at > settings.evidenceMaxAgeMs) return `its last round is ${Math.round((now - last.at) / 1000)} s old`;
  return last.observer === 'cut-off' ? last.reason || 'it is cut off' : null;
}

function clear(s: CorrelatorState, one: Suspect, now: Instant): Step {
  const { standing, host } = one;
  if (one.seen.agent !== 'ok') return stay(s);
  const forgotten = { ...s, standings: s.standings.delete(host) };
  if (standing.kind === 'suspected' || standing.kind === 'held') return stay(forgotten);
  if (standing.kind === 'diagnosed') return decided(forgotten, cleared(one, standing.verdict, false, now));
  // An open incident keeps its host, so that no second one opens for it; the scheduler is told that it came back.
  const next = standing.closed ? forgotten : { ...s, standings: s.standings.set(host, { ...standing, returned: true }) };
  const restarted = viewOf(s, host).agent?.bootId !== standing.bootId;
  return standing.returned ? stay(next) : decided(next, cleared(one, standing.verdict, restarted, now, standing.incident));
}

const cleared = (one: Suspect, was: Verdict, restarted: boolean, now: Instant, incident?: IncidentId): Output<never> =>
  tell({
    type: 'lifeboat.fault.cleared',
    data: { host: one.host, was, restarted, at: now, ...(incident === undefined ? {} : { incident }) },
  });

/** It had come back while its incident was open, and is gone again. */
function notBackYet(s: CorrelatorState, { host, standing }: Suspect): Step {
  if (standing.kind !== 'confirmed' || !standing.returned) return stay(s);
  return stay({ ...s, standings: s.standings.set(host, { ...standing, returned: false }) });
}

function diagnoseOnly(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  one: Suspect,
  d: Diagnosis & { kind: 'judged' },
  now: Instant,
): Step {
  const { standing, host } = one;
  if (standing.kind === 'diagnosed' && standing.verdict === d.verdict) return stay(s);
  if (standing.kind === 'suspected' && now - standing.since < settings.diagnoseAfterMs) return stay(s);
  const action = d.verdict === 'agent failure' ? 'the agent is restarted; nothing is evacuated' : 'alert; nothing is evacuated';
  return decided(
    { ...s, standings: s.standings.set(host, { kind: 'diagnosed', since: standing.since, verdict: d.verdict, rule: d.rule }) },
    tell({
      type: 'lifeboat.fault.diagnosed',
      data: { verdict: d.verdict, rule: d.rule, hosts: [host], evidence: [...one.seen.lines], at: now, action },
    }),
  );
}

function hold(s: CorrelatorState, one: Suspect, d: Diagnosis & { kind: 'judged' }, reason: string, now: Instant): Step {
  const { standing, host } = one;
  const next = { ...s, standings: s.standings.set(host, { kind: 'held', since: standing.since, verdict: d.verdict, reason }) };
  if (standing.kind === 'held') return stay(standing.reason === reason ? s : next);
  return decided(
    next,
    tell({
      type: 'lifeboat.fault.held',
      data: { verdict: 'observer failure', rule: d.rule, hosts: [host], evidence: [...one.seen.lines], at: now, reason },
    }),
  );
}

function confirm(
  s: CorrelatorState,
  d: { verdict: Verdict; rule: string },
  failed: readonly Suspect[],
  rackRule: boolean,
  now: Instant,
): Step {
  const first = failed[0] as Suspect;
  const suspectedAt = Math.min(...failed.map((f) => f.standing.since)) as Instant;
  const incident = incidentId(`inc-${rackRule ? `rack-${first.place.rack}` : first.host}-${suspectedAt}`);
  let { standings } = s;
  for (const { host } of failed) {
    const bootId = viewOf(s, host).agent?.bootId ?? '';
    standings = standings.set(host, {
      kind: 'confirmed',
      since: now,
      verdict: d.verdict,
      incident,
      bootId,
      closed: false,
      returned: false,
    });
  }
  const event: NewEvent = {
    type: 'lifeboat.fault.confirmed',
    incident,
    data: {
      incident,
      verdict: d.verdict,
      rule: d.rule,
      hosts: failed.map((f) => f.host),
      evidence: failed.flatMap((f): Evidence[] => [...f.seen.lines]),
      clusters: [...new Set(failed.map((f) => f.place.cluster))].sort(),
      racks: [...new Set(failed.map((f) => f.place.rack))].sort(),
      suspectedAt,
      rackRule,
      at: now,
    },
  };
  return decided({ ...s, standings }, tell(event));
}

const hostsOfRack = (settings: CorrelatorSettings, rack: RackId): HostPlace[] =>
  [...settings.places.values()].filter((p) => p.rack === rack);

/**
 * Its fence device is silent, as in a rack without power: wait for the rest of the rack to show the same, as long as none of
 * its hosts has been well all the while.
 */
function rackMayBeFailing(s: CorrelatorState, settings: CorrelatorSettings, one: Suspect, now: Instant): boolean {
  const others = hostsOfRack(settings, one.place.rack).filter((p) => p.host !== one.host);
  if (others.length === 0) return false;
  const waitedMs = now - one.standing.since;
  const allSuspected = others.every((p) => s.standings.has(p.host));
  return waitedMs < (allSuspected ? settings.powerWaitMs : settings.rackSettleMs);
}

/**
 * Rack rule: every host of the rack is unreachable on both networks, every fence device of the rack is silent, and the same
 * observer saw another rack's hosts alive in the same round. Unknown is not unreachable: a rack's management switch silences
 * its hosts' management addresses, agents and fence devices alike, and only peers tell that from a rack without power.
 * A rack of one host proves nothing by it.
 */
function failedRacks(s: CorrelatorState, settings: CorrelatorSettings, suspects: readonly Suspect[], now: Instant): Set<RackId> {
  const found = new Set<RackId>();
  if (observerReason(s, settings, now) !== null) return found;
  const byHost = new Map(suspects.map((x) => [x.host, x]));
  const round = s.rounds.get('last');
  for (const rack of new Set(suspects.map((x) => x.place.rack))) {
    const hosts = hostsOfRack(settings, rack);
    const members = hosts.map((p) => byHost.get(p.host));
    const allGone = members.every(
      (m) =>
        m !== undefined &&
        m.seen.agent === 'lost' &&
        m.seen.management === 'dead' &&
        m.seen.production === 'dead' &&
        m.seen.power === 'unreachable' &&
        !m.place.maintenance &&
        m.standing.kind !== 'confirmed',
    );
    const elsewhereAlive = Object.entries(round?.aliveByRack ?? {}).some(([other, alive]) => other !== rack && alive > 0);
    if (hosts.length >= 2 && allGone && elsewhereAlive) found.add(rack);
  }
  return found;
}

function confirmRack(s: CorrelatorState, settings: CorrelatorSettings, rack: RackId, suspects: readonly Suspect[], now: Instant): Step {
  const members = suspects.filter((x) => x.place.rack === rack);
  const rule = `all ${hostsOfRack(settings, rack).length} hosts of the rack: agents lost, management dead, production dead, fence devices silent; other racks alive in the same round`;
  return confirm(s, { verdict: 'rack power failure', rule }, members, true, now);
}
