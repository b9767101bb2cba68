import { after, type Decision, type HostId, type Instant, stay } from '@lifeboat/kernel';
import type { Input, Output } from '@lifeboat/runtime';
import { tell } from '@lifeboat/runtime/shell/service';
import { type HostDocument, type Losses, saidBy, type WatcherState } from '../state.ts';
import { changes } from './changes.ts';
import { complainOnce } from './complaints.ts';
import { type Observation, reasonOf, type Seen } from './entries.ts';

export interface WatcherSettings {
  /** One session timeout: how long agents have to come back after the registry was away, before they are lost. */
  readonly graceMs: number;
  /** More than this share of the known hosts (and more than so many) gone within one grace: the registry is doubted, not the hosts. */
  readonly massShare: number;
  readonly massHosts: number;
}
export const watcherSettings = (sessionMs: number): WatcherSettings => ({ graceMs: sessionMs, massShare: 0.25, massHosts: 10 });
type Step = Decision<WatcherState, Output<never>>;
/** However many still come back, and however slow the registry is: after so many graces who is not there is lost. */
const MOST_GRACES = 12;
/** Hosts told lost in one decision when a grace ends: with all their VMs they must stay small beside what the store takes in one write. */
const LOST_TOGETHER = 100;

/** Compares what the registry holds with what was last published, and tells the difference. */
export const watchAgents =
  (settings: WatcherSettings) =>
  (s: WatcherState, input: Input<never, never, Observation>): Step => {
    switch (input.kind) {
      case 'observed':
        return observe(s, settings, input.observation, input.at);
      // a tick tells only that time has passed: not that the registry could be heard meanwhile
      case 'tick':
      case 'started':
      case 'event':
      case 'settled':
        return stay(s);
    }
  };

function observe(s: WatcherState, settings: WatcherSettings, o: Observation, at: Instant): Step {
  switch (o.kind) {
    case 'entries':
      return seeEntries(s, settings, o.entries, at);
    case 'gone':
      return each(doubtTheRegistry(s, settings, o, at), o.hosts, (state, host) => goneFrom(state, host, at));
    case 'view':
      return seeView(s, settings, o.present, at);
    case 'stalled':
      return stay(hasDoubtedLong(s, settings, at) ? s : { ...s, grace: graceFrom(s, settings, at) });
    case 'sound':
      return endGrace(s, at);
  }
}

function each<T>(s: WatcherState, items: readonly T[], step: (s: WatcherState, item: T) => Step): Step {
  let state = s;
  const outputs: Output<never>[] = [];
  for (const item of items) {
    const taken = step(state, item);
    state = taken.state;
    outputs.push(...taken.outputs);
  }
  return { state, outputs };
}

function seeEntries(s: WatcherState, settings: WatcherSettings, entries: readonly (readonly [HostId, Seen])[], at: Instant): Step {
  const { state, outputs } = each(s, entries, (now, [host, seen]) => present(now, host, seen, at));
  const back = state.missing.size < s.missing.size;
  return { state: back ? stillComing(state, settings, at) : state, outputs };
}

/**
 * Hosts that were missing come back: ten thousand agents that register anew take longer than one grace, and the last of them are
 * no more lost than the first. As long as some come, the others have a grace more, within reason.
 */
function stillComing(s: WatcherState, settings: WatcherSettings, at: Instant): WatcherState {
  if (!s.grace.has('since') || hasDoubtedLong(s, settings, at)) return s;
  return { ...s, grace: graceFrom(s, settings, at) };
}

function hasDoubtedLong(s: WatcherState, settings: WatcherSettings, at: Instant): boolean {
  const since = s.grace.get('since');
  return since !== undefined && after(at, settings.graceMs) > after(since, MOST_GRACES * settings.graceMs);
}

/**
 * Agents of many hosts gone within one session timeout: rather a registry that lost their sessions (a server of the ensemble, a
 * network between) than so many hosts. They get the grace to come back; those told before were fewer than that. Both our part and
 * the region are counted: of eighty hosts a part has ten, and of those that come back between two looks only we have seen all.
 */
function doubtTheRegistry(
  s: WatcherState,
  settings: WatcherSettings,
  { hosts, region }: Extract<Observation, { kind: 'gone' }>,
  at: Instant,
): WatcherState {
  const ours = hosts.filter((host) => s.agents.has(host) && !s.missing.has(host)).length;
  const counts = {
    ours: counted(s.losses.get('ours'), settings, ours, s.agents.size, at),
    region: counted(s.losses.get('region'), settings, region.fell, region.of, at),
  };
  let { losses } = s;
  let isMass = false;
  for (const [whose, count] of Object.entries(counts)) {
    if (count === undefined) continue;
    losses = losses.set(whose, count);
    isMass ||= count.hosts > Math.max(settings.massHosts, settings.massShare * count.of);
  }
  return { ...s, losses, grace: isMass ? graceFrom(s, settings, at) : s.grace };
}

