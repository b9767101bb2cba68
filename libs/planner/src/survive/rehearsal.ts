import { at, grown, pick } from '../arrays.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import { NOWHERE } from '../model/hosts.ts';
import type { ClusterRulesOf } from '../request.ts';
import { Demands, type Tiers } from '../solve/demands.ts';
import { NONE, type Shape } from '../solve/problem.ts';
import { needed, Room } from '../solve/room.ts';
import { NEVER, NO_ROOM, type Refuges } from './refuges.ts';

/** How many hosts a mending looks at closely before it gives up. */
const TRIES = 60;

/**
 * Plays one failure after the other on the same room: each VM of the target keeps the place it had in the last
 * rehearsal while that still holds, the others take the first that fits; then everything is given back. It asks only
 * whether there is a place, not which is best: that is what makes ten thousand failures quick.
 */
export class Rehearsal {
  readonly #model: FleetModel;
  readonly #rules: ClusterRulesOf;
  #room: Room;
  #demands: Demands;
  /** Host rows that fail, and VM rows that have no place yet, in the rehearsal of this number. */
  #target: Int32Array = new Int32Array(0);
  #waiting: Int32Array = new Int32Array(0);
  /** Per shape and domain: segments before this one have nothing for the shape, in this rehearsal. */
  readonly #pointer = new Map<number, number>();
  #serial = 0;
  /** VMs looked at so far: the measure of work. */
  work = 0;

  constructor(model: FleetModel, rules: ClusterRulesOf) {
    this.#model = model;
    this.#rules = rules;
    this.#room = new Room(model);
    this.#demands = new Demands(model, rules);
    this.renew();
  }

  /** Looks at the fleet anew, after changes. */
  renew(): void {
    this.#room = new Room(this.#model);
    this.#demands = new Demands(this.#model, this.#rules);
    this.#target = grown(this.#target, this.#model.hosts.size);
    this.#waiting = grown(this.#waiting, this.#model.vms.ids.length);
    this.work = 0;
  }

