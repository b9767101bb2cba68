import { type EventType, type LifeboatEvent, type NewEvent, type Placement, unevacuableActions } from '@lifeboat/contracts';
import { type EventId, type HostId, hostId, type IncidentId, type Instant, isoTime, stableId, type VmId, vmId } from '@lifeboat/kernel';
import { vmCalled } from '@lifeboat/story';
import { incidentsIn } from './incidents.ts';

/** What somebody said, at the command line or in the console. */
export interface Wish {
  readonly by: string;
  readonly at: Instant;
  readonly incident?: string;
  readonly host?: string;
  readonly vms: readonly string[];
  readonly words?: string;
  readonly go: boolean;
  readonly decline: boolean;
}
/** What is said back; and the order that goes with it, if one does. */
export interface Said {
  readonly lines: readonly string[];
  readonly order: NewEvent | null;
}
export class NotSo extends Error {}

const inOrder = (all: readonly LifeboatEvent[]): LifeboatEvent[] => [...all].sort((a, b) => a.time - b.time || a.sequence - b.sequence);

/** The VMs of an incident that have a place and wait for a word, as the events tell: by the newest plan that names each. */
export function waitingIn(all: readonly LifeboatEvent[], incident: IncidentId): Placement[] {
  const waiting = new Map<VmId, Placement>();
  for (const e of inOrder(all)) {
    if (e.incident !== incident) continue;
    if (e.type === 'lifeboat.plan.made') for (const p of e.data.plan.placements) waiting.set(p.vm, p);
    if (e.type === 'lifeboat.evacuation.requested') for (const p of e.data.placements) waiting.delete(p.vm);
    if (e.type === 'lifeboat.vm.unevacuable') waiting.delete(e.data.vm);
    if (e.type === 'lifeboat.incident.closed') waiting.clear();
  }
  return [...waiting.values()].sort((a, b) => a.priority - b.priority || (a.vm < b.vm ? -1 : 1));
}

function incidentOf(all: readonly LifeboatEvent[], w: Wish): IncidentId {
  const open = incidentsIn(all).filter((i) => i.ended === 'open');
  const found =
    w.incident !== undefined ? open.find((i) => i.incident === w.incident) : open.find((i) => i.hosts.some((h) => h === w.host));
  if (found === undefined) throw new NotSo(`no open incident ${w.incident ?? `about ${w.host ?? 'nothing: say --incident or --host'}`}`);
  return found.incident as IncidentId;
}

/** Everything that has a place and waits for a word, by incident: what a person could evacuate now. */
export const couldBeEvacuated = (all: readonly LifeboatEvent[]): { incident: IncidentId; waiting: Placement[] }[] =>
  incidentsIn(all)
    .filter((i) => i.ended === 'open')
    .map((i) => ({ incident: i.incident as IncidentId, waiting: waitingIn(all, i.incident as IncidentId) }))
    .filter((i) => i.waiting.length > 0);

function listAll(all: readonly LifeboatEvent[]): string[] {
  const found = couldBeEvacuated(all);
  if (found.length === 0) return ['no VM waits for a person to start its evacuation'];
  const lines = found.flatMap(({ incident, waiting }) => {
    const from = [...new Set(waiting.map((p) => p.from))].sort();
    const of = from.map((host) => `  ${host}: ${waiting.filter((p) => p.from === host).length} VMs with a place`);
    return [`${incident}: ${waiting.length} VMs with a place`, ...of];
  });
  return [...lines, 'evacuate --incident I [--host H] [--vm V ...] shows where each would go; with --yes it starts just that'];
}

/** Lists what could be evacuated and where it would go; with `go`, starts just that. */
export function evacuate(all: readonly LifeboatEvent[], w: Wish): Said {
  if (w.incident === undefined && w.host === undefined && w.vms.length === 0 && !w.go && !w.decline)
    return { lines: listAll(all), order: null };
  const incident = incidentOf(all, w);
  const waiting = waitingIn(all, incident);
  const picked = waiting.filter((p) => (w.host === undefined || p.from === w.host) && (w.vms.length === 0 || w.vms.includes(p.vm)));
  const unknown = w.vms.filter((vm) => !waiting.some((p) => p.vm === vm));
  if (unknown.length > 0) throw new NotSo(`no plan of ${incident} has a place for ${unknown.join(', ')}`);
  const lines = [
    `${incident}: ${picked.length} of ${waiting.length} VMs with a place`,
    ...picked.map((p) => `  ${vmCalled(p.vm, p.name)}  ${p.from} → ${p.to}  priority ${p.priority}  (${p.because})`),
  ];
  if (w.decline) return { lines: [...lines, `declined by ${w.by}`], order: chosen(incident, 'do-not', [], w) };
  if (picked.length === 0) return { lines: [...lines, 'nothing waits to be started'], order: null };
  if (!w.go) return { lines: [...lines, 'nothing was started; add --yes to start it, --no to decline it'], order: null };
  return { lines: [...lines, `started by ${w.by}`], order: chosen(incident, 'evacuate', picked, w) };
}

