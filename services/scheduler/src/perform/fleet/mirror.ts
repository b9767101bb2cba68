import type { Fleet, FleetHost, FleetVm } from '@lifeboat/contracts';
import type { HostId, VmId } from '@lifeboat/kernel';
import { FleetModel } from '@lifeboat/planner';
import type { FleetChanges } from '@lifeboat/ports';
import type { PlanQuestion } from './planner.ts';

/** The fleet in memory, as Nova and the registry have it. Changes at once and wholly: nobody sees it half told. */
export class FleetMirror {
  readonly model = new FleetModel();
  readonly hosts = new Map<HostId, FleetHost>();
  /** The planner goes by ids; people by names. */
  readonly #names = new Map<VmId, string>();
  #shut: ReadonlySet<HostId> = new Set();

  /** A whole reading, brought up to date by what changed since it was begun: then nothing of it is older than what it replaces. */
  replace(fleet: Fleet, since: FleetChanges): void {
    const hosts = new Set(fleet.hosts.map((h) => h.host));
    for (const h of [...this.hosts.keys()])
      if (!hosts.has(h)) {
        this.hosts.delete(h);
        this.model.removeHost(h);
      }
    const groups = new Set(fleet.groups.map((g) => g.group));
    for (const g of [...this.model.groups.keys()]) if (!groups.has(g)) this.model.removeGroup(g);
    const vms = new Set<VmId>(fleet.vms.map((v) => v.vm));
    for (const id of [...this.model.vms.ids]) if (id !== undefined && !vms.has(id)) this.#forget(id);
    this.apply({ ...fleet, gone: [] });
    this.apply(since);
  }

  apply(c: FleetChanges): void {
    for (const h of c.hosts) {
      this.hosts.set(h.host, h);
      this.model.upsertHost(this.#shaded(h));
    }
    for (const g of c.groups) this.model.upsertGroup(g);
    for (const v of c.vms) this.#keep(v);
    for (const vm of c.gone) this.#forget(vm);
  }

  /** Live knowledge of the failed hosts replaces what was remembered of them. */
  correct({ failedHosts, there }: Pick<PlanQuestion, 'failedHosts' | 'there'>): void {
    const now = new Set(there.map((v) => v.vm));
    for (const host of failedHosts) {
      const row = this.model.hosts.names.find(host);
      const remembered = row === undefined ? [] : this.model.vmsOn(row).map((v) => this.model.vms.id(v));
      for (const vm of remembered) if (!now.has(vm)) this.#forget(vm);
    }
    for (const v of there) this.#keep(v);
  }

  /** Hosts that are no targets, whatever Nova says of them. */
  shut(hosts: readonly HostId[]): void {
    const before = this.#shut;
    this.#shut = new Set(hosts);
    for (const h of new Set([...before, ...hosts])) {
      const host = this.hosts.get(h);
      if (host !== undefined && before.has(h) !== this.#shut.has(h)) this.model.upsertHost(this.#shaded(host));
    }
  }

  isShut(host: HostId): boolean {
    return this.#shut.has(host);
  }

  hostOf(vm: VmId): HostId | undefined {
    const { vms, hosts } = this.model;
    const row = vms.find(vm);
    const host = row === undefined ? undefined : vms.host[row];
    return host === undefined ? undefined : hosts.names.names[host];
  }

  /** '' where nobody knows. */
  nameOf(vm: VmId): string {
    return this.#names.get(vm) ?? '';
  }

  #keep(v: FleetVm): void {
    this.model.upsertVm(v);
    if (v.name !== '') this.#names.set(v.vm, v.name);
  }
  #forget(vm: VmId): void {
    this.model.removeVm(vm);
    this.#names.delete(vm);
  }

  #shaded(h: FleetHost): FleetHost {
    return this.#shut.has(h.host) ? { ...h, usable: false } : h;
  }
}
