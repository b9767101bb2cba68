import { policyOf, type Topology } from '@lifeboat/contracts';
import type { ServiceDefinition } from '@lifeboat/runtime';
import { schedule } from './decide.ts';
import type { RedundancySeen, SchedulerEffect, SchedulerResult } from './effects.ts';
import { defaultSchedulerSettings, type SchedulerSettings } from './settings.ts';
import { initialState, type SchedulerState } from './state.ts';

export const schedulerSettings = (t: Topology, changes: Partial<SchedulerSettings> = {}): SchedulerSettings => ({
  ...defaultSchedulerSettings,
  clusterOf: new Map(t.hosts.map((h) => [h.host, h.cluster])),
  policyOf: (cluster) => policyOf(t, cluster),
  ...changes,
});

export const scheduler = (
  settings: SchedulerSettings,
): ServiceDefinition<SchedulerState, SchedulerEffect, SchedulerResult, RedundancySeen> => ({
  name: 'scheduler',
  consumes: [
    'lifeboat.fault.confirmed',
    'lifeboat.fault.cleared',
    'lifeboat.proof.contradicted',
    'lifeboat.host.quarantined',
    'lifeboat.host.isolated',
    'lifeboat.isolation.failed',
    'lifeboat.isolation.withdrawn',
    'lifeboat.host.shut-out',
    'lifeboat.host.released',
    'lifeboat.confirmation.received',
    'lifeboat.evacuation.chosen',
    'lifeboat.drain.chosen',
    'lifeboat.drain.halted',
    'lifeboat.host.set-aside',
    'lifeboat.drain.failed',
    'lifeboat.migration.started',
    'lifeboat.migration.failed',
    'lifeboat.vm.migrated',
    'lifeboat.statement.made',
    'lifeboat.release.approved',
    'lifeboat.item.decided',
    'lifeboat.vm.evacuated',
    'lifeboat.evacuation.failed',
    'lifeboat.vm.failed',
    'lifeboat.vm.cleared',
    'lifeboat.vm.restarted',
    'lifeboat.restart.failed',
    'lifeboat.agent.registered',
    'lifeboat.agent.reported',
    'lifeboat.agent.lost',
  ],
  initial: initialState,
  decide: schedule(settings),
  tickMs: 1_000,
});
