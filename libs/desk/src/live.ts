import { type Language, type LifeboatEvent, languages, type Placement } from '@lifeboat/contracts';
import type { HostId, IncidentId, VmId } from '@lifeboat/kernel';
import { eventsOfIncident, ledTo, namesIn, sentence, shortName, tellStory } from '@lifeboat/story';
import { type DrainView, drainSeen, type IncidentView, incidentSeen } from './followed.ts';
import { type OpenItem, waitingIn } from './orders.ts';

/** What Lifeboat is doing about a host, as its events tell it. */
export type HostPhase = 'well' | 'suspected' | 'alerted' | 'confirmed' | 'isolated' | 'shut out' | 'kept out' | 'drained';
/** A host as its agent and its incidents tell it. */
export interface HostView {
  readonly host: HostId;
  phase: HostPhase;
  /** When its phase was told: what is older does not change it. */
  since: number;
  /** null: nothing was ever heard of it. */
  agent: 'ok' | 'lost' | null;
  readonly vms: Map<VmId, string>;
}
export interface Line {
  /** Counts up, one each. */
  readonly n: number;
  readonly at: number;
  readonly source: string;
  readonly text: Readonly<Record<Language, string>>;
  readonly incident: string;
}

/** Incidents that are over and are still told of; and what is kept of the time before an incident. */
const KEEP_CLOSED = 300;
const KEEP_EARLY = 4_000;
const KEEP_LINES = 400;
/** Of VMs that are long gone, too: nobody says when a name is not needed any more. Agents say it again when they register. */
const MOST_NAMES = 600_000;
const MOST_STORIES = 4 * KEEP_CLOSED;
/** Told all the time, or once a VM: counted elsewhere. */
const QUIET = new Set([
  'lifeboat.round.completed',
  'lifeboat.node.observed',
  'lifeboat.agent.reported',
  'lifeboat.evacuation.started',
  'lifeboat.vm.evacuated',
  'lifeboat.vm.verified',
]);

/** Keeps what people look at: hosts, incidents, drains, items, the latest sentences. Fed with events only, each once, and bounded. */
export class Live {
  readonly #hosts = new Map<HostId, HostView>();
  readonly #incidents = new Map<IncidentId, IncidentView>();
  readonly #drains = new Map<IncidentId, DrainView>();
  readonly #items = new Map<VmId, OpenItem>();
  readonly #events = new Map<IncidentId, LifeboatEvent[]>();
  /** As it was after so many events: asked for twice a second by every page. */
  readonly #waiting = new Map<IncidentId, { of: number; placements: readonly Placement[] }>();
  readonly #names = new Map<VmId, string>();
  readonly #lines: Line[] = [];
  #early: LifeboatEvent[] = [];
  #version = 0;
  #said = 0;

