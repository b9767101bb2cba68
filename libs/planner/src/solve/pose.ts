import type { VmId } from '@lifeboat/kernel';
import { at, pick } from '../arrays.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import { NOWHERE } from '../model/hosts.ts';
import type { PlanAsk } from '../request.ts';
import { Demands, type Tiers } from './demands.ts';
import { type Choice, Drafts } from './drafts.ts';
import { type Company, NONE, type Problem, type Refused } from './problem.ts';
import { Room } from './room.ts';

/** Turns a fleet and a question into columns: who moves, who stays and counts, what is closed, what is still free. */
export class Pose {
  readonly #model: FleetModel;
  readonly #ask: PlanAsk;
  readonly #failed = new Set<number>();
  /** The VMs of the plan that do not stand on a failed host. */
  readonly #moving = new Set<number>();
  /** VM row → the host row it is on its way to. */
  readonly #arriving = new Map<number, number>();
  readonly #refused: Refused[] = [];
  readonly #drafts = new Drafts();
  readonly #demands: Demands;
  readonly #room: Room;

  constructor(model: FleetModel, ask: PlanAsk) {
    this.#model = model;
    this.#ask = ask;
    this.#room = new Room(model);
    this.#demands = new Demands(model, ask.clusters);
  }

  problem(): Problem {
    const wanted = this.#choose();
    this.#close(wanted);
    const bundles = new Map<number, number[]>();
    for (const v of wanted) this.#admit(v, bundles);
    for (const [group, rows] of bundles) this.#bundle(group, rows);
    return this.#columns();
  }

