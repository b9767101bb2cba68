import type { LifeboatEvent } from '@lifeboat/contracts';
import { type HostPhase, Live } from '@lifeboat/desk';
import type { HostId, IncidentId } from '@lifeboat/kernel';
import type { EmbeddedRegion } from './region.ts';
import { type Told, tellDrain, tellIncident } from './telling.ts';

export type { HostPhase };

/** What people look at: what the events tell, beside what really is in the simulated world. */
export class RegionView {
  readonly #region: EmbeddedRegion;
  readonly #live = new Live();
  #changes = 0;

  constructor(region: EmbeddedRegion) {
    this.#region = region;
    region.world.onFact((f) => {
      if (f.kind !== 'copy') this.#changes += 1;
    });
  }

  get version(): number {
    return this.#live.version + this.#changes;
  }
  get lines() {
    return this.#live.lines.map((l) => ({ ...l, text: l.text.en }));
  }
  phase(host: HostId): HostPhase {
    return this.#live.phase(host);
  }
  story(incident: IncidentId): string[] {
    return this.#live.story(incident);
  }
  observe(e: LifeboatEvent): void {
    this.#live.observe(e);
  }

  /** Incidents and drains in words, the latest first. */
  #worksTold(now: number): Told[] {
    const works = [...this.#live.incidents, ...this.#live.drains].sort((a, b) => b.openedAt - a.openedAt).slice(0, 30);
    return works.map((w) => (w.kind === 'drain' ? tellDrain(w, now) : tellIncident(w, this.#place(w.hosts), now)));
  }

  #place(hosts: readonly HostId[]): string {
    const racks = [...new Set(hosts.map((h) => this.#region.world.hosts.get(h)?.spec.rack))];
    if (hosts.length === 1) return hosts[0] ?? '';
    return `${racks.length === 1 ? `${racks[0]}, ` : ''}${hosts.length} hosts`;
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
      works: this.#worksTold(world.now()),
      lines: this.lines.slice(-60),
    };
  }
}
export type RegionSnapshot = ReturnType<RegionView['snapshot']>;