  /** Grows with every event. */
  get version(): number {
    return this.#version;
  }
  /** The newest first. */
  get incidents(): IncidentView[] {
    return [...this.#incidents.values()].reverse();
  }
  get drains(): DrainView[] {
    return [...this.#drains.values()].reverse();
  }
  get items(): OpenItem[] {
    return [...this.#items.values()].sort((a, b) => a.since - b.since || (a.vm < b.vm ? -1 : 1));
  }
  get lines(): readonly Line[] {
    return this.#lines;
  }
  get hosts(): HostView[] {
    return [...this.#hosts.values()];
  }
  host(host: HostId): HostView | undefined {
    return this.#hosts.get(host);
  }
  phase(host: HostId): HostPhase {
    return this.#hosts.get(host)?.phase ?? 'well';
  }
  incident(incident: IncidentId): IncidentView | undefined {
    return this.#incidents.get(incident);
  }
  /** In order of time, with what led to it. */
  eventsOf(incident: IncidentId): LifeboatEvent[] {
    return eventsOfIncident(this.#events.get(incident) ?? [], incident);
  }
  story(incident: IncidentId, language: Language = 'en'): string[] {
    return tellStory(this.#events.get(incident) ?? [], incident, language);
  }
  /** An event in words, VMs by their names. */
  tell(e: LifeboatEvent, language: Language = 'en'): string {
    return sentence(e, language, this.#names);
  }
  /** What a VM's owner calls it; '' where nobody has said it. */
  nameOf(vm: VmId): string {
    return shortName(this.#names.get(vm));
  }
  /** What could be evacuated of it now, and waits for a word. */
  waiting(incident: IncidentId): readonly Placement[] {
    const events = this.#events.get(incident) ?? [];
    const known = this.#waiting.get(incident);
    if (known?.of === events.length) return known.placements;
    const placements = waitingIn(events, incident);
    this.#waiting.set(incident, { of: events.length, placements });
    return placements;
  }

  observe(e: LifeboatEvent): void {
    this.#version += 1;
    namesIn(e, this.#names);
    if (!QUIET.has(e.type)) {
      this.#lines.push({
        n: ++this.#said,
        at: e.time,
        source: e.source.split('/')[0] ?? '',
        text: Object.fromEntries(languages.map((l) => [l, this.tell(e, l)])) as Record<Language, string>,
        incident: e.incident ?? '',
      });
      if (this.#lines.length > KEEP_LINES) this.#lines.splice(0, KEEP_LINES / 2);
    }
    this.#keep(e);
    this.#agent(e);
    for (const [host, phase] of phasesAfter(e, (h) => this.phase(h))) this.#set(host, phase, e.time);
    incidentSeen(this.#incidents, e);
    drainSeen(this.#drains, e);
    this.#item(e);
    this.#forget();
  }

  #view(host: HostId): HostView {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const view: HostView = { host, phase: 'well', since: 0, agent: null, vms: new Map() };
    this.#hosts.set(host, view);
    return view;
  }

  #set(host: HostId, phase: HostPhase, at: number): void {
    const view = this.#view(host);
    if (at >= view.since) Object.assign(view, { phase, since: at });
  }

  #agent(e: LifeboatEvent): void {
    if (e.type === 'lifeboat.agent.registered' || e.type === 'lifeboat.agent.lost') {
      const view = this.#view(e.data.host);
      view.agent = e.type === 'lifeboat.agent.lost' ? 'lost' : 'ok';
      view.vms.clear();
      for (const v of e.data.vms) view.vms.set(v.vm, v.state);
    }
    if (e.type !== 'lifeboat.agent.reported') return;
    const { vms } = this.#view(e.data.host);
    for (const v of e.data.changed) vms.set(v.vm, v.state);
    for (const vm of e.data.gone) vms.delete(vm);
  }

  #item(e: LifeboatEvent): void {
    if (e.type === 'lifeboat.vm.unevacuable') {
      const { vm, name = '', host, incident, reason, at } = e.data;
      this.#items.set(vm, { vm, name, host, incident, reason, since: at });
    }
    if (e.type === 'lifeboat.item.closed') this.#items.delete(e.data.vm);
    if (e.type === 'lifeboat.incident.closed') this.#waiting.delete(e.data.incident);
  }

  /** Events of an incident, and of what led to it before it had a name. */
  #keep(e: LifeboatEvent): void {
    if (e.incident === undefined) {
      if (!ledTo(e)) return;
      this.#early.push(e);
      if (this.#early.length > 2 * KEEP_EARLY) this.#early = this.#early.slice(-KEEP_EARLY);
      return;
    }
    const of = this.#events.get(e.incident);
    if (of !== undefined) of.push(e);
    else this.#events.set(e.incident, [e]);
    if (e.type !== 'lifeboat.fault.confirmed') return;
    const own = this.#events.get(e.incident) ?? [];
    own.unshift(...eventsOfIncident([e, ...this.#early], e.incident).filter((x) => x.incident === undefined));
  }

  #forget(): void {
    if (this.#names.size > MOST_NAMES)
      for (const vm of this.#names.keys()) {
        if (this.#names.size <= 0.75 * MOST_NAMES) break;
        this.#names.delete(vm);
      }
    // single VMs' failures have names, too, and no page of their own
    if (this.#events.size > MOST_STORIES)
      for (const id of this.#events.keys()) {
        if (this.#events.size <= MOST_STORIES / 2) break;
        if (!this.#incidents.has(id) && !this.#drains.has(id)) this.#events.delete(id);
      }
    const ended = (i: { closedAt: number | null }) => i.closedAt !== null;
    for (const all of [this.#incidents, this.#drains] as Map<IncidentId, IncidentView | DrainView>[]) {
      if (all.size <= KEEP_CLOSED) continue;
      for (const [id, i] of all) {
        if (all.size <= KEEP_CLOSED) break;
        if (!ended(i)) continue;
        all.delete(id);
        this.#events.delete(id);
      }
    }
  }
}

/** Which hosts are in another phase after an event. */
function phasesAfter(e: LifeboatEvent, now: (host: HostId) => HostPhase): (readonly [HostId, HostPhase])[] {
  const all = (hosts: readonly HostId[], phase: HostPhase) => hosts.map((h) => [h, phase] as const);
  switch (e.type) {
    case 'lifeboat.agent.lost':
      return now(e.data.host) === 'well' ? [[e.data.host, 'suspected']] : [];
    case 'lifeboat.agent.registered':
      return now(e.data.host) === 'suspected' ? [[e.data.host, 'well']] : [];
    case 'lifeboat.fault.diagnosed':
    case 'lifeboat.fault.held':
      return all(e.data.hosts, 'alerted');
    case 'lifeboat.fault.cleared':
      return e.data.incident === undefined ? [[e.data.host, 'well']] : [];
    case 'lifeboat.network.cleared':
      return all(
        e.data.hosts.filter((h) => now(h) === 'alerted'),
        'well',
      );
    case 'lifeboat.fault.confirmed':
      return all(e.data.hosts, 'confirmed');
    case 'lifeboat.host.isolated':
      return [[e.data.host, 'isolated']];
    case 'lifeboat.host.shut-out':
      return [[e.data.host, 'shut out']];
    case 'lifeboat.incident.closed':
      return all(e.data.hosts, e.data.outcome === 'withdrawn' ? 'well' : 'kept out');
    case 'lifeboat.drain.opened':
      return [[e.data.host, 'drained']];
    case 'lifeboat.drain.closed':
      return !e.data.disabled && now(e.data.host) === 'drained' ? [[e.data.host, 'well']] : [];
    case 'lifeboat.host.released':
      return [[e.data.host, 'well']];
    default:
      return [];
  }
}
