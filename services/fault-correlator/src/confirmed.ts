import { type DataByType, type Evidence, TOLD_AGAIN_MS, type Verdict } from '@lifeboat/contracts';
import { andThen, type Decision, decided, type HostId, type IncidentId, type Instant, incidentId, stay } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import type { Diagnosis } from './diagnose.ts';
import type { Seen } from './evidence.ts';
import { countFailures } from './flaps.ts';
import type { CorrelatorSettings, HostPlace } from './settings.ts';
import { type Confirmed, type CorrelatorState, type Standing, viewOf } from './state.ts';

/** A host that is not well, and what is known of it now. */
export interface Suspect {
  readonly host: HostId;
  readonly place: HostPlace;
  readonly standing: Standing;
  readonly seen: Seen;
  readonly diagnosis: Diagnosis;
}
type Step = Decision<CorrelatorState, Output<never>>;

/**
 * These hosts have failed: one incident for all that have none. One that has an open incident already keeps it; that it is
 * named again, with the rack rule, is the proof for it.
 */
export function confirm(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  d: { verdict: Verdict; rule: string },
  failed: readonly Suspect[],
  rackRule: boolean,
  now: Instant,
): Step {
  const first = failed[0] as Suspect;
  const suspectedAt = Math.min(...failed.map((f) => f.standing.since)) as Instant;
  const incident = incidentId(`inc-${rackRule ? `rack-${first.place.rack}` : first.host}-${suspectedAt}`);
  const { verdict, rule } = d;
  const common = { kind: 'confirmed', since: now, verdict, rule, incident, rackRule, suspectedAt, toldAt: now } as const;
  let { standings } = s;
  const fresh = failed.filter((f) => f.standing.kind !== 'confirmed').map((f) => f.host);
  for (const { host, standing } of failed) {
    const bootId = viewOf(s, host).agent?.bootId ?? '';
    const anew: Confirmed = { ...common, bootId, opened: false, closed: false, returned: false };
    standings = standings.set(host, standing.kind === 'confirmed' ? { ...standing, rackRule } : anew);
  }
  const told = faultConfirmed(failed, { ...common, bootId: '', opened: false, closed: false, returned: false }, now);
  return andThen(decided({ ...s, standings }, told), (next) => countFailures(next, settings, fresh, incident, now));
}

export function faultConfirmed(failed: readonly Suspect[], c: Confirmed, now: Instant): Output<never> {
  return tell({
    type: 'lifeboat.fault.confirmed',
    incident: c.incident,
    data: {
      incident: c.incident,
      verdict: c.verdict,
      rule: c.rule,
      hosts: failed.map((f) => f.host),
      evidence: failed.flatMap((f): Evidence[] => [...f.seen.lines]),
      clusters: [...new Set(failed.map((f) => f.place.cluster))].sort(),
      racks: [...new Set(failed.map((f) => f.place.rack))].sort(),
      suspectedAt: c.suspectedAt,
      rackRule: c.rackRule,
      at: now,
    },
  });
}

/**
 * A confirmed fault that nobody has opened an incident for is told again, by today's evidence: the scheduler does not obey an
 * old one. The rack rule is a proof of one moment, so it is not repeated: the fence devices are asked then.
 */
export function tellAgain(s: CorrelatorState, suspects: readonly Suspect[], now: Instant): Step {
  const due = new Map<IncidentId, Suspect[]>();
  for (const one of suspects) {
    const { standing, diagnosis } = one;
    if (standing.kind !== 'confirmed' || standing.opened || standing.closed || now - standing.toldAt < TOLD_AGAIN_MS) continue;
    if (diagnosis.kind === 'judged' && diagnosis.verdict === standing.verdict)
      due.set(standing.incident, [...(due.get(standing.incident) ?? []), one]);
  }
  let step: Step = stay(s);
  for (const members of due.values()) step = andThen(step, (next) => again(next, members, now));
  return step;
}

function again(s: CorrelatorState, members: readonly Suspect[], now: Instant): Step {
  let { standings } = s;
  for (const { host, standing } of members) standings = standings.set(host, { ...(standing as Confirmed), toldAt: now });
  const [first] = members as [Suspect];
  return decided({ ...s, standings }, faultConfirmed(members, { ...(first.standing as Confirmed), rackRule: false }, now));
}

/**
 * The scheduler has it: it need not be told again. An incident that a person opened, of a host that is held or was not even
 * suspected, has that host as if we had confirmed it: no second incident is opened for it, and its proof of death is watched.
 */
export function incidentOpened(s: CorrelatorState, { incident, hosts, verdict, rule }: Opened, at: Instant): CorrelatorState {
  let { standings } = s;
  for (const [host, standing] of s.standings.entries())
    if (standing.kind === 'confirmed' && standing.incident === incident) standings = standings.set(host, { ...standing, opened: true });
  for (const host of hosts) {
    const standing = standings.get(host);
    if (standing?.kind === 'confirmed' && (!standing.closed || standing.incident === incident)) continue;
    const bootId = viewOf(s, host).agent?.bootId ?? '';
    const before = standing?.kind === 'confirmed' ? standing : { bootId, suspectedAt: standing?.since ?? at, returned: false };
    const now = {
      kind: 'confirmed',
      since: at,
      verdict,
      rule,
      rackRule: false,
      incident,
      toldAt: at,
      opened: true,
      closed: false,
    } as const;
    standings = standings.set(host, { ...before, ...now });
  }
  return { ...s, standings };
}
type Opened = DataByType['lifeboat.incident.opened'];
