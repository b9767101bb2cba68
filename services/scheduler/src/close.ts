import { named } from '@lifeboat/contracts';
import { decided, type HostId, type Instant } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { failureSeen } from './ailing.ts';
import { type Incident, type SchedulerState, type VmRecord, vmsOf } from './state.ts';
import type { Step } from './step.ts';

/** Step ⑩: the report; the VMs' records go, the isolated hosts stay out until they are clean. */
export function close(s: SchedulerState, i: Incident, at: Instant): Step {
  const records = vmsOf(s, i.incident);
  let { vms, out } = s;
  for (const r of records) vms = vms.delete(r.vm);
  const hosts = (Object.keys(i.hosts) as HostId[]).sort();
  for (const host of hosts) {
    const stage = i.hosts[host];
    if (stage?.isolation !== 'isolated') continue;
    const wellSince = s.agents.get(host)?.is === 'ok' ? at : null;
    const doubt = stage.contradicted === true ? ({ contradicted: true } as const) : {};
    out = out.set(host, { incident: i.incident, cluster: stage.cluster, since: at, wellSince, releaseAskedAt: null, ...doubt });
  }
  return decided(
    { ...s, vms, out, incidents: s.incidents.delete(i.incident), closed: s.closed.set(i.incident, at) },
    tell({
      type: 'lifeboat.incident.closed',
      data: {
        incident: i.incident,
        hosts,
        outcome: outcomeOf(i, records),
        vms: [
          ...records.map((r) => line(s, r)),
          ...i.handedOver.map((vm) => ({ vm, outcome: 'handed-over' as const, reason: 'its new host failed, too' })),
        ],
        openedAt: i.openedAt,
        at,
      },
    }),
  );
}

const line = (s: SchedulerState, r: VmRecord) => {
  if (r.stage.kind !== 'settled') {
    const failure = r.status === 'ACTIVE' ? failureSeen(s, r.from, r.vm) : undefined;
    const runs = r.status === 'ACTIVE' && failure !== 'crashed';
    const back = 'its host came back before it was isolated';
    return {
      vm: r.vm,
      ...named(r.name),
      outcome: runs ? ('running' as const) : ('stopped' as const),
      host: r.from,
      reason: failure === undefined ? back : `${back}; by its agent it has failed by itself: ${failure}`,
    };
  }
  const { outcome, host, reason } = r.stage;
  return {
    vm: r.vm,
    ...named(r.name),
    outcome,
    ...(host === null ? {} : { host }),
    ...(reason === '' ? {} : { reason: reason.slice(0, 500) }),
  };
};

function outcomeOf(i: Incident, records: readonly VmRecord[]) {
  if (Object.values(i.hosts).every((h) => h.isolation === 'withdrawn')) return 'withdrawn' as const;
  if (i.consent.kind === 'declined') return 'declined' as const;
  const left = records.filter((r) => r.stage.kind === 'settled' && r.stage.outcome === 'unevacuable').length;
  if (left === 0) return 'evacuated' as const;
  return left === records.length ? ('not-evacuated' as const) : ('partly-evacuated' as const);
}
