import type { AutomationLevel, EventOf, LifeboatEvent } from '@lifeboat/contracts';
import type { HostId, IncidentId, VmId } from '@lifeboat/kernel';

/** What people are asked about an incident, as long as it is open. */
export interface QuestionView {
  readonly confirmation: string;
  readonly vms: number;
  readonly quorum: number;
  readonly expiresAt: number;
  /** Who has answered what; the scheduler has the last word. */
  readonly answers: { by: string; answer: string; channel: string }[];
}
/** One incident, as its events tell it. Sets of VMs, not counts: what is told twice counts once. */
export interface IncidentView {
  readonly kind: 'incident';
  readonly incident: IncidentId;
  readonly verdict: string;
  readonly rule: string;
  readonly hosts: readonly HostId[];
  readonly automation: AutomationLevel;
  readonly openedAt: number;
  closedAt: number | null;
  outcome: string;
  /** Proven dead: by what. */
  readonly dead: Map<HostId, string>;
  readonly vms: Set<VmId>;
  readonly started: Set<VmId>;
  readonly evacuated: Set<VmId>;
  readonly verified: Set<VmId>;
  readonly stopped: Set<VmId>;
  /** Not evacuated, and not settled since. */
  readonly left: Map<VmId, { readonly host: HostId; readonly reason: string }>;
  /** For what it waits → the reason. */
  readonly waits: Map<string, string>;
  /** Hosts that no fence method could isolate: a person's statement is wanted. */
  readonly unproven: Set<HostId>;
  question: QuestionView | null;
}

/** A planned evacuation, as its events tell it. */
export interface DrainView {
  readonly kind: 'drain';
  readonly incident: IncidentId;
  readonly host: HostId;
  readonly by: string;
  readonly openedAt: number;
  closedAt: number | null;
  outcome: string;
  disabled: boolean;
  readonly vms: Set<VmId>;
  readonly moving: Set<VmId>;
  readonly moved: Set<VmId>;
  readonly left: Map<VmId, { readonly host: HostId; readonly reason: string }>;
  waitingFor: string;
}

export function incidentSeen(incidents: Map<IncidentId, IncidentView>, e: LifeboatEvent): void {
  if (e.type === 'lifeboat.incident.opened' && !incidents.has(e.data.incident)) incidents.set(e.data.incident, openedIncident(e));
  const i = e.incident === undefined ? undefined : incidents.get(e.incident);
  if (i !== undefined) incidentSaw(i, e);
}

export function drainSeen(drains: Map<IncidentId, DrainView>, e: LifeboatEvent): void {
  if (e.type === 'lifeboat.drain.opened' && !drains.has(e.data.incident)) drains.set(e.data.incident, openedDrain(e));
  // a host that takes VMs again: nobody needs to let it any more
  if (e.type === 'lifeboat.host.released') for (const d of drains.values()) if (d.host === e.data.host) d.disabled = false;
  const d = e.incident === undefined ? undefined : drains.get(e.incident);
  if (d !== undefined) drainSaw(d, e);
}

const openedIncident = ({ data }: EventOf<'lifeboat.incident.opened'>): IncidentView => ({
  kind: 'incident',
  incident: data.incident,
  verdict: data.verdict,
  rule: data.rule,
  hosts: data.hosts,
  automation: data.automation,
  openedAt: data.at,
  closedAt: null,
  outcome: '',
  dead: new Map(),
  vms: new Set(),
  started: new Set(),
  evacuated: new Set(),
  verified: new Set(),
  stopped: new Set(),
  left: new Map(),
  waits: new Map(),
  unproven: new Set(),
  question: null,
});

const openedDrain = ({ data }: EventOf<'lifeboat.drain.opened'>): DrainView => ({
  kind: 'drain',
  incident: data.incident,
  host: data.host,
  by: data.by,
  openedAt: data.at,
  closedAt: null,
  outcome: '',
  disabled: data.disable,
  vms: new Set(),
  moving: new Set(),
  moved: new Set(),
  left: new Map(),
  waitingFor: '',
});

