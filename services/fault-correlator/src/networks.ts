import type { Evidence, Verdict } from '@lifeboat/contracts';
import { andThen, type ClusterId, type Decision, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import { canTell } from './evidence.ts';
import { type CorrelatorSettings, clusterSize, type HostPlace, hostsOfCluster } from './settings.ts';
import { type CorrelatorState, type NetworkView, viewOf } from './state.ts';
import { isPlanned } from './suspects.ts';

type Step = Decision<CorrelatorState, Output<never>>;
const VERDICT: Verdict = 'production network failure of the cluster';
/** An event must fit its topic: of a large cluster, the evidence of the first hosts stands for all. */
const MOST_EVIDENCE = 200;

/** Somebody of this cluster sees a peer dead: from now on its network is looked at at every tick, until nobody is seen dead. */
export function doubtNetwork(s: CorrelatorState, settings: CorrelatorSettings, host: HostId): CorrelatorState {
  const cluster = settings.places.get(host)?.cluster;
  if (cluster === undefined || s.networks.has(cluster)) return s;
  return { ...s, networks: s.networks.set(cluster, { since: null, told: false }) };
}

/** Where nobody sees anybody, no peer's word about a single host or rack counts: it says nothing of them. */
export const isNetworkOut = (s: CorrelatorState, place: HostPlace): boolean => (s.networks.get(place.cluster)?.since ?? null) !== null;

/** The production network of a whole cluster: one finding, no cause to evacuate, for no host of the cluster is better off. */
export function judgeNetworks(s: CorrelatorState, settings: CorrelatorSettings, now: Instant): Step {
  let step: Step = stay(s);
  for (const [cluster, view] of s.networks.entries())
    step = andThen(step, (next) => judgeNetwork(next, settings, cluster as ClusterId, view, now));
  return step;
}

function judgeNetwork(s: CorrelatorState, settings: CorrelatorSettings, cluster: ClusterId, view: NetworkView, now: Instant): Step {
  const found = lookAt(s, settings, cluster);
  const set = (next: NetworkView | null): CorrelatorState => ({
    ...s,
    networks: next === null ? s.networks.delete(cluster) : s.networks.set(cluster, next),
  });
  if (found.is === 'works' || (found.is === 'unknown' && !view.told)) {
    const next = found.dead.length === 0 ? null : { since: null, told: false };
    const state = next !== null && view.since === null ? s : set(next);
    if (!view.told) return stay(state);
    const hosts = found.living.map((p) => p.host);
    const data = {
      cluster,
      hosts,
      since: view.since ?? now,
      rule: 'hosts of the cluster see each other on the production network again',
      at: now,
    };
    return decided(state, tell({ type: 'lifeboat.network.cleared', data }));
  }
  const since = view.since ?? now;
  if (view.told || found.is === 'unknown' || now - since < settings.diagnoseAfterMs)
    return stay(view.since === null ? set({ since, told: false }) : s);
  return decided(set({ since, told: true }), networkTold(settings, cluster, found, now));
}

type Pair = Readonly<{ observer: HostPlace; peer: HostPlace; at: Instant }>;
type Found = Readonly<{ is: 'dark' | 'split' | 'works' | 'unknown'; living: readonly HostPlace[]; dead: readonly Pair[] }>;

/**
 * What the living hosts of a cluster see of each other. 'dark': nobody sees anybody. 'split': nobody sees a host of another
 * rack, and more than one rack is to blame for that.
 */
function lookAt(s: CorrelatorState, settings: CorrelatorSettings, cluster: ClusterId): Found {
  const living = hostsOfCluster(settings, cluster).filter((p) => canTell(s, p.host) && !isPlanned(s, p));
  const by = new Map<string, HostPlace>(living.map((p) => [p.host, p]));
  const dead: Pair[] = [];
  let [beside, beyond] = [0, 0];
  for (const peer of living) {
    for (const [o, v] of Object.entries(viewOf(s, peer.host).production)) {
      const observer = by.get(o);
      if (observer === undefined) continue;
      if (v.is === 'dead') dead.push({ observer, peer, at: v.at });
      else if (observer.rack === peer.rack) beside++;
      else beyond++;
    }
  }
  const found = (is: Found['is']): Found => ({ is, living, dead });
  if (beyond > 0) return found('works');
  if (beside === 0) return found(dead.length > 0 ? 'dark' : 'unknown');
  const across = dead.filter((d) => d.observer.rack !== d.peer.rack);
  // One rack's uplink, or one host's link, would leave the others seeing each other.
  const anyRack = [...new Set(living.map((p) => p.rack))];
  const manyToBlame = across.length > 0 && anyRack.every((r) => across.some((d) => d.observer.rack !== r && d.peer.rack !== r));
  return found(manyToBlame ? 'split' : 'works');
}

function networkTold(settings: CorrelatorSettings, cluster: ClusterId, found: Found, now: Instant): Output<never> {
  const { living, dead } = found;
  const seenBy = new Map<HostId, Pair[]>();
  for (const d of dead) seenBy.set(d.peer.host, [...(seenBy.get(d.peer.host) ?? []), d]);
  const evidence = living.slice(0, MOST_EVIDENCE).map((p): Evidence => {
    const by = seenBy.get(p.host) ?? [];
    const ageMs = Math.max(0, now - Math.max(0, ...by.map((d) => d.at)));
    const observer = by.map((d) => d.observer.host).sort();
    return {
      host: p.host,
      signal: 'production',
      is: by.length === 0 ? 'unknown' : 'dead',
      ageMs,
      observer: observer.join(' ').slice(0, 300),
    };
  });
  const racks = [...new Set(living.map((p) => p.rack))];
  const whom = found.is === 'dark' ? 'none of them sees another one' : 'none of them sees one of another rack';
  const where = racks.length === 1 ? `; all of them stand in ${racks[0]}: it may be its switch` : '';
  const rule = `agents and management of ${living.length} of ${clusterSize(settings, cluster)} hosts of the cluster well; ${whom} on the production network${where}`;
  const action = 'alert; nothing is evacuated: no other host of the cluster is better off';
  const data = { verdict: VERDICT, rule, hosts: living.map((p) => p.host), cluster, evidence, at: now, action };
  return tell({ type: 'lifeboat.fault.diagnosed', data });
}
