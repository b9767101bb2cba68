import { named, type VmReport } from '@lifeboat/contracts';
import { type Decision, decided, type HostId, type Instant, type VmId } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import type { CorrelatorState, HostView } from './state.ts';

/**
 * A host was back, with another boot id, before anybody could take it for failed: what ran on it does not run any more. Nothing
 * is isolated or evacuated for that; each of its VMs that lies shut off there now is a VM that failed, and is started in place.
 */
export function restartedByItself(
  s: CorrelatorState,
  host: HostId,
  { agent, ran }: Readonly<{ agent: HostView['agent']; ran: readonly VmId[] }>,
  reports: readonly VmReport[],
  at: Instant,
): Decision<CorrelatorState, Output<never>> {
  const off = new Map(reports.filter((r) => r.state === 'shut-off').map((r) => [r.vm, r]));
  const since = agent?.is === 'lost' ? agent.at : at;
  const ended = ran.filter((vm) => off.has(vm));
  let { vmFaults } = s;
  for (const vm of ended) {
    const toldSince = vmFaults.get(vm)?.toldSince ?? null;
    const seen = { seenAt: at, stage: 'seen', toldAt: at, toldSince, still: true, trial: false, withHost: true } as const;
    vmFaults = vmFaults.set(vm, {
      vm,
      ...named(off.get(vm)?.name),
      host,
      failure: 'crashed',
      reason: 'its host restarted',
      since,
      ...seen,
    });
  }
  const rule = 'the agent came back with another boot id: the host restarted by itself';
  const evidence = [{ host, signal: 'agent' as const, is: 'restarted', ageMs: 0, observer: 'registry' }];
  const action =
    ended.length > 0
      ? `${ended.length} VMs ended with it: each is started in place, unless somebody wants it otherwise`
      : 'alert: no VM is known to have ended with it; see whether its VMs run';
  const data = { verdict: 'VM failure' as const, rule, hosts: [host], evidence, at, action };
  return decided({ ...s, vmFaults }, tell({ type: 'lifeboat.fault.diagnosed', data }));
}
