import type { Topology } from '@lifeboat/contracts';
import type { ServiceDefinition } from '@lifeboat/runtime';
import { migrate } from './decide.ts';
import type { MigratorEffect, MigratorResult } from './effects.ts';
import { defaultMigratorSettings, type MigratorSettings } from './settings.ts';
import { initialState, type MigratorState } from './state.ts';

export function migratorSettings(t: Topology, changes: Partial<MigratorSettings> = {}): MigratorSettings {
  const methods = new Map<string, string[]>(t.hosts.map((h) => [h.host, h.fence.map((m) => m.name)]));
  return { ...defaultMigratorSettings, methodsOf: (host) => methods.get(host) ?? [], ...changes };
}

export const migrator = (settings: MigratorSettings): ServiceDefinition<MigratorState, MigratorEffect, MigratorResult, never> => ({
  name: 'migrator',
  consumes: [
    'lifeboat.isolation.requested',
    'lifeboat.isolation.recalled',
    'lifeboat.evacuation.requested',
    'lifeboat.release.requested',
    'lifeboat.incident.closed',
  ],
  initial: initialState,
  decide: migrate(settings),
  tickMs: 500,
});
