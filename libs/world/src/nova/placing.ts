import type { Resources } from '@lifeboat/contracts';
import type { HostId, VmId } from '@lifeboat/kernel';
import type { World } from '../world.ts';
import type { Server } from './state.ts';

/** Placement's books and the scheduler's filters. */
export class Placing {
  readonly #world: World;
  readonly #servers: ReadonlyMap<VmId, Server>;
  /** After an evacuation a VM is on both providers until the source's compute service has cleaned up. */
  readonly #allocations: Map<VmId, Set<HostId>>;

  constructor(world: World, servers: ReadonlyMap<VmId, Server>) {
    this.#world = world;
    this.#servers = servers;
    this.#allocations = new Map([...servers.values()].map((s) => [s.vm, new Set([s.host])]));
  }

  allocate(vm: VmId, host: HostId): void {
    this.#allocations.set(vm, (this.#allocations.get(vm) ?? new Set()).add(host));
  }
  release(vm: VmId, host: HostId): void {
    this.#allocations.get(vm)?.delete(host);
  }
  forget(vm: VmId): void {
    this.#allocations.delete(vm);
  }
  providersOf(vm: VmId): readonly HostId[] {
    return [...(this.#allocations.get(vm) ?? [])];
  }

  /** All hosts in one pass over the books. `counts`: which allocations; all when not given. */
  used(counts: (vm: VmId, host: HostId) => boolean = () => true): Map<HostId, Resources> {
    const used = new Map<HostId, { vcpus: number; memoryMb: number; diskGb: number }>();
    for (const h of this.#world.hosts.keys()) used.set(h, { vcpus: 0, memoryMb: 0, diskGb: 0 });
    for (const [vm, hosts] of this.#allocations) {
      const size = this.#world.vm(vm).spec.size;
      for (const h of hosts) {
        const u = used.get(h);
        if (u === undefined || !counts(vm, h)) continue;
        u.vcpus += size.vcpus;
        u.memoryMb += size.memoryMb;
        u.diskGb += size.diskGb;
      }
    }
    return used;
  }

  /** Why the scheduler would not take this host for this VM; null = it would. */
  refusal(vm: VmId, host: HostId, usable: (h: HostId) => boolean, used = this.used()): string | null {
    if (!usable(host)) return 'the compute service is down or disabled';
    const size = this.#world.vm(vm).spec.size;
    const u = used.get(host);
    const c = this.#world.host(host).spec.capacity;
    const held = this.#allocations.get(vm)?.has(host) === true;
    if (
      u === undefined ||
      (!held && (u.vcpus + size.vcpus > c.vcpus || u.memoryMb + size.memoryMb > c.memoryMb || u.diskGb + size.diskGb > c.diskGb))
    )
      return 'no room';
    return this.groupRefusal(vm, host);
  }

  /** Checked by the scheduler, and again, late, by the compute service: two evacuations at once may pass the first. `arriving`: claimed there and not yet moved. */
  groupRefusal(vm: VmId, host: HostId, arriving: ReadonlySet<VmId> = new Set()): string | null {
    const group = this.#world.groups.find((g) => g.group === this.#world.vm(vm).spec.group);
    if (group === undefined || (group.policy !== 'anti-affinity' && group.policy !== 'affinity')) return null;
    const others = [...this.#servers.values()].filter((s) => s.vm !== vm && !s.deleted && this.#world.vm(s.vm).spec.group === group.group);
    const there = (s: Server) => s.host === host || arriving.has(s.vm);
    if (group.policy === 'anti-affinity')
      return others.filter(there).length >= group.maxServersPerHost ? `anti-affinity of ${group.group}` : null;
    return others.length > 0 && !others.some(there) ? `affinity of ${group.group}` : null;
  }

  /** The host with most free memory that passes every filter. */
  choose(vm: VmId, from: HostId, usable: (h: HostId) => boolean): HostId | null {
    const used = this.used();
    const free = (h: HostId) => this.#world.host(h).spec.capacity.memoryMb - (used.get(h)?.memoryMb ?? 0);
    const fitting = [...this.#world.hosts.keys()].filter((h) => h !== from && this.refusal(vm, h, usable, used) === null);
    return fitting.reduce<HostId | null>((a, b) => (a === null || free(b) > free(a) ? b : a), null);
  }
}
