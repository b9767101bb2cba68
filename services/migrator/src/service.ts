import { addressOf, type Topology } from '@lifeboat/contracts';
import type { ServiceDefinition } from '@lifeboat/runtime';
import { migrate } from './decide.ts';
import type { MigratorEffect, MigratorResult } from './effects.ts';
import { defaultMigratorSettings, type MigratorSettings } from './settings.ts';
import { initialState, isolationOf, type MigratorState, moveKey, strangerKey } from './state.ts';

export function migratorSettings(t: Topology, changes: Partial<MigratorSettings> = {}): MigratorSettings {
  const methods = new Map<string, string[]>(t.hosts.map((h) => [h.host, h.fence.map((m) => m.name)]));
  const devices = new Map(t.hosts.flatMap((h) => h.fence.map((m) => [strangerKey(h.host, m.name), addressOf(m)] as const)));
  const deviceOf = (host: string, method: string) => devices.get(strangerKey(host, method)) ?? null;
  return { ...defaultMigratorSettings, methodsOf: (host) => methods.get(host) ?? [], deviceOf, ...changes };
}

/**
 * An act in hand is not begun once its reason is gone: a host that is proven dead otherwise by now, or is back, is not powered off; a VM
 * is not evacuated under a confirmation that holds no longer, and not rebooted once it runs again. What has been begun in steps (a resume, a cold move) goes on to its end.
 */
export function wanted(s: MigratorState, e: MigratorEffect): boolean {
  if (e.kind === 'restart') return e.how !== 'reboot' || s.restarts.get(e.vm)?.recalled !== true;
  if (e.kind === 'evacuate') {
    const m = s.moves.get(moveKey(e.incident, e.vm));
    return m?.stage === 'calling' && (m.confirmation === null || !s.voided.has(m.confirmation));
  }
  if (e.kind !== 'fence') return true;
  const i = isolationOf(s, e.incident, e.host);
  // once Nova has been told that it is dead, its VMs may be on their way: then it is isolated anew, back or not
  return i?.stage === 'fencing' && !(i.recalled && i.shutOuts === 0);
}

export const migrator = (settings: MigratorSettings): ServiceDefinition<MigratorState, MigratorEffect, MigratorResult, never> => ({
  name: 'migrator',
  consumes: [
    'lifeboat.fence.checked',
    'lifeboat.isolation.requested',
    'lifeboat.isolation.recalled',
    'lifeboat.fault.cleared',
    'lifeboat.proof.contradicted',
    'lifeboat.evacuation.requested',
    'lifeboat.confirmation.expired',
    'lifeboat.release.requested',
    'lifeboat.restart.requested',
    'lifeboat.restart.recalled',
    'lifeboat.drain.opened',
    'lifeboat.migration.requested',
    'lifeboat.drain.recalled',
    'lifeboat.drain.closed',
    'lifeboat.incident.closed',
  ],
  initial: initialState,
  decide: migrate(settings),
  wanted,
  tickMs: 500,
});
