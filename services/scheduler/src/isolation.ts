import { type DataByType, TOLD_AGAIN_MS } from '@lifeboat/contracts';
import { andThen, decided, type HostId, type IncidentId, type Instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { epochOf, type HostStage, type Incident, putIncident, type SchedulerState } from './state.ts';
import type { Step } from './step.ts';

export function isolated(s: SchedulerState, d: DataByType['lifeboat.host.isolated'], at: Instant): Step {
  return changeHost(s, d.incident, d.host, ({ contradicted, ...h }) =>
    h.isolation === 'isolated' && contradicted !== true ? h : { ...h, isolation: 'isolated', proof: d.proof, isolatedAt: at },
  );
}

/** What proved it dead was wrong: no order rests on that any more, the incident stays open, and the host out. */
export function proofContradicted(s: SchedulerState, d: DataByType['lifeboat.proof.contradicted'], at: Instant): Step {
  const i = s.incidents.get(d.incident);
  const kept = s.out.get(d.host);
  if (i === undefined)
    return stay(kept?.incident === d.incident ? { ...s, out: s.out.set(d.host, { ...kept, contradicted: true, wellSince: at }) } : s);
  if (i.hosts[d.host]?.isolation !== 'isolated') return stay(s);
  const doubted = changeHost(s, d.incident, d.host, (h) => ({ ...h, contradicted: true })).state;
  const reason = `host ${d.host} was not dead: ${d.proof.method} had said so, and its agent is back without a restart; nothing more is evacuated before it is isolated anew`;
  return waits(doubted, doubted.incidents.get(d.incident) as Incident, 'isolation', reason, at);
}

export const shutOut = (s: SchedulerState, d: DataByType['lifeboat.host.shut-out']): Step =>
  changeHost(s, d.incident, d.host, (h) => ({ ...h, shutOut: true }));

/** The host came back before anything was done to it: its VMs never stopped, and are none of ours. */
export const withdrawn = (s: SchedulerState, d: DataByType['lifeboat.isolation.withdrawn']): Step =>
  changeHost(s, d.incident, d.host, (h) => (h.isolation === 'isolated' ? h : { ...h, isolation: 'withdrawn' }));

export function isolationFailed(s: SchedulerState, d: DataByType['lifeboat.isolation.failed'], at: Instant): Step {
  const i = s.incidents.get(d.incident);
  if (i === undefined) return stay(s);
  const heard = changeHost(s, d.incident, d.host, (h) => ({ ...h, askedAt: at })).state;
  const tried = d.methods.map((m) => `${m.method}: ${m.code}`).join('; ') || 'no fence method is configured';
  return waits(
    heard,
    heard.incidents.get(d.incident) as Incident,
    'isolation',
    `host ${d.host} could not be isolated (${tried}); it is tried again, and nothing is evacuated meanwhile`,
    at,
  );
}

/** An order of isolation that nothing was heard of for long is given again: the migrator does not obey an old one. */
export function askIsolationAgain(s: SchedulerState, at: Instant): Step {
  let step: Step = stay(s);
  for (const i of s.incidents.values())
    for (const [host, h] of Object.entries(i.hosts) as [HostId, HostStage][]) {
      if (h.isolation !== 'requested' || at - h.askedAt < TOLD_AGAIN_MS) continue;
      const order = { incident: i.incident, host, epoch: epochOf(s), at };
      step = andThen(step, (next) =>
        andThen(
          changeHost(next, i.incident, host, (x) => ({ ...x, askedAt: at })),
          (asked) => decided(asked, tell({ type: 'lifeboat.isolation.requested', data: order })),
        ),
      );
    }
  return step;
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