  #choose(): number[] {
    const { hosts, vms } = this.#model;
    for (const h of this.#ask.failedHosts) {
      const row = hosts.names.find(h);
      if (row !== undefined) this.#failed.add(row);
    }
    for (const [vm, to] of this.#ask.arriving ?? []) {
      const [v, h] = [vms.find(vm), hosts.names.find(to)];
      if (v !== undefined && h !== undefined) this.#arriving.set(v, h);
    }
    const asked = (list: readonly VmId[]) => [...new Set(list)].map((id) => vms.find(id)).filter((v) => v !== undefined);
    const wanted = this.#ask.vms ? asked(this.#ask.vms) : [...this.#failed].flatMap((h) => this.#model.vmsOn(h));
    return this.#arriving.size === 0 ? wanted : wanted.filter((v) => !this.#arriving.has(v));
  }

  /** No VM goes to a failed or excluded host, nor to a host that this plan moves VMs away from. */
  #close(wanted: readonly number[]): void {
    const { layout, hosts, vms } = this.#model;
    const shut = (row: number) => at(layout.positionOf, row) >= 0 && this.#room.close(at(layout.positionOf, row));
    for (const v of wanted) {
      if (vms.unevacuable.has(v)) continue;
      if (this.#failed.has(at(vms.host, v))) continue;
      this.#moving.add(v);
      shut(at(vms.host, v));
    }
    for (const row of this.#failed) shut(row);
    for (const h of this.#ask.exclude ?? []) {
      const row = hosts.names.find(h);
      if (row !== undefined) shut(row);
    }
    for (const [h, r] of this.#ask.inFlight ?? []) this.#reserve(hosts.names.find(h), r.vcpus, r.memoryMb, r.diskGb);
    for (const [v, host] of this.#arriving) {
      const size = pick(vms.flavors, at(vms.flavor, v)).size;
      if (host !== at(vms.host, v)) this.#reserve(host, size.vcpus, size.memoryMb, size.diskGb);
    }
    this.#room.measure();
  }

  #reserve(row: number | undefined, vcpus: number, memory: number, disk: number): void {
    const p = row === undefined ? NONE : at(this.#model.layout.positionOf, row);
    if (p >= 0) this.#room.reserve(p, vcpus, memory, disk);
  }

  #admit(v: number, bundles: Map<number, number[]>): void {
    const { vms, hosts } = this.#model;
    const never = vms.unevacuable.get(v);
    const home = at(vms.host, v);
    const tiers = at(hosts.known, home) ? this.#demands.tiers(at(hosts.cluster, home), at(vms.high, v) === 1) : undefined;
    if (never !== undefined) this.#refused.push({ vm: v, kind: 'never', because: never });
    else if (!tiers)
      this.#refused.push({ vm: v, kind: 'no-room', because: `its host ${pick(hosts.names.names, home)} is not in the fleet` });
    else if (tiers.refused) this.#refused.push({ vm: v, ...tiers.refused });
    else this.#draft(v, tiers, bundles);
  }

  #draft(v: number, tiers: Tiers, bundles: Map<number, number[]>): void {
    const { vms } = this.#model;
    const policy = this.#policyOf(v);
    if (policy === 'affinity') {
      const rows = bundles.get(at(vms.group, v));
      if (rows) rows.push(v);
      else bundles.set(at(vms.group, v), [v]);
    } else this.#drafts.add(v, this.#demands.shapeOf(v), tiers, NONE, policy === 'anti-affinity');
  }

  #policyOf(v: number) {
    const g = at(this.#model.vms.group, v);
    return g === NOWHERE ? undefined : this.#model.groups.get(pick(this.#model.vms.groups.names, g))?.policy;
  }

  /** A hard affinity group goes where its living members are; when none lives, all together to one host. */
  #bundle(group: number, rows: readonly number[]): void {
    const { vms } = this.#model;
    const homes = new Set(this.#living(group));
    const ordered = [...rows].sort((a, b) => at(vms.priority, a) - at(vms.priority, b) || (vms.id(a) < vms.id(b) ? -1 : 1));
    if (homes.size > 1 || homes.has(NONE)) {
      const because = `its affinity group lives on ${homes.has(NONE) ? 'a host outside the fleet' : `${homes.size} hosts`}: no host is with all of them`;
      for (const vm of ordered) this.#refused.push({ vm, kind: 'no-room', because });
      return;
    }
    const [pin = NONE] = homes;
    if (pin !== NONE) for (const v of ordered) this.#drafts.add(v, this.#demands.shapeOf(v), this.#tiersOf(v), pin, false);
    else {
      const shared = this.#demands.common(ordered.map((v) => this.#tiersOf(v)));
      if (shared) this.#drafts.addTogether(ordered, this.#demands.shapeOfAll(ordered), shared, NONE);
      else
        for (const vm of ordered)
          this.#refused.push({ vm, kind: 'no-room', because: 'the members of its affinity group may not go to one and the same cluster' });
    }
  }

  #tiersOf(v: number): Choice {
    const { hosts, vms } = this.#model;
    const { first, second } = this.#demands.tiers(at(hosts.cluster, at(vms.host, v)), at(vms.high, v) === 1);
    return { first, second };
  }

  /** The positions of the hosts where members of a group live, or are about to; NONE for a host outside the fleet. */
  #living(group: number): number[] {
    const { vms, layout } = this.#model;
    const positions: number[] = [];
    for (let v = at(vms.firstOfGroup, group); v !== NOWHERE; v = at(vms.nextInGroup, v)) {
      const host = this.#arriving.get(v) ?? at(vms.host, v);
      if (this.#moving.has(v) || this.#failed.has(host)) continue;
      positions.push(at(layout.positionOf, host));
    }
    return positions.sort((a, b) => a - b);
  }

  #columns(): Problem {
    const { vms } = this.#model;
    const drafts = this.#drafts;
    const order = drafts.inOrder(vms, this.#demands.ranksBySize(this.#room.supply));
    const n = order.length;
    const column = () => new Int32Array(n);
    const p = {
      vm: column(),
      shape: column(),
      first: column(),
      second: column(),
      pin: column(),
      priority: column(),
      type: column(),
      company: column(),
    };
    const together: Problem['together'] = new Map();
    const types = [0];
    const localType = new Map([[0, 0]]);
    const numberOf = (row: number): number => {
      const type = at(vms.type, row);
      const known = localType.get(type);
      if (known !== undefined) return known;
      localType.set(type, types.length);
      return types.push(type) - 1;
    };
    const companies: Company[] = [];
    const localCompany = new Map<number, number>();
    for (let i = 0; i < n; i++) {
      const d = at(order, i);
      const v = pick(drafts.vm, d);
      const rows = drafts.together.size === 0 ? undefined : drafts.together.get(d);
      p.vm[i] = v;
      p.shape[i] = pick(drafts.shape, d);
      p.first[i] = pick(drafts.first, d);
      p.second[i] = pick(drafts.second, d);
      p.pin[i] = pick(drafts.pin, d);
      p.priority[i] = at(vms.priority, v);
      p.type[i] = numberOf(v);
      p.company[i] = this.#companyOf(v, companies, localCompany);
      if (!rows) continue;
      together.set(i, rows);
      for (const row of rows) numberOf(row);
    }
    const racks = this.#model.hosts.racks.size;
    const standing = this.#standing(types, localType, racks);
    const { shapes, domains } = this.#demands;
    const shapeOfAll = (rows: readonly number[]) => this.#demands.shapeOfAll(rows);
    const choices = (v: number) => Object.values(this.#tiersOf(v)).filter((d) => d !== NONE);
    const known = { model: this.#model, room: this.#room, shapes, domains, shapeOfAll, choices, refused: this.#refused };
    return { ...known, ...p, items: n, together, companies, types, racks, standing };
  }

  #companyOf(v: number, companies: Company[], local: Map<number, number>): number {
    const g = at(this.#model.vms.group, v);
    const group = g === NOWHERE ? undefined : this.#model.groups.get(pick(this.#model.vms.groups.names, g));
    if (!group || group.policy === 'affinity') return NONE;
    const known = local.get(g);
    if (known !== undefined) return known;
    local.set(g, companies.length);
    return companies.push({ policy: group.policy, limit: group.maxServersPerHost, members: this.#living(g).filter((p) => p !== NONE) }) - 1;
  }

  /** What stands of each business type in each rack, without the VMs that are gone. */
  #standing(types: readonly number[], local: ReadonlyMap<number, number>, racks: number): Int32Array {
    const { vms, hosts, spread } = this.#model;
    const standing = new Int32Array(types.length * racks);
    for (let t = 1; t < types.length; t++) spread.copy(pick(types, t), standing, t * racks, racks);
    const shift = (v: number, host: number, by: number) => {
      const t = local.get(at(vms.type, v));
      const rack = at(hosts.rack, host);
      if (t && rack !== NOWHERE) standing[t * racks + rack] = at(standing, t * racks + rack) + by;
    };
    for (const h of this.#failed) for (const v of this.#model.vmsOn(h)) shift(v, h, -1);
    for (const v of this.#moving) shift(v, at(vms.host, v), -1);
    for (const [v, to] of this.#arriving) {
      if (!this.#failed.has(at(vms.host, v))) shift(v, at(vms.host, v), -1);
      if (!this.#failed.has(to)) shift(v, to, 1);
    }
    return standing;
  }
}

export const pose = (model: FleetModel, ask: PlanAsk): Problem => new Pose(model, ask).problem();
