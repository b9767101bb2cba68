import type { DataByType } from '@lifeboat/contracts';
import { decided, type HostId, type IncidentId, type Instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { type HostStage, type Incident, putIncident, type SchedulerState } from './state.ts';
import type { Step } from './step.ts';

export function isolated(s: SchedulerState, d: DataByType['lifeboat.host.isolated'], at: Instant): Step {
  return changeHost(s, d.incident, d.host, (h) =>
    h.isolation === 'isolated' ? h : { ...h, isolation: 'isolated', proof: d.proof, isolatedAt: at },
  );
}

export const shutOut = (s: SchedulerState, d: DataByType['lifeboat.host.shut-out']): Step =>
  changeHost(s, d.incident, d.host, (h) => ({ ...h, shutOut: true }));

/** The host came back before anything was done to it: its VMs never stopped, and are none of ours. */
export const withdrawn = (s: SchedulerState, d: DataByType['lifeboat.isolation.withdrawn']): Step =>
  changeHost(s, d.incident, d.host, (h) => (h.isolation === 'isolated' ? h : { ...h, isolation: 'withdrawn' }));

export function isolationFailed(s: SchedulerState, d: DataByType['lifeboat.isolation.failed'], at: Instant): Step {
  const i = s.incidents.get(d.incident);
  if (i === undefined) return stay(s);
  const tried = d.methods.map((m) => `${m.method}: ${m.code}`).join('; ') || 'no fence method is configured';
  return waits(
    s,
    i,
    'isolation',
    `host ${d.host} could not be isolated (${tried}); it is tried again, and nothing is evacuated meanwhile`,
    at,
  );
}

/** Says once for what the incident waits. */
export function waits(
  s: SchedulerState,
  i: Incident,
  what: DataByType['lifeboat.incident.waiting']['for'],
  reason: string,
  at: Instant,
): Step {
  const short = reason.slice(0, 500);
  if (i.waitingFor === short) return stay(s);
  return decided(
    putIncident(s, { ...i, waitingFor: short }),
    tell({ type: 'lifeboat.incident.waiting', data: { incident: i.incident, for: what, reason: short, at } }),
  );
}

function changeHost(s: SchedulerState, incident: IncidentId, host: HostId, change: (h: HostStage) => HostStage): Step {
  const i = s.incidents.get(incident);
  const stage = i?.hosts[host];
  if (i === undefined || stage === undefined) return stay(s);
  return stay(putIncident(s, { ...i, hosts: { ...i.hosts, [host]: change(stage) } }));
}
