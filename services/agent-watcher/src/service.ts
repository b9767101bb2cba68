import type { HostId } from '@lifeboat/kernel';
import { spread } from '@lifeboat/kernel';
import type { ServiceDefinition } from '@lifeboat/runtime';
import { type WatcherSettings, watchAgents } from './decide/decide.ts';
import type { Observation } from './decide/entries.ts';
import { initialState, type WatcherState } from './state.ts';

/**
 * Into how many parts the hosts are divided, for ever: what was last told of a host lies in its part's state. So many watchers
 * can share the load at most.
 */
export const SHARDS = 8;
/** Whether a part answers for a host: the same everywhere, whoever leads the part. */
export const concerns =
  (shard: number, shards: number = SHARDS) =>
  (host: HostId): boolean =>
    spread(host, shards) === shard;

/** One part of the service; without a shard it answers for all hosts. */
export const agentWatcher = (settings: WatcherSettings): ServiceDefinition<WatcherState, never, never, Observation> => ({
  name: 'agent-watcher',
  consumes: [],
  initial: initialState,
  decide: watchAgents(settings),
  // ticks tell it nothing; what ends a grace is the registry's answer
  tickMs: 60_000,
});
