import type { ClusterId } from '@lifeboat/kernel';
import { at, Interner, pick } from '../arrays.ts';
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
  ['with a trait that is forbidden', (h, f) => f.forbidden.every((t) => !h.traits.has(t))],
  ['giving no single VM so many vCPUs', (h, f) => f.size.vcpus <= (h.maxUnit?.vcpus ?? Infinity)],
  ['giving no single VM so much memory', (h, f) => f.size.memoryMb <= (h.maxUnit?.memoryMb ?? Infinity)],
  ['giving no single VM so much disk', (h, f) => f.size.diskGb <= (h.maxUnit?.diskGb ?? Infinity)],
];

/** Which demand such a host cannot meet, however much room it has; undefined: it meets them all. */
export const unmet = (host: Profile, wish: Wish): string | undefined =>
  wish.cells.every((cell) => cell === host.cell)
    ? checks.find(([, met]) => !wish.flavors.every((f) => met(host, f)))?.[0]
    : 'in another Nova cell';

/** What the VMs of one plan ask for: their shapes, and the clusters that their policies open to them. */
export class Demands {
  readonly shapes: Shape[] = [];
  readonly domains: Domain[] = [];
  readonly #model: FleetModel;
  readonly #rules: ReadonlyMap<ClusterId, ClusterRules>;
  /** By flavor and cell; NONE: not asked for yet. */
  readonly #shapeOf: Int32Array;
  readonly #cellOfProfile: Int32Array;
  readonly #cells: number;
  /** By cluster, and whether the performance demand is high. */
  readonly #tiers: (Tiers | undefined)[];

  constructor(model: FleetModel, rules: ReadonlyMap<ClusterId, ClusterRules>) {
    this.#model = model;
    this.#rules = rules;
    const cells = new Interner();
    this.#cellOfProfile = Int32Array.from(model.hosts.profiles, (p) => cells.of(p.cell === undefined ? '' : `=${p.cell}`));
    this.#cells = cells.size;
    this.#shapeOf = new Int32Array(model.vms.flavors.length * cells.size).fill(NONE);
    this.#tiers = Array.from({ length: 2 * model.hosts.clusters.size });
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
    const { vms, hosts } = this.#model;
    const cell = at(this.#cellOfProfile, at(hosts.profile, at(vms.host, v)));
    const key = at(vms.flavor, v) * this.#cells + cell;
    const known = at(this.#shapeOf, key);
    if (known !== NONE) return known;
    const shape = this.#add({ cells: [this.#cellOf(v)], flavors: [pick(vms.flavors, at(vms.flavor, v))] });
    this.#shapeOf[key] = shape;
    return shape;
  }

  /** The shape of VMs that go to one host together: their sizes add up, each one's demands hold. */
  shapeOfAll(rows: readonly number[]): number {
    const { vms } = this.#model;
    if (rows.length === 1) return this.shapeOf(pick(rows, 0));
    return this.#add({
      cells: [...new Set(rows.map((v) => this.#cellOf(v)))].sort(),
      flavors: rows.map((v) => pick(vms.flavors, at(vms.flavor, v))),
    });
  }

  /**
   * Large before small: the rank of each shape by its share of what is free. Shapes of one size go by what they demand, never
   * by which came first: in whatever order the VMs are told, the plan is the same.
   */
  ranksBySize(supply: { vcpus: number; memory: number; disk: number }): Int32Array {
    const size = this.shapes.map((s) => s.vcpus / supply.vcpus + s.memory / supply.memory + s.disk / supply.disk);
    const texts: string[] = [];
    const text = (i: number): string => {
      texts[i] ??= JSON.stringify(pick(this.shapes, i).wish);
      return pick(texts, i);
    };
    const compare = (a: number, b: number): number => {
      if (a === b || pick(size, a) !== pick(size, b)) return pick(size, b) - pick(size, a);
      return text(a) < text(b) ? -1 : Number(text(a) > text(b));
    };
    const ranks = new Int32Array(this.shapes.length);
    let rank = 0;
    const order = this.shapes.map((_, i) => i).sort(compare);
    order.forEach((shape, x) => {
      if (x > 0 && compare(pick(order, x - 1), shape) !== 0) rank += 1;
      ranks[shape] = rank;
    });
    return ranks;
  }

  tiers(cluster: number, high: boolean): Tiers {
    const key = cluster * 2 + (high ? 1 : 0);
    const known = this.#tiers[key];
    if (known) return known;
    const made = this.#tiersOf(pick(this.#model.hosts.clusters.names, cluster), high ? 'high' : 'standard');
    this.#tiers[key] = made;
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
