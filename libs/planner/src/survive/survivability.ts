import type { HostId, RackId, VmId } from '@lifeboat/kernel';
import { at, pick } from '../arrays.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import { NOWHERE } from '../model/hosts.ts';
import type { ClusterRulesOf } from '../request.ts';
import { pose } from '../solve/pose.ts';
import { NONE } from '../solve/problem.ts';
import { solve } from '../solve/solve.ts';
import { NEVER, NO_ROOM, Refuges } from './refuges.ts';
import { Rehearsal } from './rehearsal.ts';

/** Would all VMs of a host, or of a rack, find a place if it failed now? */
export interface Survival {
  readonly kind: 'host' | 'rack';
  readonly name: HostId | RackId;
  readonly vms: number;
  /** VMs that would find no place. */
  readonly unplaced: readonly VmId[];
  /** VMs that must not be moved, whatever room there is. */
  readonly never: readonly VmId[];
}

export interface Refreshed {
  /** Targets whose answer is another one than before. */
  readonly changed: readonly Survival[];
  /** Targets that are still to be looked at: call again. */
  readonly pending: number;
}

/** A failure is a number: host row h is h; rack r is ~r. */
type Target = number;
/** How many of the hard cases one refresh may hand to the full planner; the others wait for the next one. */
const HARD_CASES = 4;
const CAREFUL = { pack: 150_000, search: 60_000 };

/**
 * Before anything fails: a place for every VM, for every host and every rack. The rehearsed places are kept, so that a
 * change asks again only for the failures it may touch: those of the changed host, those that counted on it, and, when
 * room has grown, those that found none.
 */
export class Survivability {
  readonly #model: FleetModel;
  readonly #rules: ClusterRulesOf;
  /** Each VM's refuge when its host fails, and when its rack fails. */
  readonly #byHost = new Refuges();
  readonly #byRack = new Refuges();
  #seen = -1;
  readonly #free = new Map<number, string>();
  readonly #pending = new Set<Target>();
  readonly #unplaced = new Map<Target, readonly number[]>();
  readonly #said = new Map<Target, string>();
  readonly #rehearsal: Rehearsal;

  constructor(model: FleetModel, rules: ClusterRulesOf) {
    this.#model = model;
    this.#rules = rules;
    this.#rehearsal = new Rehearsal(model, rules);
  }