function counted(before: Losses | undefined, { graceMs }: WatcherSettings, hosts: number, of: number, at: Instant): Losses | undefined {
  if (hosts <= 0) return undefined;
  const lately = before !== undefined && at - before.since <= graceMs ? before : { since: at, hosts: 0, of };
  return { ...lately, hosts: lately.hosts + hosts };
}

const graceFrom = (s: WatcherState, settings: WatcherSettings, at: Instant): WatcherState['grace'] =>
  s.grace.set('until', after(at, settings.graceMs)).set('since', s.grace.get('since') ?? at);

function present(s: WatcherState, host: HostId, seen: Seen, at: Instant): Step {
  const here = { ...s, missing: s.missing.delete(host) };
  // Somebody is there, though we cannot read what it says: what was last known of the host stays.
  if (!seen.ok) return complainOnce(here, host, seen, at);
  const before = s.agents.get(host);
  const { document } = seen;
  const known = { ...here, complaints: s.complaints.delete(host) };
  // another boot in the same session: the agent has ended its host's VMs, being all alone
  if (before === undefined || before.session !== document.session || before.bootId !== document.bootId) {
    const { session, bootId, machineUuid } = document;
    const machine = machineUuid === undefined ? {} : { machineUuid };
    const other = before !== undefined && before.bootId !== bootId ? { before: saidBy(before).vms } : {};
    const data = { host, session, bootId, ...machine, ...saidBy(document), ...other, at };
    return {
      state: { ...known, agents: s.agents.set(host, document) },
      outputs: [tell({ type: 'lifeboat.agent.registered', data })],
    };
  }
  // a view shows ten thousand hosts of which nearly all are what they were
  const changed = changes(before, document);
  if (changed === null) return stay(known);
  const state = { ...known, agents: s.agents.set(host, document) };
  if (!changed.told) return stay(state);
  const data = { host, session: document.session, changed: [...changed.vms], gone: [...changed.gone], peers: [...changed.peers], at };
  return { state, outputs: [tell({ type: 'lifeboat.agent.reported', data })] };
}

/**
 * An entry is gone. While the registry is steady that is a session that lapsed. Shortly after the registry was away it may
 * be an agent that could not keep its session through no fault of its host: it gets the grace to come back.
 */
function goneFrom(s: WatcherState, host: HostId, at: Instant): Step {
  const before = s.agents.get(host);
  const state = { ...s, complaints: s.complaints.delete(host) };
  if (before === undefined || s.missing.has(host)) return stay(state);
  const until = s.grace.get('until');
  if (until !== undefined && at < until && !before.leaving) return stay({ ...state, missing: s.missing.set(host, at) });
  return lose(state, host, before, at);
}

function lose(s: WatcherState, host: HostId, before: HostDocument, at: Instant): Step {
  const data = { host, session: before.session, reason: reasonOf(before), vms: saidBy(before).vms, at };
  return {
    state: { ...s, agents: s.agents.delete(host), missing: s.missing.delete(host) },
    outputs: [tell({ type: 'lifeboat.agent.lost', data })],
  };
}

/** The registry was read as a whole, after a start or a gap: what was published and is not there now is missing. */
function seeView(s: WatcherState, settings: WatcherSettings, names: readonly HostId[], at: Instant): Step {
  const there = new Set<string>(names);
  const away = s.agents.keys().filter((host) => !there.has(host)) as HostId[];
  return each({ ...s, grace: graceFrom(s, settings, at) }, away, (state, host) => goneFrom(state, host, at));
}

/**
 * Who is still missing is lost: so many now, the others at the next word that the registry is sound. Nothing else ends a grace: a
 * leader that has just begun, or one that cannot hear the registry, knows of nobody whether he is missing.
 */
function endGrace(s: WatcherState, at: Instant): Step {
  const until = s.grace.get('until');
  if (until === undefined || at < until) return stay(s);
  const away = s.missing.keys() as HostId[];
  const isAll = away.length <= LOST_TOGETHER;
  const state = isAll ? { ...s, grace: s.grace.delete('until').delete('since') } : s;
  return each(state, away.slice(0, LOST_TOGETHER), (now, host) => {
    const before = now.agents.get(host);
    return before === undefined ? stay({ ...now, missing: now.missing.delete(host) }) : lose(now, host, before, at);
  });
}
