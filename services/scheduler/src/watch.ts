import { decided, type HostId, type Instant, stableId, stay } from '@lifeboat/kernel';
import { order } from '@lifeboat/runtime';
import type { WatchEffect } from './effects.ts';
import type { SchedulerState } from './state.ts';
import type { Step } from './step.ts';

/** Reports of VMs that came or went have the fleet looked at early, but not more often than this. */
const STIRRED_EVERY_MS = 5_000;
const NOW = 'now';

/** Hosts that are failed, kept out, being emptied, or whose agent is silent: a neighbour of a dying host may be dying, too. */
export const notTargets = (s: SchedulerState): HostId[] => {
  const no = new Set<string>([...s.out.keys(), ...s.drains.keys(), ...s.drained.keys()]);
  for (const i of s.incidents.values()) for (const h of Object.keys(i.hosts)) no.add(h);
  for (const [h, a] of s.agents.entries()) if (a.is === 'lost') no.add(h);
  return [...no].sort() as HostId[];
};

/** Tells whoever keeps the fleet what the registry says: on each change of the hosts that are no targets, and when VMs came or went. */
export function watchFleet(s: SchedulerState, at: Instant): Step {
  const shut = notTargets(s);
  const told = stableId(...shut);
  const was = s.watch.get(NOW) ?? { n: 0, told: '', stirred: false, at };
  const early = was.stirred && at - was.at >= STIRRED_EVERY_MS;
  if (was.told === told && !early) return stay(s);
  const n = was.n + 1;
  const effect: WatchEffect = { kind: 'watch', operation: `watch/${n}`, shut };
  return decided({ ...s, watch: s.watch.set(NOW, { n, told, stirred: false, at }) }, order(effect));
}

/** A new leader's fleet knows nothing yet. */
export const watchAnew = (s: SchedulerState): SchedulerState => {
  const was = s.watch.get(NOW);
  return was === undefined ? s : { ...s, watch: s.watch.set(NOW, { ...was, told: '' }) };
};

/** VMs came or went on a host, by its agent. */
export const stirred = (s: SchedulerState): SchedulerState => {
  const was = s.watch.get(NOW);
  return was === undefined || was.stirred ? s : { ...s, watch: s.watch.set(NOW, { ...was, stirred: true }) };
};