  /** Fails these hosts. `places`: where the VMs went last time; brought up to date. Returns the VMs without a place. */
  play(hosts: readonly number[], places: Refuges): number[] {
    this.#begin(hosts);
    const rows = hosts.flatMap((h) => this.#model.vmsOn(h));
    for (const v of rows) this.#waiting[v] = this.#serial;
    const journal: number[] = [];
    const homeless = rows.filter((v) => !this.#keep(v, places, journal));
    const failed: number[] = [];
    for (const v of this.#largeFirst(homeless)) if (!this.#find(v, rows, places, journal) && places.of(v) !== NEVER) failed.push(v);
    for (const v of journal) this.#take(v, places.of(v), -1);
    this.work += rows.length;
    return failed;
  }

  /**
   * A new place for those VMs of a target whose place may not hold any more; all its others keep theirs. False when
   * that is not enough and the whole rehearsal has to be played again.
   */
  mend(hosts: readonly number[], broken: readonly number[], places: Refuges): boolean {
    this.#begin(hosts);
    this.work += broken.length;
    if (broken.some((v) => this.#group(v)?.policy === 'affinity')) return false;
    for (const v of broken) this.#waiting[v] = this.#serial;
    return broken.every((v) => this.#mendOne(v, places));
  }

  #begin(hosts: readonly number[]): void {
    this.#serial += 1;
    this.#pointer.clear();
    for (const h of hosts) this.#target[h] = this.#serial;
  }

  #mendOne(v: number, places: Refuges): boolean {
    const tiers = this.#tiers(v);
    if (!tiers) return false;
    const { layout, hosts } = this.#model;
    const stay = places.of(v);
    const take = (row: number): boolean => {
      if (!this.#roomBeside(v, row, places)) return false;
      places.set(v, row);
      this.#waiting[v] = 0;
      return true;
    };
    const clusters = [tiers.first, tiers.second].flatMap((d) => (d === NONE ? [] : pick(this.#demands.domains, d).clusters));
    if (stay >= 0 && at(hosts.known, stay) && clusters.includes(at(hosts.cluster, stay)) && take(stay)) return true;
    let tries = 0;
    for (const d of [tiers.first, tiers.second]) {
      if (d === NONE) continue;
      const { segments } = pick(this.#demands.domains, d);
      for (let n = 0; n < segments.length; n++) {
        const s = at(segments, (at(this.#model.vms.host, v) + n) % segments.length);
        const [from, to] = [at(layout.start, s), at(layout.start, s + 1)];
        for (let x = 0; x < to - from && tries < TRIES; x++) {
          const p = from + ((v + x) % (to - from));
          if (!this.#may(v, p, places)) continue;
          tries += 1;
          if (take(at(layout.rowAt, p))) return true;
        }
      }
    }
    return false;
  }

  /** Is there room for the VM on the host beside the others of its target that count on it? */
  #roomBeside(v: number, row: number, places: Refuges): boolean {
    const p = at(this.#model.layout.positionOf, row);
    if (!this.#may(v, p, places)) return false;
    const { vms } = this.#model;
    const own = this.#shape(v);
    let [vcpus, memory, disk] = [own.vcpus, own.memory, own.disk];
    for (let m = places.first(row); m !== NOWHERE; m = places.next(m)) {
      if (m === v || vms.ids[m] === undefined || at(this.#target, at(vms.host, m)) !== this.#serial) continue;
      if (at(this.#waiting, m) === this.#serial) continue;
      const s = this.#shape(m);
      vcpus += s.vcpus;
      memory += s.memory;
      disk += s.disk;
    }
    return this.#room.fits(p, vcpus, memory, disk);
  }

  #shape(v: number): Shape {
    return pick(this.#demands.shapes, this.#demands.shapeOf(v));
  }

  #tiers(v: number): Tiers | undefined {
    const { vms, hosts } = this.#model;
    const home = at(vms.host, v);
    if (vms.unevacuable.has(v) || !at(hosts.known, home)) return undefined;
    const tiers = this.#demands.tiers(at(hosts.cluster, home), at(vms.high, v) === 1);
    return tiers.refused?.kind === 'never' ? undefined : tiers;
  }

  #take(v: number, row: number, by: 1 | -1): void {
    const s = this.#shape(v);
    this.#room.take(at(this.#model.layout.positionOf, row), by * s.vcpus, by * s.memory, by * s.disk);
  }

  #settle(v: number, row: number, places: Refuges, journal: number[]): void {
    this.#take(v, row, 1);
    places.set(v, row);
    this.#waiting[v] = 0;
    journal.push(v);
  }

  #keep(v: number, places: Refuges, journal: number[]): boolean {
    const row = places.of(v);
    const tiers = row >= 0 ? this.#tiers(v) : undefined;
    if (!tiers || !at(this.#model.hosts.known, row)) return false;
    const cluster = at(this.#model.hosts.cluster, row);
    const open = [tiers.first, tiers.second].some((d) => d !== NONE && pick(this.#demands.domains, d).clusters.includes(cluster));
    if (!open || !this.#may(v, at(this.#model.layout.positionOf, row), places)) return false;
    this.#settle(v, row, places, journal);
    return true;
  }

  #largeFirst(rows: number[]): number[] {
    if (rows.length < 2) return rows;
    for (const v of rows) if (this.#tiers(v)) this.#shape(v);
    const ranks = this.#demands.ranksBySize(this.#room.supply);
    const rank = (v: number) => (this.#tiers(v) ? at(ranks, this.#demands.shapeOf(v)) : 0);
    return rows
      .map((v) => ({ v, rank: rank(v) }))
      .sort((a, b) => a.rank - b.rank || a.v - b.v)
      .map((x) => x.v);
  }

  #may(v: number, p: number, places: Refuges): boolean {
    const s = this.#shape(v);
    if (!this.#room.fits(p, s.vcpus, s.memory, s.disk) || this.#shut(p)) return false;
    if (s.allowed && at(s.allowed, at(this.#room.profile, p)) === 0) return false;
    return this.#company(v, at(this.#model.layout.rowAt, p), places);
  }

  #shut(p: number): boolean {
    return at(this.#target, at(this.#model.layout.rowAt, p)) === this.#serial;
  }

  /** May the VM's server group have it on this host, with its other members where they live or were just placed? */
  #company(v: number, row: number, places: Refuges): boolean {
    const { vms } = this.#model;
    const group = this.#group(v);
    if (!group || (group.policy !== 'affinity' && group.policy !== 'anti-affinity')) return true;
    let here = 0;
    for (let m = at(vms.firstOfGroup, at(vms.group, v)); m !== NOWHERE; m = at(vms.nextInGroup, m)) {
      if (m === v) continue;
      const gone = at(this.#target, at(vms.host, m)) === this.#serial;
      if (gone && (at(this.#waiting, m) === this.#serial || places.of(m) < 0)) continue;
      const home = gone ? places.of(m) : at(vms.host, m);
      if (home === row) here += 1;
      else if (group.policy === 'affinity') return false;
    }
    return group.policy === 'affinity' || here < group.maxServersPerHost;
  }

  #group(v: number) {
    const { vms, groups } = this.#model;
    const g = at(vms.group, v);
    return g === NOWHERE ? undefined : groups.get(pick(vms.groups.names, g));
  }

  /** What has to fit at once: the VM, or all of its hard affinity group that lost its host. */
  #together(v: number, rows: readonly number[]): readonly number[] {
    if (this.#group(v)?.policy !== 'affinity') return [v];
    const { vms } = this.#model;
    return rows.filter((m) => at(vms.group, m) === at(vms.group, v) && at(this.#waiting, m) === this.#serial && !vms.unevacuable.has(m));
  }

  #find(v: number, rows: readonly number[], places: Refuges, journal: number[]): boolean {
    if (at(this.#waiting, v) !== this.#serial) return true;
    const tiers = this.#tiers(v);
    places.set(v, tiers ? NO_ROOM : NEVER);
    if (!tiers) return false;
    const all = this.#together(v, rows);
    for (const d of [tiers.first, tiers.second]) {
      const p = d === NONE ? NONE : this.#scan(v, all, d, places);
      if (p === NONE) continue;
      for (const m of all) this.#settle(m, at(this.#model.layout.rowAt, p), places, journal);
      return true;
    }
    return false;
  }

  #scan(v: number, all: readonly number[], domain: number, places: Refuges): number {
    const { segments } = pick(this.#demands.domains, domain);
    if (segments.length === 0) return NONE;
    const sum = { vcpus: 0, memory: 0, disk: 0 };
    for (const m of all) {
      const s = this.#shape(m);
      sum.vcpus += s.vcpus;
      sum.memory += s.memory;
      sum.disk += s.disk;
    }
    // Every target starts somewhere else: so no host is the refuge of all, and one change upsets few rehearsals.
    const start = at(this.#model.vms.host, v) % segments.length;
    const key = this.#demands.shapeOf(v) * 4096 + domain;
    const single = all.length === 1;
    const { start: starts } = this.#model.layout;
    for (let n = single ? (this.#pointer.get(key) ?? 0) : 0; n < segments.length; n++) {
      const s = at(segments, (start + n) % segments.length);
      const { found, barred } = this.#first(at(starts, s), at(starts, s + 1), all, sum, places, v);
      if (found !== NONE) return found;
      if (single && !barred && n === (this.#pointer.get(key) ?? 0)) this.#pointer.set(key, n + 1);
    }
    return NONE;
  }

  /** The first host of a run that takes all of them, begun at a place that depends on the VM's host. */
  #first(
    from: number,
    to: number,
    all: readonly number[],
    sum: { vcpus: number; memory: number; disk: number },
    places: Refuges,
    v: number,
  ) {
    const size = to - from;
    const offset = at(this.#model.vms.host, v) % size;
    const [vcpus, memory, disk] = [needed(sum.vcpus), needed(sum.memory), needed(sum.disk)];
    const room = this.#room;
    let barred = false;
    for (let x = 0; x < size; x++) {
      const p = from + ((offset + x) % size);
      if (vcpus > at(room.vcpus, p) || memory > at(room.memory, p) || disk > at(room.disk, p) || this.#shut(p)) continue;
      if (all.every((m) => this.#may(m, p, places))) return { found: p, barred };
      barred ||= this.#group(v) !== undefined;
    }
    return { found: NONE, barred };
  }
}
