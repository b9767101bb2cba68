import type { ClusterId, HostId } from '@lifeboat/kernel';
import { type ClusterRulesOf, Survivability, type Survival } from '@lifeboat/planner';
import type { Clock } from '@lifeboat/ports';
import type { Endangered } from '../../effects.ts';
import type { FleetMirror } from './mirror.ts';

/** VMs rehearsed at a stretch: some tens of milliseconds. Between two stretches a plan may be asked for. */
const STRETCH = 20_000;
/** So many of the endangered are named with VMs, and so many VMs of each. */
const DETAILED = 100;
const NAMED = 20;

/** Whether each host and rack could fail without loss: kept up to date as the fleet changes. */
export class Outlook {
  readonly #mirror: FleetMirror;
  readonly #clock: Clock;
  readonly #survivability: Survivability;
  readonly #lost = new Map<string, Survival>();

  constructor(mirror: FleetMirror, clock: Clock, rules: ClusterRulesOf) {
    this.#mirror = mirror;
    this.#clock = clock;
    this.#survivability = new Survivability(mirror.model, rules);
  }

  /** Takes in what changed in the fleet, a stretch at a time; rests as long as it works. */
  async refresh(signal: AbortSignal): Promise<void> {
    for (let left = Infinity; !signal.aborted; ) {
      const began = this.#clock.monotonic();
      const { changed, pending } = this.#survivability.refresh(STRETCH);
      for (const s of changed) {
        if (s.unplaced.length > 0) this.#lost.set(`${s.kind}/${s.name}`, s);
        else this.#lost.delete(`${s.kind}/${s.name}`);
      }
      if (pending === 0 || pending >= left) return;
      left = pending;
      await this.#clock.sleep(this.#clock.monotonic() - began, signal);
    }
  }

  /** Racks first, then those that would lose most. A host that has failed already endangers nothing more by failing. */
  endangered(): Endangered[] {
    const lost = [...this.#lost.values()].filter((s) => s.kind === 'rack' || !this.#mirror.isShut(s.name as HostId));
    lost.sort((a, b) =>
      a.kind === b.kind ? b.unplaced.length - a.unplaced.length || (a.name < b.name ? -1 : 1) : a.kind === 'rack' ? -1 : 1,
    );
    return lost.map((s, i) => {
      const names = i < DETAILED ? s.unplaced.slice(0, NAMED) : [];
      return {
        ...{ kind: s.kind, name: s.name, clusters: this.#clustersOf(s), vms: s.vms, without: s.unplaced.length },
        names,
        called: names.map((vm) => this.#mirror.nameOf(vm)),
      };
    });
  }

  /** VMs that some failure would leave without a place, each once. */
  withoutPlace(): number {
    return new Set([...this.#lost.values()].flatMap((s) => s.unplaced)).size;
  }

  #clustersOf(s: Survival): ClusterId[] {
    const own = this.#mirror.hosts.get(s.name as HostId);
    if (s.kind === 'host') return own === undefined ? [] : [own.cluster];
    const found = new Set<ClusterId>();
    for (const h of this.#mirror.hosts.values()) if (h.rack === s.name) found.add(h.cluster);
    return [...found].sort();
  }
}
