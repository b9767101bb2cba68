import type { ClusterId } from '@lifeboat/kernel';
import { at, pick } from '../arrays.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import type { Profile } from '../model/hosts.ts';
import type { Flavor } from '../model/vms.ts';
import { type ClusterRules, tiersOf } from '../request.ts';
import { type Domain, NONE, type Refused, type Shape, type Wish } from './problem.ts';

export interface Tiers {
  readonly first: number;
  readonly second: number;
  readonly refused?: Omit<Refused, 'vm'>;
}

const checks: readonly (readonly [string, (h: Profile, f: Flavor) => boolean])[] = [
  ['in another availability zone', (h, f) => f.availabilityZone === undefined || f.availabilityZone === h.availabilityZone],
  ['without a required trait', (h, f) => f.traits.every((t) => h.traits.has(t))],
  ['giving no single VM so many vCPUs', (h, f) => f.size.vcpus <= (h.maxUnit?.vcpus ?? Infinity)],
  ['giving no single VM so much memory', (h, f) => f.size.memoryMb <= (h.maxUnit?.memoryMb ?? Infinity)],
  ['giving no single VM so much disk', (h, f) => f.size.diskGb <= (h.maxUnit?.diskGb ?? Infinity)],
];

/** Which demand such a host cannot meet, however much room it has; undefined: it meets them all. */
export const unmet = (host: Profile, wish: Wish): string | undefined =>
  host.cell === wish.cell ? checks.find(([, met]) => !wish.flavors.every((f) => met(host, f)))?.[0] : 'in another Nova cell';

/** What the VMs of one plan ask for: their shapes, and the clusters that their policies open to them. */
export class Demands {
  readonly shapes: Shape[] = [];
  readonly domains: Domain[] = [];
  readonly #model: FleetModel;
  readonly #rules: ReadonlyMap<ClusterId, ClusterRules>;
  readonly #shapeOf = new Map<number, number>();
  readonly #cells = new Map<string | undefined, number>();
  readonly #tiers = new Map<number, Tiers>();

  constructor(model: FleetModel, rules: ReadonlyMap<ClusterId, ClusterRules>) {
    this.#model = model;
    this.#rules = rules;
  }

  #cellOf(v: number): string | undefined {
    const { hosts, vms } = this.#model;
    return pick(hosts.profiles, at(hosts.profile, at(vms.host, v))).cell;
  }

  #add(wish: Wish): number {
    const sum = (of: (f: Flavor) => number) => wish.flavors.reduce((n, f) => n + of(f), 0);
    const allowed = Int32Array.from(this.#model.hosts.profiles, (host) => (unmet(host, wish) === undefined ? 1 : 0));
    return (
      this.shapes.push({
        vcpus: sum((f) => f.size.vcpus),
        memory: sum((f) => f.size.memoryMb),
        disk: sum((f) => f.size.diskGb),
        allowed: allowed.includes(0) ? allowed : undefined,
        wish,
      }) - 1
    );
  }

  shapeOf(v: number): number {
    const { vms } = this.#model;
    const cell = this.#cellOf(v);
    const c = this.#cells.get(cell) ?? this.#cells.size;
    this.#cells.set(cell, c);
    const key = at(vms.flavor, v) * 4096 + c;
    const known = this.#shapeOf.get(key);
    if (known !== undefined) return known;
    const shape = this.#add({ cell, flavors: [pick(vms.flavors, at(vms.flavor, v))] });
    this.#shapeOf.set(key, shape);
    return shape;
  }

  /** The shape of VMs that go to one host together: their sizes add up, each one's demands hold. */
  shapeOfAll(rows: readonly number[]): number {
    const { vms } = this.#model;
    if (rows.length === 1) return this.shapeOf(pick(rows, 0));
    return this.#add({ cell: this.#cellOf(pick(rows, 0)), flavors: rows.map((v) => pick(vms.flavors, at(vms.flavor, v))) });
  }

  /** Large before small: the rank of each shape by its share of what is free. */
  ranksBySize(supply: { vcpus: number; memory: number; disk: number }): Int32Array {
    const size = this.shapes.map((s) => s.vcpus / supply.vcpus + s.memory / supply.memory + s.disk / supply.disk);
    const order = this.shapes.map((_, i) => i).sort((a, b) => pick(size, b) - pick(size, a) || a - b);
    const ranks = new Int32Array(this.shapes.length);
    order.forEach((shape, rank) => {
      ranks[shape] = rank;
    });
    return ranks;
  }

  tiers(cluster: number, high: boolean): Tiers {
    const key = cluster * 2 + (high ? 1 : 0);
    const known = this.#tiers.get(key);
    if (known) return known;
    const made = this.#tiersOf(pick(this.#model.hosts.clusters.names, cluster), high ? 'high' : 'standard');
    this.#tiers.set(key, made);
    return made;
  }

  #tiersOf(own: ClusterId, performance: 'high' | 'standard'): Tiers {
    const rules = this.#rules.get(own);
    const none = { first: NONE, second: NONE };
    if (!rules) return { ...none, refused: { kind: 'no-room', because: `no evacuation policy is known for cluster ${own}` } };
    const [a, b] = tiersOf(rules, own, performance);
    const because = `the policy '${rules.policy}' leaves no cluster to a VM of ${performance} performance demand`;
    if (!a) return { ...none, refused: { kind: 'never', because } };
    return { first: this.#domain(a.name, a.clusters), second: b ? this.#domain(b.name, b.clusters) : NONE };
  }

  #domain(name: string, names: readonly ClusterId[]): number {
    const { hosts, layout } = this.#model;
    const clusters = [...new Set(names)].map((c) => hosts.clusters.find(c)).filter((c) => c !== undefined);
    const known = this.domains.findIndex((d) => d.name === name && d.clusters.join() === clusters.join());
    if (known >= 0) return known;
    return this.domains.push({ name, clusters, segments: Int32Array.from(clusters.flatMap((c) => layout.ofCluster[c] ?? [])) }) - 1;
  }

  /** The tiers that are open to all of several VMs, in the order of the one with the least choice. */
  common(all: readonly { first: number; second: number }[]): { first: number; second: number } | undefined {
    const least = all.find((t) => t.second === NONE) ?? all[0];
    if (!least) return undefined;
    const open = [least.first, least.second].filter((d) => d !== NONE && all.every((t) => t.first === d || t.second === d));
    return open.length === 0 ? undefined : { first: pick(open, 0), second: open[1] ?? NONE };
  }
}
