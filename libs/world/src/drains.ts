import type { EventOf, LifeboatEvent } from '@lifeboat/contracts';
import type { HostId, IncidentId, Instant, VmId } from '@lifeboat/kernel';
import type { Fact } from './model.ts';
import { arrived, type Moving, undecided, waiting } from './nova/moves.ts';
import type { Nova } from './nova/nova.ts';
import type { World } from './world.ts';

interface DrainSeen {
  readonly incident: IncidentId;
  readonly host: HostId;
  readonly cold: boolean;
  readonly openedAt: Instant;
  /** What Nova had on the host when it was opened. */
  readonly vms: readonly VmId[];
  closedAt: Instant | null;
}

/** A call that was in hand when its drain was ended is still on its way for so long. */
const IN_HAND_MS = 45_000;

/**
 * Planned evacuation is gentle: what a person ordered and no more, nothing forced, nobody restarted without leave; and where a
 * migration is not decided, nothing is evacuated.
 */
export class DrainsSeen {
  readonly #world: World;
  readonly #nova: Nova;
  readonly #drains = new Map<IncidentId, DrainSeen>();
  /** By host: what people ordered. */
  readonly #ordered = new Map<HostId, { cold: boolean }>();

  constructor(world: World, nova: Nova) {
    this.#world = world;
    this.#nova = nova;
  }

  get open(): readonly DrainSeen[] {
    return [...this.#drains.values()].filter((d) => d.closedAt === null);
  }

  /** What is wrong with this event. */
  observe(e: LifeboatEvent): readonly string[] {
    const now = this.#world.now();
    switch (e.type) {
      case 'lifeboat.drain.chosen':
        this.#ordered.set(e.data.host, { cold: e.data.cold === true || this.#ordered.get(e.data.host)?.cold === true });
        return [];
      case 'lifeboat.drain.opened': {
        const { incident, host, cold } = e.data;
        if (this.#drains.has(incident)) return [];
        const vms = this.#nova.serversOn(host).map((s) => s.vm);
        this.#drains.set(incident, { incident, host, cold, openedAt: now, vms, closedAt: null });
        const order = this.#ordered.get(host);
        if (order === undefined) return [`${host} is drained (${incident}), and nobody has ordered that`];
        return cold && !order.cold ? [`${host} is drained with VMs being restarted (${incident}), and nobody has allowed that`] : [];
      }
      case 'lifeboat.drain.closed': {
        const d = this.#drains.get(e.data.incident);
        if (d === undefined || d.closedAt !== null) return [];
        d.closedAt = now;
        return this.#untrue(d, e.data);
      }
      default:
        return [];
    }
  }

  #untrue(d: DrainSeen, report: EventOf<'lifeboat.drain.closed'>['data']): string[] {
    const of = `the report of ${d.incident} says that`;
    const untrue: string[] = [];
    for (const v of report.vms) {
      const vm = this.#world.vms.get(v.vm);
      const server = this.#nova.server(v.vm);
      if (vm === undefined || server === undefined) continue;
      if (v.outcome === 'gone') untrue.push(`${of} VM ${v.vm} is gone, but its owner did not delete it`);
      // what is stopped has left no run there, and may have been moved on since
      const went = this.#nova.moves.some((m) => m.vm === v.vm && m.from === d.host && m.to === v.host && arrived.has(m.status));
      const wasThere = went || vm.runs.some((r) => r.host === v.host) || server.host === v.host;
      if (v.outcome === 'moved' && !wasThere) untrue.push(`${of} VM ${v.vm} has moved to ${v.host}, but Nova has it on ${server.host}`);
    }
    const left = d.vms.filter((vm) => this.#nova.server(vm)?.host === d.host);
    if (report.outcome === 'emptied' && report.whole && left.length > 0)
      untrue.push(`${of} ${d.host} is empty, but ${left.join(', ')} are on it`);
    return untrue;
  }

  /** What is wrong with this act. `incidentOpen`: one is open about the host that it is about. */
  fact(f: Fact, incidentOpen: boolean): string | null {
    const now = this.#world.now();
    const drainOf = (host: HostId) =>
      [...this.#drains.values()].findLast((d) => d.host === host && (d.closedAt === null || now - d.closedAt < IN_HAND_MS));
    if (f.kind === 'force-down')
      return incidentOpen || drainOf(f.host) === undefined ? null : `${f.by} forces ${f.host} down, which is drained and has not failed`;
    if (f.kind !== 'migrate-call' || f.by === 'owner' || f.how !== 'live') return null;
    return drainOf(f.from) === undefined ? `${f.by} asked Nova to migrate VM ${f.vm} away from ${f.from}, which nobody drains` : null;
  }

  /** May this VM be moved cold by Lifeboat? One that does not run is not restarted by it. */
  mayMoveCold(f: Extract<Fact, { kind: 'restart-call' }>): boolean {
    const now = this.#world.now();
    return [...this.#drains.values()].some(
      (d) => d.host === f.host && (d.cold || f.wellSince === null) && (d.closedAt === null || now - d.closedAt < IN_HAND_MS),
    );
  }

  /** Why this VM is not to be evacuated: its migration is not decided, and its guest may be at either end. */
  undecided(vm: VmId, from: HostId): string | null {
    // one that had not begun when its host lost its power has left nothing anywhere
    const lost = (status: Moving['status']) => waiting.has(status) && !this.#world.powered(from);
    const open = this.#nova.moves.find((m) => m.vm === vm && m.from === from && undecided.has(m.status) && !lost(m.status));
    return open === undefined ? null : `while its migration ${open.id} to ${open.to} is not decided (${open.status})`;
  }

  /** Drains that were never ended. */
  forgotten(): string[] {
    return this.open.map((d) => `the drain of ${d.host} (${d.incident}), open since ${this.#world.tell(d.openedAt)}, was never closed`);
  }
}
