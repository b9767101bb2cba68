import { type DataByType, named, type VmReport } from '@lifeboat/contracts';
import { after, andThen, type ClusterId, decided, type HostId, type IncidentId, type Instant, incidentId, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { open } from './open.ts';
import { orderRefused } from './persons.ts';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, type Item, openIncidentOf, putVm, type SchedulerState } from './state.ts';
import type { Step } from './step.ts';

/*
 * Steps ④ and ⑨: a VM that was not evacuated is an item, from its incident on (and longer than it) until it runs again or a
 * person has dismissed it.
 */

const closed = (
  s: SchedulerState,
  item: Item,
  how: DataByType['lifeboat.item.closed']['how'],
  at: Instant,
  host?: HostId,
  by?: string,
): Step =>
  decided(
    { ...s, items: s.items.delete(item.vm) },
    tell({
      type: 'lifeboat.item.closed',
      data: { incident: item.incident, vm: item.vm, how, ...(host === undefined ? {} : { host }), ...(by === undefined ? {} : { by }), at },
    }),
  );

export function itemDecided(s: SchedulerState, settings: SchedulerSettings, d: DataByType['lifeboat.item.decided'], at: Instant): Step {
  const item = s.items.get(d.vm);
  const refuse = (reason: string): Step => orderRefused(s, 'lifeboat.item.decided', d.vm, d.by, reason, at);
  if (item === undefined) return refuse('no item waits about this VM');
  if (item.drained === true && d.action !== 'dismiss')
    return refuse(`it is still on ${item.host}, which is well: drain it again, or move it by hand`);
  const runsOn = s.migrating.get(d.vm)?.seenOn ?? null;
  if (runsOn !== null && d.action !== 'dismiss') return refuse(`by its agent its guest runs on ${runsOn}: it would run twice`);
  switch (d.action) {
    case 'dismiss':
      return closed(s, item, 'dismissed', at, undefined, d.by);
    case 'start-on-return':
      return stay({ ...s, items: s.items.set(d.vm, { ...item, startOnReturn: true }) });
    case 'retry':
      return retry(s, settings, item, false, d.by, refuse, at);
    case 'other-host':
      if ((item.refusedBy ?? []).length === 0) return refuse('no host has refused it: say retry');
      return retry(s, settings, item, true, d.by, refuse, at);
  }
}

/** Planned anew, `elsewhere` than on hosts that have refused it: in its incident while that is open; else in a small one of its own, for as long as its host is out and silent. */
function retry(
  s: SchedulerState,
  settings: SchedulerSettings,
  item: Item,
  elsewhere: boolean,
  by: string,
  refuse: (reason: string) => Step,
  at: Instant,
): Step {
  const i = s.incidents.get(item.incident);
  const r = s.vms.get(item.vm);
  if (i !== undefined && r?.incident === i.incident && r.stage.kind === 'settled') {
    if (i.consent.kind === 'declined') return refuse(`the evacuation was declined by ${i.consent.by}`);
    if (r.stage.host !== null) return refuse(`it is on ${r.stage.host} by Nova, not on ${r.from}: look at it there`);
    const { elsewhere: _before, ...rest } = r;
    const because = elsewhere ? `${by} wants it on another host` : `${by} wants it tried again`;
    const again = putVm(s, { ...rest, ...(elsewhere ? { elsewhere } : {}), orders: 0, stage: { kind: 'unplaced', because } });
    const now = again.incidents.get(i.incident);
    const next =
      now === undefined ? again : { ...again, incidents: again.incidents.set(i.incident, { ...now, surveyNotBefore: at, fruitless: 0 }) };
    return closed(next, item, 'retried', at, undefined, by);
  }
  if (i !== undefined) return refuse('its incident is at work on it');
  const out = s.out.get(item.host);
  if (out === undefined || out.wellSince !== null || s.agents.get(item.host)?.is === 'ok')
    return refuse(`${item.host} is back: start the VM there, or move it`);
  return followUp(s, settings, item, elsewhere, out.cluster, by, at);
}

/** Nova has what is left on the host still there: a new incident isolates it anew, and plans all of it. */
function followUp(
  s: SchedulerState,
  settings: SchedulerSettings,
  item: Item,
  elsewhere: boolean,
  cluster: ClusterId,
  by: string,
  at: Instant,
): Step {
  const rule = `${by} wants the VMs that were left on ${item.host} tried again (${item.incident})`.slice(0, 300);
  const incident = incidentId(`inc-${item.host}-again-${at}`);
  const of = { incident, hosts: [item.host], clusters: [cluster], racks: [], evidence: [], suspectedAt: at, at };
  const left = s.items.values().filter((x) => x.host === item.host);
  const opened = open(s, settings, { ...of, verdict: 'host failure', rule, rackRule: false }, at, true);
  return left.reduce<Step>(
    (step, x) => andThen(step, (n) => closed(n, x, 'retried', at, undefined, by)),
    elsewhere ? andThen(opened, (n) => stay(notOn(n, incident, item))) : opened,
  );
}

