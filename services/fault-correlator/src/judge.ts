import { after, andThen, type Decision, type HostId, type Instant, type RackId, stay } from '@lifeboat/kernel';
import type { Output } from '@lifeboat/runtime';
import { brakeOver } from './brake.ts';
import { clear, notBackYet } from './clear.ts';
import { confirm, type Suspect, tellAgain } from './confirmed.ts';
import { tellContradictions } from './contradicted.ts';
import { cutIsOpen } from './cut.ts';
import { diagnosed, diagnoseOnly } from './diagnosed.ts';
import { dumpAwaited } from './dumps.ts';
import { type Held, holdAll } from './held.ts';
import { isNetworkOut } from './networks.ts';
import { NO_ROUND, observerReason } from './observer.ts';
import { confirmRack, failedRacks, rackMayBeFailing } from './racks.ts';
import type { CorrelatorSettings } from './settings.ts';
import type { CorrelatorState } from './state.ts';
import { isPlanned, looksFailed, suspectsOf, treatedAsFailure } from './suspects.ts';
import { deadSwitches, judgeSwitch, switchMayBeFailing } from './switches.ts';

type Step = Decision<CorrelatorState, Output<never>>;

/** What is the same for all who are judged in one go. */
interface Round {
  readonly settings: CorrelatorSettings;
  readonly now: Instant;
  readonly suspects: readonly Suspect[];
  /** Why the observer cannot be trusted; null: it can. */
  readonly distrust: string | null;
  readonly brake: (host: HostId) => string | null;
  readonly moreMayCome: (one: Suspect) => boolean;
  readonly held: Held[];
}

/** Judges every host that is not well: racks, then switches, then each by itself. Time alone can decide, too. */
export function judgeSuspects(s: CorrelatorState, settings: CorrelatorSettings, now: Instant): Step {
  const suspects = suspectsOf(s, settings, now);
  if (suspects.length === 0) return stay(s);
  const atOnce = new Set(suspects.filter((x) => looksFailed(s, x)).map((x) => x.host));
  const distrust = observerReason(s, settings, now);
  const round: Round = {
    settings,
    now,
    suspects,
    distrust,
    brake: brakeOver(s, settings, atOnce),
    moreMayCome: cutIsOpen(s, suspects, settings, now),
    held: [],
  };
  const racks = distrust === null ? failedRacks(s, settings, suspects) : new Set<RackId>();
  let step: Step = stay(s);
  for (const rack of racks) step = andThen(step, (next) => confirmRack(next, settings, rack, suspects, now));
  const switches = deadSwitches(s, settings, suspects, now);
  for (const hosts of switches.values()) step = andThen(step, (next) => judgeRackSwitch(next, hosts, round));
  for (const one of suspects) {
    const { standing, place } = one;
    if (racks.has(place.rack) && standing.kind !== 'confirmed' && !isPlanned(s, place)) continue;
    if (switches.get(place.rack)?.includes(one) === true) continue;
    step = andThen(step, (next) => judgeOne(next, one, round));
  }
  // Those who look failed are held together, in one alert, when all of them have been judged; the first waits for that only so long.
  const isWhole = round.held.length >= atOnce.size || round.held.some((h) => now - h.one.standing.since >= settings.cutMostMs);
  if (isWhole) step = andThen(step, (next) => holdAll(next, round.held, now));
  const before = suspects.filter((x) => x.standing.kind === 'confirmed');
  step = andThen(step, (next) => tellContradictions(next, settings, before, now));
  return andThen(step, (next) => tellAgain(next, before, now));
}

function judgeRackSwitch(s: CorrelatorState, hosts: readonly Suspect[], r: Round): Step {
  const why = (one: Suspect) => {
    const reason = r.distrust === null ? r.brake(one.host) : untrusted(r.distrust);
    return reason === null && one.standing.kind === 'held' && isStormy(s, r) ? one.standing.reason : reason;
  };
  const { step, held } = judgeSwitch(s, r.settings, hosts, why, r.now);
  r.held.push(...held);
  return held.length === 0 || r.distrust === NO_ROUND ? step : { ...step, state: stormFrom(step.state, r) };
}

const untrusted = (why: string): string => `the observer cannot be trusted: ${why}`;

function judgeOne(s: CorrelatorState, one: Suspect, r: Round): Step {
  const { settings, now } = r;
  const { standing, diagnosis, place } = one;
  if (diagnosis.kind === 'well') return clear(s, settings, one, now);
  if (standing.kind === 'confirmed') return notBackYet(s, one, now);
  if (isPlanned(s, place)) return stay(s);
  if (diagnosis.kind === 'undecided') return waitVisibly(s, one, r, diagnosis.missing);
  if (diagnosis.verdict === 'production network failure' && isNetworkOut(s, place)) return stay(s);
  const failed = diagnosis.failed || treatedAsFailure(s, one);
  if (!failed) return diagnoseOnly(s, settings, one, diagnosis, r.suspects, now);
  if (r.distrust !== null) return hold(s, one, r, untrusted(r.distrust), diagnosis.rule);
  if (one.seen.power === 'unreachable' && rackMayBeFailing(s, settings, one, now)) return stay(s);
  if (diagnosis.verdict === 'production network failure' && isYoung(one, r)) return stay(s);
  // Many that are not well already: what has failed, a host or what it stands on, shows only when no more are coming.
  if (r.moreMayCome(one)) return stay(s);
  const brake = r.brake(one.host);
  if (brake !== null) return hold(s, one, r, brake, diagnosis.rule);
  if (standing.kind === 'held' && isStormy(s, r)) return stay(s);
  const dump = dumpAwaited(s, one, now);
  if (dump === null) return confirm(s, settings, diagnosis, [one], false, now);
  return dump.said ? diagnosed(s, one, { ...diagnosis, action: dump.why }, now) : stay(s);
}

/** A host that is well but for its production network is not isolated before it has lasted, and its rack has been waited for. */
const isYoung = (one: Suspect, r: Round): boolean =>
  r.now - one.standing.since < r.settings.diagnoseAfterMs || switchMayBeFailing(r.settings, one, r.suspects, r.now);

const stormFrom = (s: CorrelatorState, r: Round): CorrelatorState => ({
  ...s,
  storm: s.storm.set('until', after(r.now, r.settings.calmMs)),
});

/** Hosts were held only just now: others may still be coming back. */
const isStormy = (s: CorrelatorState, r: Round): boolean => r.now < (s.storm.get('until') ?? 0);

/** No row of the table fits, for want of evidence. That must not go on in silence. */
function waitVisibly(s: CorrelatorState, one: Suspect, r: Round, missing: string): Step {
  if (one.standing.kind !== 'suspected' || r.now - one.standing.since < r.settings.missingAfterMs) return stay(s);
  const why = r.distrust === null ? `not enough is known: what is missing is ${missing}` : untrusted(r.distrust);
  r.held.push({ one, reason: why, rule: `no row of the diagnosis table: ${missing} is missing` });
  return stay(s);
}

function hold(s: CorrelatorState, one: Suspect, r: Round, reason: string, rule: string): Step {
  r.held.push({ one, reason, rule });
  return stay(r.distrust === NO_ROUND ? s : stormFrom(s, r));
}
