import type { Fleet, FleetGroup, FleetHost, FleetVm } from '@lifeboat/contracts';
import type { HostId, VmId } from '@lifeboat/kernel';
import { at } from '../arrays.ts';
import { CountTable } from './counts.ts';
import { Ground } from './ground.ts';
import { HostTable, NOWHERE } from './hosts.ts';
import { type Layout, layoutOf } from './layout.ts';
import { VmTable } from './vms.ts';

/**
 * The fleet in memory, as a plan wants it: built once, then kept by changes. Two models that were told the same hosts in
 * the same order give the same plans, whatever VMs came and went in between.
 */
export class FleetModel {
  readonly hosts = new HostTable();
  readonly vms = new VmTable();
  readonly groups = new Map<string, FleetGroup>();
  /** VMs per business type and rack, those on known hosts. */
  readonly spread = new CountTable();
  /** Counts the changes; a host's `changedAt` says which one touched it last. */
  changes = 0;
  #layout: Layout | undefined;
  #ground: Ground | undefined;

  static of(fleet: Fleet): FleetModel {
    const model = new FleetModel();
    for (const h of fleet.hosts) model.upsertHost(h);
    for (const g of fleet.groups) model.upsertGroup(g);
    for (const v of fleet.vms) model.upsertVm(v);
    return model;
  }

  get layout(): Layout {
    if (this.#layout?.shape !== this.hosts.shape || this.#layout.positionOf.length !== this.hosts.size) this.#layout = layoutOf(this.hosts);
    return this.#layout;
  }

  get ground(): Ground {
    const { layout } = this;
    if (this.#ground?.layout !== layout) this.#ground = new Ground(layout);
    this.#ground.refresh(this.hosts, this.changes);
    return this.#ground;
  }

  /** The same host told again changes nothing: what is reckoned from the fleet stays as it is. */
  upsertHost(h: FleetHost): void {
    const i = this.hosts.row(h.host);
    if (this.hosts.says(i, h)) return;
    const before = at(this.hosts.rack, i);
    this.hosts.write(i, h);
    this.#recount(i, before, at(this.hosts.rack, i));
    this.#touch(i);
  }

  /** The host is no part of the fleet any more; VMs that still name it stay known, without a place. */
  removeHost(host: HostId): void {
    const i = this.hosts.names.find(host);
    if (i === undefined || !at(this.hosts.known, i)) return;
    const before = at(this.hosts.rack, i);
    this.hosts.forget(i);
    this.#recount(i, before, NOWHERE);
    this.#touch(i);
  }

  upsertVm(v: FleetVm): void {
    const known = this.vms.find(v.vm);
    if (known !== undefined && this.vms.says(known, v, this.hosts.names.find(v.host))) return;
    if (known !== undefined) this.#unlink(known);
    const i = known ?? this.vms.add(v.vm);
    const host = this.hosts.row(v.host);
    this.vms.write(i, v);
    this.vms.joinHost(i, host, this.hosts.firstVm);
    this.vms.joinGroup(i, v.group);
    this.#count(i, at(this.hosts.rack, host), 1);
    this.#touch(host);
  }

  removeVm(vm: VmId): void {
    const i = this.vms.find(vm);
    if (i === undefined) return;
    this.#unlink(i);
    this.vms.drop(i);
  }

  upsertGroup(g: FleetGroup): void {
    const known = this.groups.get(g.group);
    if (known?.policy === g.policy && known.maxServersPerHost === g.maxServersPerHost) return;
    this.groups.set(g.group, g);
    this.changes += 1;
  }

  removeGroup(group: string): void {
    if (this.groups.delete(group)) this.changes += 1;
  }

  /** The rows of the VMs that stand on a host. */
  vmsOn(host: number): number[] {
    const rows: number[] = [];
    for (let v = at(this.hosts.firstVm, host); v !== NOWHERE; v = at(this.vms.nextOnHost, v)) rows.push(v);
    return rows;
  }

  #unlink(i: number): void {
    const host = at(this.vms.host, i);
    this.#count(i, at(this.hosts.rack, host), -1);
    this.vms.leaveHost(i, this.hosts.firstVm);
    this.vms.leaveGroup(i);
    this.#touch(host);
  }

  #count(vm: number, rack: number, by: number): void {
    if (rack !== NOWHERE && at(this.vms.type, vm) !== 0) this.spread.add(at(this.vms.type, vm), rack, by);
  }

  #recount(host: number, before: number, after: number): void {
    if (before === after) return;
    for (const v of this.vmsOn(host)) {
      this.#count(v, before, -1);
      this.#count(v, after, 1);
    }
  }

  #touch(host: number): void {
    this.changes += 1;
    this.hosts.changedAt[host] = this.changes;
  }
}