const chosen = (incident: IncidentId, answer: 'evacuate' | 'do-not', picked: readonly Placement[], w: Wish): NewEvent => ({
  type: 'lifeboat.evacuation.chosen',
  data: { incident, answer, placements: picked.map(({ vm, from, to }) => ({ vm, from, to })), by: w.by, at: w.at },
});

export function statement(all: readonly LifeboatEvent[], w: Wish): Said {
  if (w.host === undefined) throw new NotSo('statement: about which host? --host H');
  const incident = incidentsIn(all).find((i) => i.ended === 'open' && i.hosts.some((h) => h === w.host))?.incident;
  const words = w.words ?? 'I have seen that it is down';
  return {
    lines: [
      `${isoTime(w.at)} ${w.by} states ${incident === undefined ? '(no incident is open about it: one is opened if its agent is silent)' : `for ${incident}`}: host ${w.host} is down: ${words}`,
    ],
    order: { type: 'lifeboat.statement.made', data: { host: hostId(w.host), by: w.by, words, at: w.at } },
  };
}

export function release(w: Wish): Said {
  if (w.host === undefined) throw new NotSo('release: which host? --host H');
  return {
    lines: [`${w.by} lets ${w.host} take VMs again, as soon as Nova has cleaned it`],
    order: { type: 'lifeboat.release.approved', data: { host: hostId(w.host), by: w.by, at: w.at } },
  };
}

export interface OpenItem {
  readonly vm: VmId;
  readonly name: string;
  readonly host: HostId;
  readonly incident: IncidentId;
  readonly reason: string;
  readonly since: Instant;
}
export function itemsIn(all: readonly LifeboatEvent[]): OpenItem[] {
  const items = new Map<VmId, OpenItem>();
  for (const e of inOrder(all)) {
    if (e.type === 'lifeboat.vm.unevacuable') {
      const { vm, name = '', host, incident, reason, at } = e.data;
      items.set(vm, { vm, name, host, incident, reason, since: at });
    }
    if (e.type === 'lifeboat.item.closed') items.delete(e.data.vm);
  }
  return [...items.values()].sort((a, b) => a.since - b.since || (a.vm < b.vm ? -1 : 1));
}

export const itemTable = (items: readonly OpenItem[]): string =>
  items.length === 0
    ? 'no VM waits for anybody'
    : items.map((x) => `${isoTime(x.since)}  ${vmCalled(x.vm, x.name)}  ${x.host}  ${x.incident}  ${x.reason}`).join('\n');

export function item(all: readonly LifeboatEvent[], vm: string | undefined, action: string | undefined, w: Wish): Said {
  const found = itemsIn(all).find((x) => x.vm === vm);
  if (found === undefined) throw new NotSo(`no item about VM ${vm ?? '(none named)'}; there are:\n${itemTable(itemsIn(all))}`);
  const known = unevacuableActions.find((a) => a === action);
  if (known === undefined) throw new NotSo(`item: what is to be done? one of ${unevacuableActions.join(', ')}`);
  return {
    lines: [`${w.by}: VM ${vmCalled(found.vm, found.name)} (${found.reason}): ${known}`],
    order: { type: 'lifeboat.item.decided', data: { vm: vmId(found.vm), action: known, by: w.by, at: w.at } },
  };
}

/**
 * A person's orders come from one source each, numbered by its clock: an older one that comes late is not obeyed. Two machines
 * are two sources: their clocks may differ.
 */
export function orderEvent(order: NewEvent, from: { readonly source: string; readonly at: Instant }): LifeboatEvent {
  const { incident } = order.data as { incident?: IncidentId };
  const { source, at } = from;
  const id = stableId(source, at, JSON.stringify(order)) as EventId;
  const event = {
    type: order.type satisfies EventType,
    data: order.data,
    id,
    source: `console/${source}`,
    time: at,
    sequence: at as number,
  };
  return { ...event, ...(incident === undefined ? {} : { incident }) } as LifeboatEvent;
}