function incidentSaw(i: IncidentView, e: LifeboatEvent): void {
  switch (e.type) {
    case 'lifeboat.host.isolated':
      i.dead.set(e.data.host, e.data.proof.method);
      i.unproven.delete(e.data.host);
      i.waits.delete('isolation');
      break;
    case 'lifeboat.isolation.failed':
      i.unproven.add(e.data.host);
      break;
    case 'lifeboat.plan.made':
      for (const p of [...e.data.plan.placements, ...e.data.plan.unplaced]) i.vms.add(p.vm);
      if (e.data.plan.unplaced.length === 0) i.waits.delete('capacity');
      break;
    case 'lifeboat.evacuation.requested':
      for (const what of ['person', 'confirmation', 'cloud']) i.waits.delete(what);
      break;
    case 'lifeboat.evacuation.started':
      i.started.add(e.data.vm);
      break;
    case 'lifeboat.vm.evacuated':
      i.evacuated.add(e.data.vm);
      break;
    case 'lifeboat.vm.verified':
      i.verified.add(e.data.vm);
      break;
    case 'lifeboat.vm.unevacuable':
      i.vms.add(e.data.vm);
      i.left.set(e.data.vm, e.data);
      break;
    case 'lifeboat.item.closed':
      i.left.delete(e.data.vm);
      break;
    case 'lifeboat.incident.waiting':
      i.waits.set(e.data.for, e.data.reason);
      break;
    case 'lifeboat.incident.closed':
      incidentClosed(i, e.data);
      break;
    default:
      i.question = questionAfter(i.question, e);
  }
}

/** The report at the end is the truth about every VM. */
function incidentClosed(i: IncidentView, d: EventOf<'lifeboat.incident.closed'>['data']): void {
  Object.assign(i, { closedAt: d.at, outcome: d.outcome, question: null });
  i.waits.clear();
  i.unproven.clear();
  for (const v of d.vms) {
    i.vms.add(v.vm);
    if (v.outcome === 'running') i.verified.add(v.vm);
    if (v.outcome === 'stopped') i.stopped.add(v.vm);
  }
}

function questionAfter(q: QuestionView | null, e: LifeboatEvent): QuestionView | null {
  switch (e.type) {
    case 'lifeboat.confirmation.requested': {
      const { confirmation, vms, quorum = 1, expiresAt } = e.data;
      return { confirmation, vms, quorum, expiresAt, answers: [] };
    }
    case 'lifeboat.confirmation.received': {
      const { by, answer, channel } = e.data;
      return q === null || q.confirmation !== e.data.confirmation ? q : { ...q, answers: [...q.answers, { by, answer, channel }] };
    }
    case 'lifeboat.confirmation.settled':
    case 'lifeboat.confirmation.expired':
      return q?.confirmation === e.data.confirmation ? null : q;
    default:
      return q;
  }
}

function drainSaw(d: DrainView, e: LifeboatEvent): void {
  switch (e.type) {
    case 'lifeboat.migration.requested':
      for (const p of e.data.placements) d.vms.add(p.vm);
      d.waitingFor = '';
      break;
    case 'lifeboat.migration.started':
      d.moving.add(e.data.vm);
      break;
    case 'lifeboat.vm.migrated':
      d.moved.add(e.data.vm);
      d.moving.delete(e.data.vm);
      break;
    case 'lifeboat.migration.failed':
      d.moving.delete(e.data.vm);
      break;
    case 'lifeboat.vm.unevacuable':
      d.vms.add(e.data.vm);
      d.left.set(e.data.vm, e.data);
      break;
    case 'lifeboat.item.closed':
      d.left.delete(e.data.vm);
      break;
    case 'lifeboat.drain.waiting':
      d.waitingFor = e.data.reason;
      break;
    case 'lifeboat.drain.closed':
      drainClosed(d, e.data);
      break;
    default:
  }
}

function drainClosed(d: DrainView, data: EventOf<'lifeboat.drain.closed'>['data']): void {
  Object.assign(d, { closedAt: data.at, outcome: data.outcome, disabled: data.disabled, waitingFor: '' });
  d.moving.clear();
  for (const v of data.vms) {
    d.vms.add(v.vm);
    if (v.outcome === 'moved') d.moved.add(v.vm);
    if (v.outcome === 'left' && !d.left.has(v.vm)) d.left.set(v.vm, { host: d.host, reason: v.reason ?? 'it did not leave' });
  }
}

/** As they are sent to a page: numbers, not names. */
export const toldIncident = ({ dead, vms, started, evacuated, verified, stopped, left, waits, unproven, ...i }: IncidentView) => ({
  ...i,
  vms: vms.size,
  started: started.size,
  evacuated: evacuated.size,
  verified: verified.size,
  stopped: stopped.size,
  unevacuable: left.size,
  proven: dead.size,
  waitingFor: [...waits].map(([what, reason]) => `${what}: ${reason}`).join('; '),
  unproven: [...unproven],
});
export const toldDrain = ({ vms, moving, moved, left, ...d }: DrainView) => ({
  ...d,
  vms: vms.size,
  moving: moving.size,
  moved: moved.size,
  left: left.size,
});
