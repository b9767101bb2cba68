import type { ServiceDefinition } from '@lifeboat/runtime';
import { monitor } from './decide/decide.ts';
import type { MonitorEffect, MonitorObservation, MonitorResult } from './decide/effects.ts';
import type { MonitorSettings } from './settings.ts';
import { initialState, type MonitorState } from './state.ts';

export const nodeMonitor = (
  settings: MonitorSettings,
): ServiceDefinition<MonitorState, MonitorEffect, MonitorResult, MonitorObservation> => ({
  name: 'node-monitor',
  consumes: ['lifeboat.agent.registered', 'lifeboat.agent.lost'],
  initial: initialState,
  decide: monitor(settings),
  // Rounds drive it; nothing waits for a tick.
  tickMs: 60_000,
});