  /** Takes in what changed in the fleet. `work` bounds the VMs rehearsed in this call. */
  refresh(work = Infinity): Refreshed {
    this.#widen();
    const rehearsal = this.#rehearsal;
    rehearsal.renew();
    this.#expect(this.#touched());
    this.#seen = this.#model.changes;
    const changed: Survival[] = [];
    let hard = 0;
    for (const target of [...this.#pending].sort((a, b) => a - b)) {
      if (rehearsal.work >= work) break;
      if (hard >= HARD_CASES && (this.#unplaced.get(target)?.length ?? 0) > 0) continue;
      this.#pending.delete(target);
      if (this.#rehearse(target)) hard += 1;
      const survival = this.#answer(target);
      const said = JSON.stringify([survival.unplaced, survival.never]);
      const before = this.#said.get(target) ?? '[[],[]]';
      if (survival.vms === 0) this.#said.delete(target);
      else this.#said.set(target, said);
      if (said !== before) changed.push(survival);
    }
    return { changed, pending: this.#pending.size };
  }

  /** Everything that has VMs, hosts first. */
  all(): Survival[] {
    return [...this.#said.keys()]
      .sort((a, b) => (a < 0 ? 1 : 0) - (b < 0 ? 1 : 0) || Math.abs(a) - Math.abs(b))
      .map((t) => this.#answer(t));
  }

  /** Where redundancy is lost. */
  lost(): Survival[] {
    return this.all().filter((s) => s.unplaced.length > 0);
  }

  #widen(): void {
    const [vms, hosts] = [this.#model.vms.ids.length, this.#model.hosts.size];
    this.#byHost.widen(vms, hosts);
    this.#byRack.widen(vms, hosts);
  }

  #touched(): Set<number> {
    const touched = new Set<number>();
    const { hosts } = this.#model;
    for (let h = 0; h < hosts.size; h++) if (at(hosts.changedAt, h) > this.#seen) touched.add(h);
    return touched;
  }

  #expect(touched: ReadonlySet<number>): void {
    const { hosts } = this.#model;
    let grew = false;
    for (const h of touched) {
      this.#add(h);
      const room = [
        at(hosts.usable, h),
        at(hosts.capVcpus, h) - at(hosts.usedVcpus, h),
        at(hosts.capMemory, h) - at(hosts.usedMemory, h),
        at(hosts.capDisk, h) - at(hosts.usedDisk, h),
      ];
      const before = (this.#free.get(h) ?? '0,0,0,0').split(',').map(Number);
      if (room.some((n, i) => n > pick(before, i))) grew = true;
      this.#free.set(h, room.join());
    }
    if (grew) for (const [target, rows] of this.#unplaced) if (rows.length > 0) this.#pending.add(target);
    if (touched.size < hosts.size) this.#mend(touched);
  }

  /** Failures that counted on a changed host: a new place for those VMs, or else the whole rehearsal again. */
  #mend(touched: ReadonlySet<number>): void {
    const { hosts, vms } = this.#model;
    const broken = new Map<Target, number[]>();
    const note = (target: Target, v: number) => {
      const list = broken.get(target);
      if (list) list.push(v);
      else broken.set(target, [v]);
    };
    const gone = (v: number) => vms.ids[v] === undefined;
    for (const h of touched) {
      for (let v = this.#byHost.first(h); v !== NOWHERE; v = this.#byHost.next(v)) if (!gone(v)) note(at(vms.host, v), v);
      for (let v = this.#byRack.first(h); v !== NOWHERE; v = this.#byRack.next(v))
        if (!gone(v) && at(hosts.rack, at(vms.host, v)) >= 0) note(~at(hosts.rack, at(vms.host, v)), v);
    }
    // In a fixed order, whatever came about in which: so that the refuges do not depend on the past of the lists.
    for (const [target, list] of [...broken].sort((a, b) => a[0] - b[0])) {
      if (this.#pending.has(target)) continue;
      const mended = this.#rehearsal.mend(
        this.#hostsOf(target),
        list.sort((a, b) => a - b),
        target >= 0 ? this.#byHost : this.#byRack,
      );
      if (!mended) this.#pending.add(target);
    }
  }

  #add(host: number): void {
    this.#pending.add(host);
    const rack = at(this.#model.hosts.rack, host);
    if (rack >= 0) this.#pending.add(~rack);
  }

  #hostsOf(target: Target): number[] {
    if (target >= 0) return [target];
    const { layout } = this.#model;
    const rows: number[] = [];
    for (let s = 0; s < layout.segments; s++)
      if (at(layout.rackOf, s) === ~target)
        for (let p = at(layout.start, s); p < at(layout.start, s + 1); p++) rows.push(at(layout.rowAt, p));
    return rows;
  }

  /** Returns whether it took the full planner: the first that fits is not the best, so it asks before it says no. */
  #rehearse(target: Target): boolean {
    const hosts = this.#hostsOf(target);
    const places = target >= 0 ? this.#byHost : this.#byRack;
    const failed = this.#rehearsal.play(hosts, places);
    this.#unplaced.set(target, failed);
    if (failed.length === 0) {
      this.#unplaced.delete(target);
      return false;
    }
    const failedHosts = hosts.map((h) => pick(this.#model.hosts.names.names, h));
    const { seating } = solve(pose(this.#model, { failedHosts, clusters: this.#rules }), CAREFUL);
    const left: number[] = [];
    for (let i = 0; i < seating.problem.items; i++) {
      const p = at(seating.place, i);
      for (const v of seating.problem.together.get(i) ?? [at(seating.problem.vm, i)]) {
        places.set(v, p === NONE ? NO_ROOM : at(this.#model.layout.rowAt, p));
        if (p === NONE) left.push(v);
      }
    }
    for (const r of seating.problem.refused) if (r.kind === 'no-room') left.push(r.vm);
    if (left.length === 0) this.#unplaced.delete(target);
    else this.#unplaced.set(target, left);
    return true;
  }

  #answer(target: Target): Survival {
    const { hosts, vms } = this.#model;
    const rows = this.#hostsOf(target).flatMap((h) => this.#model.vmsOn(h));
    const places = target >= 0 ? this.#byHost : this.#byRack;
    const names = (list: readonly number[]) => list.map((v) => vms.id(v)).sort();
    const name = target >= 0 ? pick(hosts.names.names, target) : pick(hosts.racks.names, ~target);
    const never = rows.filter((v) => places.of(v) === NEVER);
    return {
      kind: target >= 0 ? 'host' : 'rack',
      name,
      vms: rows.length,
      unplaced: names(this.#unplaced.get(target) ?? []),
      never: names(never),
    };
  }
}

/** The whole region from nothing. */
export const survivability = (model: FleetModel, rules: ClusterRulesOf): Survival[] => {
  const s = new Survivability(model, rules);
  for (let left = Infinity; left > 0; ) {
    const { pending } = s.refresh();
    if (pending === left) break;
    left = pending;
  }
  return s.all();
};
