import { named } from '@lifeboat/contracts';
import { decided, type HostId, type Instant, type VmId } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import type { SchedulerState } from './state.ts';
import type { Step } from './step.ts';
import type { VmIncident } from './vm-incident.ts';

export const putVmIncident = (s: SchedulerState, i: VmIncident): SchedulerState => ({ ...s, vmIncidents: s.vmIncidents.set(i.vm, i) });

/** Failures of one VM are counted across its incidents: one that crashes every minute is restarted in vain. */
export const failuresIn = (s: SchedulerState, vm: VmId, at: Instant, windowMs: number): number =>
  (s.vmFailures.get(vm) ?? []).filter((t) => at - t < windowMs).length;

const REMEMBERED = 100;
export const count = (s: SchedulerState, vm: VmId, at: Instant): SchedulerState => ({
  ...s,
  vmFailures: s.vmFailures.set(vm, [...(s.vmFailures.get(vm) ?? []), at].slice(-REMEMBERED)),
});

export type VmEnd =
  | Readonly<{ kind: 'recovered'; host: HostId }>
  | Readonly<{ kind: 'left-alone'; reason: string }>
  | Readonly<{ kind: 'given-up'; reason: string }>;

export function endVm(s: SchedulerState, i: VmIncident, end: VmEnd, at: Instant): Step {
  const closed = [i.incident, ...(i.also ?? [])].reduce((c, incident) => c.set(incident, at), s.closed);
  const over = { ...s, vmIncidents: s.vmIncidents.delete(i.vm), closed };
  const { incident, vm, host, failure, attempts } = i;
  const name = named(i.name);
  switch (end.kind) {
    case 'recovered': {
      const data = {
        incident,
        vm,
        ...name,
        host: end.host,
        failure,
        attempts,
        moved: i.moves > 0,
        tookMs: Math.max(0, at - i.openedAt),
        at,
      };
      return decided(over, tell({ type: 'lifeboat.vm.recovered', incident, data }));
    }
    case 'left-alone':
      return decided(
        over,
        tell({
          type: 'lifeboat.vm.left-alone',
          incident,
          data: { incident, vm, ...name, host, failure, reason: end.reason.slice(0, 500), at },
        }),
      );
    case 'given-up': {
      const data = {
        incident,
        vm,
        ...name,
        host,
        failure,
        attempts,
        reason: end.reason.slice(0, 500),
        actions: ['retry' as const, 'dismiss' as const],
        at,
      };
      return decided(over, tell({ type: 'lifeboat.vm.given-up', incident, data }));
    }
  }
}
