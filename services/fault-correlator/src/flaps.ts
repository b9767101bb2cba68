import { type Decision, decided, type HostId, type IncidentId, type Instant } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import type { CorrelatorSettings } from './settings.ts';
import type { CorrelatorState } from './state.ts';

/**
 * A host that was taken back and fails again within the window is flapping: it is held out longer each time, so that its VMs
 * are not moved back and forth for ever. Said when it fails; what it means for its release is the scheduler's.
 */
export function countFailures(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  hosts: readonly HostId[],
  incident: IncidentId,
  now: Instant,
): Decision<CorrelatorState, Output<never>> {
  const { windowMs, firstMs, mostMs } = settings.flaps;
  let { failures } = s;
  const outputs: Output<never>[] = [];
  for (const host of hosts) {
    const before = failures.get(host);
    const times = before !== undefined && now - before.lastAt <= windowMs ? before.times + 1 : 1;
    failures = failures.set(host, { times, lastAt: now });
    if (times < 2) continue;
    const healthyMs = Math.min(firstMs * 2 ** Math.min(times - 2, 30), mostMs);
    outputs.push(tell({ type: 'lifeboat.host.quarantined', incident, data: { host, incident, failures: times, healthyMs, at: now } }));
  }
  return decided({ ...s, failures }, ...outputs);
}
