import type { ServiceDefinition } from '@lifeboat/runtime';
import { notify } from './decide/decide.ts';
import type { NotifierEffect, NotifierResult } from './decide/effects.ts';
import type { NotifierSettings } from './settings.ts';
import { initialState, type NotifierState } from './state.ts';

export const notifier = (settings: NotifierSettings): ServiceDefinition<NotifierState, NotifierEffect, NotifierResult, never> => ({
  name: 'notifier',
  consumes: [
    'lifeboat.fault.diagnosed',
    'lifeboat.fault.held',
    'lifeboat.fault.confirmed',
    'lifeboat.incident.opened',
    'lifeboat.host.isolated',
    'lifeboat.isolation.failed',
    'lifeboat.incident.waiting',
    'lifeboat.plan.made',
    'lifeboat.vm.unevacuable',
    'lifeboat.incident.closed',
  ],
  initial: initialState,
  decide: notify(settings),
  tickMs: 1_000,
});
