import type { ServiceDefinition } from '@lifeboat/runtime';
import { type WatcherSettings, watchAgents } from './decide/decide.ts';
import type { Observation } from './decide/entries.ts';
import { initialState, type WatcherState } from './state.ts';

export const agentWatcher = (settings: WatcherSettings): ServiceDefinition<WatcherState, never, never, Observation> => ({
  name: 'agent-watcher',
  consumes: [],
  initial: initialState,
  decide: watchAgents(settings),
  tickMs: 500,
});
