import type { LifeboatEvent } from '@lifeboat/contracts';
import type { HostId, IncidentId } from '@lifeboat/kernel';
import { sentence } from '@lifeboat/story';
import type { EmbeddedRegion } from './region.ts';

/** What Lifeboat is doing about a host, as its events tell it. */
export type HostPhase = 'well' | 'suspected' | 'alerted' | 'confirmed' | 'isolated' | 'shut out' | 'kept out';
export interface IncidentView {
  readonly incident: IncidentId;
  readonly verdict: string;
  readonly rule: string;
  readonly hosts: readonly HostId[];
  readonly openedAt: number;
  closedAt: number | null;
  outcome: string;
  vms: number;
  started: number;
  evacuated: number;
  verified: number;
  unevacuable: number;
  waitingFor: string;
}

const KEEP_EVENTS = 20_000;
const QUIET = new Set([
  'lifeboat.round.completed',
  'lifeboat.node.observed',
  'lifeboat.agent.reported',
  'lifeboat.evacuation.started',
  'lifeboat.vm.evacuated',
  'lifeboat.vm.verified',
]);

/** Keeps what people look at: the phase of every host, the incidents, the latest sentences. Fed with events only. */
export class RegionView {
  readonly #region: EmbeddedRegion;
  readonly #phases = new Map<HostId, HostPhase>();
  readonly #incidents = new Map<IncidentId, IncidentView>();
  readonly #lines: { at: number; source: string; text: string; incident: string }[] = [];
  #events: LifeboatEvent[] = [];
  #version = 0;

  constructor(region: EmbeddedRegion) {
    this.#region = region;
    region.world.onFact((f) => {
      if (f.kind !== 'copy') this.#version += 1;
    });
  }

  get events(): readonly LifeboatEvent[] {
    return this.#events;
  }
  get version(): number {
    return this.#version;
  }
  get incidents(): IncidentView[] {
    return [...this.#incidents.values()].reverse();
  }
  get lines() {
    return this.#lines;
  }
  phase(host: HostId): HostPhase {
    return this.#phases.get(host) ?? 'well';
  }

  observe(e: LifeboatEvent): void {
    this.#version += 1;
    this.#events.push(e);
    if (this.#events.length > 2 * KEEP_EVENTS) this.#events = this.#events.slice(-KEEP_EVENTS);
    if (!QUIET.has(e.type)) {
      this.#lines.push({ at: e.time, source: e.source.split('/')[0] ?? '', text: sentence(e), incident: e.incident ?? '' });
      if (this.#lines.length > 400) this.#lines.splice(0, 200);
    }
    this.#phase(e);
    this.#incident(e);
  }

  #phase(e: LifeboatEvent): void {
    const set = (host: HostId, phase: HostPhase) => this.#phases.set(host, phase);
    switch (e.type) {
      case 'lifeboat.agent.lost':
        if (this.phase(e.data.host) === 'well') set(e.data.host, 'suspected');
        break;
      case 'lifeboat.agent.registered':
        if (this.phase(e.data.host) === 'suspected') set(e.data.host, 'well');
        break;
      case 'lifeboat.fault.diagnosed':
      case 'lifeboat.fault.held':
        for (const h of e.data.hosts) set(h, 'alerted');
        break;
      case 'lifeboat.fault.cleared':
        if (e.data.incident === undefined) set(e.data.host, 'well');
        break;
      case 'lifeboat.fault.confirmed':
        for (const h of e.data.hosts) set(h, 'confirmed');
        break;
      case 'lifeboat.host.isolated':
        set(e.data.host, 'isolated');
        break;
      case 'lifeboat.host.shut-out':
        set(e.data.host, 'shut out');
        break;
      case 'lifeboat.incident.closed':
        for (const h of e.data.hosts) set(h, e.data.outcome === 'withdrawn' ? 'well' : 'kept out');
        break;
      case 'lifeboat.host.released':
        set(e.data.host, 'well');
        break;
      default:
    }
  }

  #incident(e: LifeboatEvent): void {
    if (e.type === 'lifeboat.incident.opened') {
      const { incident, verdict, rule, hosts, at } = e.data;
      this.#incidents.set(incident, {
        incident,
        verdict,
        rule,
        hosts,
        openedAt: at,
        closedAt: null,
        outcome: '',
        vms: 0,
        started: 0,
        evacuated: 0,
        verified: 0,
        unevacuable: 0,
        waitingFor: '',
      });
    }
    const i = e.incident === undefined ? undefined : this.#incidents.get(e.incident);
    if (i === undefined) return;
    if (e.type === 'lifeboat.plan.made') i.vms = Math.max(i.vms, e.data.plan.placements.length + e.data.plan.unplaced.length);
    if (e.type === 'lifeboat.evacuation.started') i.started += 1;
    if (e.type === 'lifeboat.vm.evacuated') i.evacuated += 1;
    if (e.type === 'lifeboat.vm.verified') i.verified += 1;
    if (e.type === 'lifeboat.vm.unevacuable') i.unevacuable += 1;
    if (e.type === 'lifeboat.incident.waiting') i.waitingFor = `${e.data.for}: ${e.data.reason}`;
    if (e.type === 'lifeboat.evacuation.requested') i.waitingFor = '';
    if (e.type === 'lifeboat.incident.closed') {
      i.closedAt = e.data.at;
      i.outcome = e.data.outcome;
      i.waitingFor = '';
    }
  }

  /** Everything that the page and the terminal draw. */
  snapshot() {
    const { world } = this.#region;
    const running = new Map<string, number>();
    let twice = 0;
    let vms = 0;
    for (const v of world.vms.values()) {
      if (!v.deleted) vms += 1;
      if (v.copies.size > 1) twice += 1;
      for (const h of v.copies.keys()) running.set(h, (running.get(h) ?? 0) + 1);
    }
    const racks = [...world.racks.values()].map((r) => ({
      rack: r.rack,
      power: r.power,
      hosts: [...world.hosts.values()]
        .filter((h) => h.spec.rack === r.rack)
        .map((h) => ({
          host: h.spec.host,
          cluster: h.spec.cluster,
          fast: h.spec.highPerformance,
          os: h.os,
          management: h.onManagement,
          production: h.onProduction,
          agent: h.agent,
          running: running.get(h.spec.host) ?? 0,
          phase: this.phase(h.spec.host),
        })),
    }));
    return {
      at: world.now(),
      region: world.topology.region,
      clusters: world.topology.clusters.map((c) => ({ cluster: c.cluster, fast: c.highPerformance ?? false })),
      racks,
      vms: { total: vms, running: [...running.values()].reduce((a, b) => a + b, 0), twice },
      services: this.#region.processes.map((p) => ({ name: p.name, leading: p.leading })),
      incidents: this.incidents.slice(0, 30),
      lines: this.#lines.slice(-60),
    };
  }
}
export type RegionSnapshot = ReturnType<RegionView['snapshot']>;
