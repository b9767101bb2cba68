import { type VmFailure, type VmReport, vmFailures } from '@lifeboat/contracts';
import type { HostId, VmId } from '@lifeboat/kernel';
import type { Ailing, SchedulerState } from './state.ts';

/*
 * By Nova a VM that crashed while its host could not be reached is still active. Its host's agent knows better: a report
 * that calls it running would be untrue.
 */

const failureOf = (r: VmReport): VmFailure | undefined => vmFailures.find((f) => f === r.state);

/** After these reports; `before` is what the same agent has said until then. */
export function ailingAfter(before: Ailing, reports: readonly VmReport[], gone: readonly VmId[] = []): Ailing {
  if (!reports.some((r) => failureOf(r) !== undefined || r.vm in before) && !gone.some((vm) => vm in before)) return before;
  const now: Record<VmId, VmFailure> = { ...before };
  for (const vm of gone) delete now[vm];
  for (const r of reports) {
    const failure = failureOf(r);
    if (failure === undefined) delete now[r.vm];
    else now[r.vm] = failure;
  }
  return now;
}

export function agentReported(s: SchedulerState, host: HostId, changed: readonly VmReport[], gone: readonly VmId[]): SchedulerState {
  const known = s.agents.get(host);
  if (known === undefined) return s;
  const before = known.ailing ?? {};
  const ailing = ailingAfter(before, changed, gone);
  return ailing === before ? s : { ...s, agents: s.agents.set(host, { ...known, ailing }) };
}

export const failureSeen = (s: SchedulerState, host: HostId, vm: VmId): VmFailure | undefined => s.agents.get(host)?.ailing?.[vm];