const notOn = (s: SchedulerState, incident: IncidentId, item: Item): SchedulerState => {
  const i = s.incidents.get(incident);
  return i === undefined ? s : { ...s, incidents: s.incidents.set(incident, { ...i, elsewhere: { [item.vm]: item.refusedBy ?? [] } }) };
};

/** Seen running by an agent, wherever: nobody needs to care any more. On a host that is being isolated it will not run for long. */
export function itemsSeen(s: SchedulerState, host: HostId, reports: readonly VmReport[], at: Instant): Step {
  let step: Step = stay(s);
  if (s.items.size === 0) return step;
  for (const r of reports) {
    const item = r.state === 'running' ? s.items.get(r.vm) : undefined;
    // on its old host it may be said to run since before that failed; on another one it was only not seen until now
    if (item === undefined || item.inError === true || (host === item.host && r.since < item.since)) continue;
    const isolating = isolatingOf(step.state, host);
    step = andThen(step, (n) =>
      isolating === null
        ? closed(inReport(n, item, host), item, 'runs', at, host)
        : stay({ ...n, items: n.items.set(item.vm, { ...item, seen: { host, incident: isolating } }) }),
    );
  }
  return step;
}

/** Which incident has ordered this host's isolation and does not know yet what became of that; recalled, it may still be under way. */
function isolatingOf(s: SchedulerState, host: HostId): IncidentId | null {
  const i = openIncidentOf(s, host);
  const isolation = i?.hosts[host]?.isolation;
  return i !== undefined && (isolation === 'requested' || isolation === 'recalled') ? i.incident : null;
}

/** This incident does not isolate the host after all: what was seen running on it meanwhile runs. */
export const itemsRun = (s: SchedulerState, { incident, host }: DataByType['lifeboat.isolation.withdrawn'], at: Instant): Step =>
  s.items
    .values()
    .reduce<Step>(
      (step, x) =>
        x.seen?.host === host && x.seen.incident === incident
          ? andThen(step, (n) => closed(inReport(n, x, host), x, 'runs', at, host))
          : step,
      stay(s),
    );

/** Its incident is still open: the report will say how it ended, not how it stood. */
function inReport(s: SchedulerState, item: Item, host: HostId): SchedulerState {
  const r = s.vms.get(item.vm);
  if (r?.incident !== item.incident || r.stage.kind !== 'settled' || r.stage.outcome !== 'unevacuable') return s;
  const reason = `it was not evacuated (${r.stage.reason}), and runs by now, seen by its agent`;
  return putVm(s, { ...r, stage: { kind: 'settled', outcome: 'running', host, reason } });
}

/** Its host takes VMs again: what is to start with it is started. */
export function startOnReturn(s: SchedulerState, host: HostId, at: Instant): Step {
  let step: Step = stay(s);
  for (const item of s.items.values()) {
    if (item.host !== host || !item.startOnReturn) continue;
    const order = { incident: item.incident, vm: item.vm, host, how: 'reboot' as const, attempt: 1, since: at, epoch: epochOf(s), at };
    step = andThen(step, (n) =>
      decided(
        { ...n, items: n.items.set(item.vm, { ...item, startOnReturn: false }) },
        tell({ type: 'lifeboat.restart.requested', data: order }),
      ),
    );
  }
  return step;
}

/** Items are not forgotten: now and then all that wait of one incident are told of again, together. */
export function remind(s: SchedulerState, settings: SchedulerSettings, at: Instant): Step {
  const due = s.items.values().filter((x) => at >= x.remindAt);
  let step: Step = stay(s);
  for (const incident of [...new Set(due.map((x) => x.incident))].sort() as IncidentId[]) {
    const items = s.items.values().filter((x) => x.incident === incident);
    const reminder = Math.max(...items.map((x) => x.reminders)) + 1;
    const told = tell({
      type: 'lifeboat.items.waiting',
      data: {
        incident,
        items: items.map(({ vm, name, host, reason, since, drained }) => ({
          ...{ vm, ...named(name), host, reason: reason.slice(0, 500), since },
          ...(drained === true ? { drained } : {}),
        })),
        reminder,
        at,
      },
    });
    step = andThen(step, (n) => {
      const reminded = items.reduce((t, x) => t.set(x.vm, { ...x, reminders: reminder, remindAt: after(at, settings.remindMs) }), n.items);
      return decided({ ...n, items: reminded }, told);
    });
  }
  return step;
}
