import type { Decision, HostId, Instant, RackId } from '@lifeboat/kernel';
import { stay } from '@lifeboat/kernel';
import type { Output } from '@lifeboat/runtime';
import { confirm, type Suspect } from './confirmed.ts';
import { type CorrelatorSettings, hostsOfRack } from './settings.ts';
import { type CorrelatorState, viewOf } from './state.ts';
import { isPlanned } from './suspects.ts';

type Step = Decision<CorrelatorState, Output<never>>;

/**
 * Its fence device is silent, as in a rack without power: wait for the rest of the rack to show the same, as long as none of
 * its hosts has been well all the while.
 */
export function rackMayBeFailing(s: CorrelatorState, settings: CorrelatorSettings, one: Suspect, now: Instant): boolean {
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
 * Every host means every host: also one in maintenance, and one whose own incident is open already, must show all of it now.
 * A rack of one host proves nothing by it; nor do hosts that went dark one long after another: power takes all of them at once,
 * while a switch and some cables need only fail one by one to look the same.
 */
export function failedRacks(s: CorrelatorState, settings: CorrelatorSettings, suspects: readonly Suspect[]): Set<RackId> {
  const found = new Set<RackId>();
  const byHost = new Map(suspects.map((x) => [x.host, x]));
  const round = s.rounds.get('last');
  for (const rack of new Set(suspects.map((x) => x.place.rack))) {
    const hosts = hostsOfRack(settings, rack);
    if (settings.darkButNotDead.has(rack)) continue;
    if (hosts.length < 2 || !hosts.every((p) => isGone(byHost.get(p.host)))) continue;
    if (
      !wentDarkTogether(
        s,
        settings,
        hosts.map((p) => byHost.get(p.host) as Suspect),
      )
    )
      continue;
    if (Object.entries(round?.aliveByRack ?? {}).some(([other, alive]) => other !== rack && alive > 0)) found.add(rack);
  }
  return found;
}

/** All that are not confirmed yet, and at least two. One that was confirmed long before may have died alone. */
function wentDarkTogether(s: CorrelatorState, settings: CorrelatorSettings, members: readonly Suspect[]): boolean {
  const since = new Map(members.map((m) => [m, darkSince(s, m.host)]));
  const newest = Math.max(...since.values());
  const together = (m: Suspect) => newest - (since.get(m) ?? 0) <= settings.rackTogetherMs;
  return (
    members.filter(together).length >= 2 && members.every((m) => m.standing.kind === 'confirmed' || isPlanned(s, m.place) || together(m))
  );
}

/** Since when its agent is lost and no peer sees it on the production network. */
function darkSince(s: CorrelatorState, host: HostId): number {
  const { agent, production } = viewOf(s, host);
  return Math.max(agent?.at ?? 0, ...Object.values(production).map((v) => (v.is === 'dead' ? v.at : 0)));
}

const isGone = (m: Suspect | undefined): boolean =>
  m !== undefined &&
  m.seen.agent === 'lost' &&
  m.seen.management === 'dead' &&
  m.seen.production === 'dead' &&
  m.seen.sure &&
  m.seen.power === 'unreachable';

/**
 * One incident for all hosts of the rack that have none yet. Those that were confirmed alone, and wait for a fence device that
 * cannot answer, are named, too: the rack rule is the proof that their own incidents wait for. Planned work is nobody's fault.
 */
export function confirmRack(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  rack: RackId,
  suspects: readonly Suspect[],
  now: Instant,
): Step {
  const members = suspects.filter((x) => x.place.rack === rack);
  const failed = members.filter(({ standing, place }) =>
    standing.kind === 'confirmed' ? !standing.closed && !standing.rackRule : !isPlanned(s, place),
  );
  if (failed.length === 0) return stay(s);
  const rule = `all ${hostsOfRack(settings, rack).length} hosts of the rack: agents lost, management dead, production dead, fence devices silent; other racks alive in the same round`;
  return confirm(s, settings, { verdict: 'rack power failure', rule }, failed, true, now);
}
