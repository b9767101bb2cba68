import { automationLevels, type EventOf, type LifeboatEvent, policyOf, type Topology } from '@lifeboat/contracts';
import type { HostId, IncidentId, Instant } from '@lifeboat/kernel';

interface Question {
  readonly incident: IncidentId;
  readonly covers: NonNullable<EventOf<'lifeboat.confirmation.requested'>['data']['covers']>;
  readonly expiresAt: Instant;
  /** When a person who may answer sent a yes with its code. */
  yesAt: Instant | null;
  over: boolean;
}

/**
 * Safety rule 7, judged by what people were really sent and really answered: in a cluster that asks, nothing is ordered to
 * be evacuated without a valid yes to a question that named that VM and that cluster, and that still stood.
 */
export class Consents {
  readonly #topology: Topology;
  readonly #clusterOf: ReadonlyMap<HostId, string>;
  readonly #asks = new Set<IncidentId>();
  readonly #questions = new Map<string, Question>();
  /** What people have started by hand: 'incident vm' → the cluster that they were shown. */
  readonly #byHand = new Map<string, string | undefined>();

  constructor(topology: Topology) {
    this.#topology = topology;
    this.#clusterOf = new Map(topology.hosts.map((h) => [h.host, h.cluster]));
  }

  /** Those that were ever asked, by name: to find out what a message was about. */
  questions(): readonly string[] {
    return [...this.#questions.keys()];
  }

  /** Somebody who may answer said yes, with the right code, in time by their own clock. */
  saidYes(confirmation: string, at: Instant): void {
    const q = this.#questions.get(confirmation);
    if (q !== undefined && q.yesAt === null && at < q.expiresAt) q.yesAt = at;
  }

  /** What is wrong with this event; null: nothing. */
  observe(e: LifeboatEvent, at: Instant): string | null {
    switch (e.type) {
      case 'lifeboat.incident.opened': {
        const strict = e.data.hosts.map((h) => policyOf(this.#topology, this.#clusterOf.get(h) ?? '').automation);
        if (strict.some((level) => automationLevels.indexOf(level) > 0)) this.#asks.add(e.data.incident);
        return null;
      }
      case 'lifeboat.confirmation.requested': {
        const { incident, confirmation, expiresAt, covers = [] } = e.data;
        this.#questions.set(confirmation, { incident, covers, expiresAt, yesAt: null, over: false });
        return null;
      }
      case 'lifeboat.evacuation.chosen': {
        const { incident, answer, placements } = e.data;
        if (answer === 'evacuate') for (const p of placements) this.#byHand.set(`${incident} ${p.vm}`, this.#clusterOf.get(p.to));
        return null;
      }
      case 'lifeboat.confirmation.expired': {
        const q = this.#questions.get(e.data.confirmation);
        if (q !== undefined) q.over = true;
        return null;
      }
      case 'lifeboat.evacuation.requested':
        return this.#asks.has(e.data.incident) ? this.#unasked(e, at) : null;
      default:
        return null;
    }
  }

  #unasked({ data: d }: EventOf<'lifeboat.evacuation.requested'>, at: Instant): string | null {
    const what = `evacuation of ${d.placements.length} VMs from ${d.host} was requested in ${d.incident}`;
    const started = (p: (typeof d.placements)[number]): boolean => {
      const cluster = this.#byHand.get(`${d.incident} ${p.vm}`);
      return cluster !== undefined && [p.to, ...p.alternates].every((h) => this.#clusterOf.get(h) === cluster);
    };
    if (d.confirmation !== undefined && d.placements.every(started)) return null;
    const q = d.confirmation === undefined ? undefined : this.#questions.get(d.confirmation);
    if (q === undefined || q.incident !== d.incident) return `${what}, and nobody was asked (${d.confirmation ?? 'no confirmation'})`;
    if (q.yesAt === null || q.yesAt > at) return `${what}, and nobody who may answer said yes to ${d.confirmation}`;
    if (q.over) return `${what} under ${d.confirmation}, which held no longer`;
    for (const p of d.placements) {
      const shown = q.covers.find((c) => c.vm === p.vm && c.from === p.from);
      const strange = [p.to, ...p.alternates].find((h) => this.#clusterOf.get(h) !== shown?.cluster);
      if (shown === undefined) return `${what} with VM ${p.vm}, which the person who said yes was not shown`;
      if (strange !== undefined) return `${what} with VM ${p.vm} to ${strange}, which is not in ${shown.cluster} as was shown`;
    }
    return null;
  }
}
