import { after, type Decision, type HostId, type Instant, stay } from '@lifeboat/kernel';
import type { Input, Output } from '@lifeboat/runtime';
import { tell } from '@lifeboat/runtime/shell/service';
import type { HostDocument, WatcherState } from '../state.ts';
import { changes } from './changes.ts';
import { complainOnce } from './complaints.ts';
import { type Entry, type Observation, reasonOf, seenAs } from './entries.ts';

export interface WatcherSettings {
  /** One session timeout: how long agents have to come back after the registry was away, before they are lost. */
  readonly graceMs: number;
}
type Step = Decision<WatcherState, Output<never>>;

/** Compares what the registry holds with what was last published, and tells the difference. */
export const watchAgents =
  (settings: WatcherSettings) =>
  (s: WatcherState, input: Input<never, never, Observation>): Step => {
    switch (input.kind) {
      case 'observed':
        return input.observation.kind === 'entries'
          ? seeEntries(s, input.observation.entries, input.at)
          : seeView(s, settings, input.observation.present, input.at);
      case 'tick':
        return endGrace(s, input.at);
      case 'started':
      case 'event':
      case 'settled':
        return stay(s);
    }
  };

function seeEntries(s: WatcherState, entries: readonly Entry[], at: Instant): Step {
  let state = s;
  const outputs: Output<never>[] = [];
  for (const [host, registered] of entries) {
    const step = registered === null ? goneFrom(state, host, at) : present(state, host, registered, at);
    state = step.state;
    outputs.push(...step.outputs);
  }
  return { state, outputs };
}

function present(s: WatcherState, host: HostId, registered: NonNullable<Entry[1]>, at: Instant): Step {
  const seen = seenAs(host, registered);
  // Somebody is there, though we cannot read what it says: what was last known of the host stays.
  if (!seen.ok) return complainOnce(heldAgain(s, host), host, seen, at);
  const before = s.hosts.get(host);
  const complaints = s.complaints.delete(host);
  const { document } = seen;
  if (before === undefined || before.session !== document.session) {
    const { session, bootId, vms, peers } = document;
    const data = { host, session, bootId, vms: [...vms], peers: [...peers], at };
    return {
      state: { ...s, complaints, hosts: s.hosts.set(host, document) },
      outputs: [tell({ type: 'lifeboat.agent.registered', data })],
    };
  }
  const changed = changes(before, document);
  if (!changed.stored) return stay({ ...s, complaints });
  const state = { ...s, complaints, hosts: s.hosts.set(host, document) };
  if (!changed.told) return stay(state);
  const data = { host, session: document.session, changed: [...changed.vms], gone: [...changed.gone], peers: [...document.peers], at };
  return { state, outputs: [tell({ type: 'lifeboat.agent.reported', data })] };
}

const heldAgain = (s: WatcherState, host: HostId): WatcherState => {
  const before = s.hosts.get(host);
  return before?.missing === true ? { ...s, hosts: s.hosts.set(host, { ...before, missing: false }) } : s;
};

/**
 * An entry is gone. While the registry is steady that is a session that lapsed. Shortly after the registry was away it may
 * be an agent that could not keep its session through no fault of its host: it gets the grace to come back.
 */
function goneFrom(s: WatcherState, host: HostId, at: Instant): Step {
  const before = s.hosts.get(host);
  const state = { ...s, complaints: s.complaints.delete(host) };
  if (before === undefined || before.missing) return stay(state);
  const until = s.grace.get('until');
  if (until !== undefined && at < until && !before.leaving)
    return stay({ ...state, hosts: s.hosts.set(host, { ...before, missing: true }) });
  return lose(state, host, before, at);
}

function lose(s: WatcherState, host: HostId, before: HostDocument, at: Instant): Step {
  const data = { host, session: before.session, reason: reasonOf(before), vms: [...before.vms], at };
  return { state: { ...s, hosts: s.hosts.delete(host) }, outputs: [tell({ type: 'lifeboat.agent.lost', data })] };
}

/** The registry was read as a whole, after a start or a gap: what was published and is not there now is missing. */
function seeView(s: WatcherState, settings: WatcherSettings, names: readonly HostId[], at: Instant): Step {
  const there = new Set<string>(names);
  let state: WatcherState = { ...s, grace: s.grace.set('until', after(at, settings.graceMs)) };
  const outputs: Output<never>[] = [];
  for (const host of s.hosts.keys()) {
    if (there.has(host)) continue;
    const step = goneFrom(state, host as HostId, at);
    state = step.state;
    outputs.push(...step.outputs);
  }
  return { state, outputs };
}

function endGrace(s: WatcherState, at: Instant): Step {
  const until = s.grace.get('until');
  if (until === undefined || at < until) return stay(s);
  let state: WatcherState = { ...s, grace: s.grace.delete('until') };
  const outputs: Output<never>[] = [];
  for (const [host, before] of s.hosts.entries()) {
    if (!before.missing) continue;
    const step = lose(state, host as HostId, before, at);
    state = step.state;
    outputs.push(...step.outputs);
  }
  return { state, outputs };
}
