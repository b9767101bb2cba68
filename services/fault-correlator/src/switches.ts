import type { Evidence, Verdict } from '@lifeboat/contracts';
import { andThen, type Decision, decided, type Instant, type RackId, stay } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import { confirm, type Suspect } from './confirmed.ts';
import type { Held } from './held.ts';
import { isNetworkOut } from './networks.ts';
import { type CorrelatorSettings, hostsOfRack } from './settings.ts';
import type { CorrelatorState } from './state.ts';
import { isPlanned } from './suspects.ts';

type Step = Decision<CorrelatorState, Output<never>>;
const VERDICT: Verdict = 'top-of-rack switch failure';

/** Itself well, but off the production network: for all peers, or for all of other racks (its uplink). */
const isOffProduction = ({ seen, standing }: Suspect): boolean =>
  standing.kind !== 'confirmed' &&
  seen.agent === 'ok' &&
  seen.management !== 'dead' &&
  (seen.production === 'dead' || seen.beyond === 'dead');

/**
 * A rack's production links are dead and its hosts otherwise well: one finding, not one a host. All hosts of the rack must show
 * it (planned work aside), for a while, and at least two: one host is its own link.
 */
export function deadSwitches(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  suspects: readonly Suspect[],
  now: Instant,
): ReadonlyMap<RackId, readonly Suspect[]> {
  const found = new Map<RackId, Suspect[]>();
  const off = suspects.filter((x) => isOffProduction(x) && !isPlanned(s, x.place) && !isNetworkOut(s, x.place));
  for (const one of off) found.set(one.place.rack, [...(found.get(one.place.rack) ?? []), one]);
  for (const [rack, hosts] of found) {
    const all = hostsOfRack(settings, rack).filter((p) => !isPlanned(s, p)).length;
    const lasts = hosts.some((x) => x.standing.kind !== 'suspected' || now - x.standing.since >= settings.diagnoseAfterMs);
    if (hosts.length < 2 || hosts.length < all || !lasts) found.delete(rack);
  }
  return found;
}

/** Others of its rack are going the same way: the whole rack may be. */
export function switchMayBeFailing(settings: CorrelatorSettings, one: Suspect, suspects: readonly Suspect[], now: Instant): boolean {
  if (now - one.standing.since >= settings.rackSettleMs) return false;
  return suspects.some((x) => x !== one && x.place.rack === one.place.rack && (x.seen.production === 'dead' || x.seen.beyond === 'dead'));
}

/** Where the policy takes a host off the production network for failed: never one that its own rack still sees there. */
const isToBeIsolated = (x: Suspect): boolean =>
  x.place.onProductionNetworkFailure === 'isolate-and-evacuate' && x.seen.production === 'dead';

/**
 * One finding for all, and where policies ask for it one incident: under the brake, for a dead switch is no proof of anything.
 * `hold` says why nothing may be isolated now, and null when it may.
 */
export function judgeSwitch(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  hosts: readonly Suspect[],
  hold: (one: Suspect) => string | null,
  now: Instant,
): { step: Step; held: readonly Held[] } {
  const [first] = hosts as [Suspect];
  const all = hostsOfRack(settings, first.place.rack).length;
  const how = hosts.every((x) => x.seen.production === 'dead') ? 'for all peers' : 'for all peers of other racks';
  const rule = `${hosts.length} of ${all} hosts of the rack: agents and management well, production dead ${how}`;
  const isolated = hosts.filter(isToBeIsolated);
  const why = isolated.map(hold).find((reason) => reason !== null) ?? null;
  const told = tellSwitch(
    s,
    hosts.filter((x) => !isToBeIsolated(x)),
    rule,
    now,
  );
  if (isolated.length === 0) return { step: told, held: [] };
  if (why !== null) return { step: told, held: isolated.map((one) => ({ one, reason: why, rule })) };
  return { step: andThen(told, (next) => confirm(next, settings, { verdict: VERDICT, rule }, isolated, false, now)), held: [] };
}

/** Once for those that were not told of yet. */
function tellSwitch(s: CorrelatorState, hosts: readonly Suspect[], rule: string, now: Instant): Step {
  if (hosts.every(({ standing }) => standing.kind === 'diagnosed' && standing.verdict === VERDICT)) return stay(s);
  let { standings } = s;
  for (const x of hosts) standings = standings.set(x.host, { kind: 'diagnosed', since: x.standing.since, verdict: VERDICT, rule });
  const evidence = hosts.flatMap((x): Evidence[] => [...x.seen.lines]);
  const data = { verdict: VERDICT, rule, hosts: hosts.map((x) => x.host), evidence, at: now, action: 'alert; nothing is evacuated' };
  return decided({ ...s, standings }, tell({ type: 'lifeboat.fault.diagnosed', data }));
}
