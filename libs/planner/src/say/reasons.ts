import { at, pick, real } from '../arrays.ts';
import type { Layout } from '../model/layout.ts';
import { unmet } from '../solve/demands.ts';
import { NONE } from '../solve/problem.ts';
import { needed } from '../solve/room.ts';
import type { Seating } from '../solve/seating.ts';
import { domainOf } from '../solve/spread.ts';

const LONGEST_NAME = 60;
const OUTSIDE = "outside the policy's clusters";
const SHUT = 'failed, excluded or not usable';

/** Texts that differ by one small number, each written once per process. */
const numbered = (write: (n: number) => string): ((n: number) => string) => {
  const known: string[] = [];
  return (n) => {
    if (n < 0 || n > 1000) return write(n);
    while (known.length <= n) known.push(write(known.length));
    return pick(known, n);
  };
};
const thenHas = numbered((n) => `, which then has ${n} of '`);
const memoryOf = numbered((n) => `; projected load of the host: memory ${n} %`);
const cpuOf = numbered((n) => `, CPU ${n} %`);

/** What to call each segment, by the name of the policy's step; as good as the layout, so kept with it. */
const spoken = new WeakMap<Layout, Map<string, (string | undefined)[]>>();
const placesOf = (layout: Layout, name: string): (string | undefined)[] => {
  const known = spoken.get(layout) ?? new Map<string, (string | undefined)[]>();
  spoken.set(layout, known);
  const places = known.get(name) ?? Array.from({ length: layout.segments });
  known.set(name, places);
  return places;
};

/** Why there, and why nowhere. */
export class Reasons {
  readonly #seating: Seating;
  /** What the plan itself puts on each host. */
  readonly #planned: { readonly vcpus: Int32Array; readonly memory: Int32Array; readonly disk: Int32Array };
  readonly #nowhere = new Map<string, string>();
  readonly #places: (string | undefined)[][];
  readonly #typeNames: readonly string[];

  constructor(seating: Seating) {
    this.#seating = seating;
    const { problem, place } = seating;
    const { hosts } = problem.room.layout;
    this.#planned = { vcpus: new Int32Array(hosts), memory: new Int32Array(hosts), disk: new Int32Array(hosts) };
    for (let i = 0; i < problem.items; i++) {
      const p = at(place, i);
      if (p === NONE) continue;
      const s = pick(problem.shapes, at(problem.shape, i));
      this.#planned.vcpus[p] = at(this.#planned.vcpus, p) + s.vcpus;
      this.#planned.memory[p] = at(this.#planned.memory, p) + s.memory;
      this.#planned.disk[p] = at(this.#planned.disk, p) + s.disk;
    }
    this.#typeNames = problem.types.map((t) => `${pick(problem.model.vms.types.names, t).slice(0, LONGEST_NAME)}'`);
    this.#places = problem.domains.map((d) => placesOf(problem.room.layout, d.name));
  }

  there(i: number): string {
    const p = at(this.#seating.place, i);
    const type = at(this.#seating.problem.type, i);
    const where = this.#whereIn(this.#seating.segmentOf(p), domainOf(this.#seating, i));
    if (type === 0) return where + this.#loadOf(p);
    return where + thenHas(this.#seating.standing(type, this.#seating.rackOf(p))) + pick(this.#typeNames, type) + this.#loadOf(p);
  }

  #whereIn(segment: number, domain: number): string {
    const { problem } = this.#seating;
    const places = pick(this.#places, domain);
    const known = places[segment];
    if (known !== undefined) return known;
    const { clusters, racks } = problem.model.hosts;
    const { clusterOf, rackOf } = problem.room.layout;
    const d = pick(problem.domains, domain);
    const made = `${d.name} ${pick(clusters.names, at(clusterOf, segment))}; rack ${pick(racks.names, at(rackOf, segment))}`;
    places[segment] = made;
    return made;
  }

  #loadOf(p: number): string {
    const { problem } = this.#seating;
    const t = problem.model.hosts;
    const row = at(problem.room.layout.rowAt, p);
    const memory = real(t.loadMemory, row) + at(this.#planned.memory, p) / Math.max(1, at(t.capMemory, row));
    const cpu = real(t.loadCpu, row) + at(this.#planned.vcpus, p) / Math.max(1, at(t.capVcpus, row));
    return memoryOf(Math.round(100 * memory)) + cpuOf(Math.round(100 * cpu));
  }

  nowhere(i: number): string {
    const { problem } = this.#seating;
    const key = [problem.shape, problem.first, problem.second, problem.company, problem.pin].map((c) => at(c, i)).join();
    const known = this.#nowhere.get(key);
    if (known !== undefined) return known;
    const counts = new Map<string, number>();
    for (let p = 0; p < problem.room.layout.hosts; p++) {
      const why = this.#obstacle(i, p);
      counts.set(why, (counts.get(why) ?? 0) + 1);
    }
    const said = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([why, n]) => `${n} ${why}`);
    const s = pick(problem.shapes, at(problem.shape, i));
    const whole = problem.together.has(i) ? `the ${this.#seating.weight(i)} VMs of its affinity group together need ` : 'needs ';
    const made = `${whole}${s.vcpus} vCPU, ${s.memory} MB, ${s.disk} GB; of ${problem.room.layout.hosts} hosts ${said.join(', ')}`.slice(
      0,
      500,
    );
    this.#nowhere.set(key, made);
    return made;
  }

  /** The first thing that keeps the item off a host. */
  #obstacle(i: number, p: number): string {
    const { problem } = this.#seating;
    const { room } = problem;
    const cluster = at(room.layout.clusterOf, this.#seating.segmentOf(p));
    const open = [at(problem.first, i), at(problem.second, i)].some(
      (d) => d !== NONE && pick(problem.domains, d).clusters.includes(cluster),
    );
    if (!open) return OUTSIDE;
    if (room.closed(p)) return SHUT;
    const s = pick(problem.shapes, at(problem.shape, i));
    const demand = s.allowed && unmet(pick(problem.model.hosts.profiles, at(room.profile, p)), s.wish);
    if (demand !== undefined) return demand;
    if (at(problem.pin, i) !== NONE && at(problem.pin, i) !== p) return 'not where its affinity group lives';
    if (this.#seating.kept(i, p)) return 'kept apart by its server group';
    if (needed(s.vcpus) > at(room.vcpus, p) + at(this.#planned.vcpus, p)) return 'short of vCPUs';
    if (needed(s.memory) > at(room.memory, p) + at(this.#planned.memory, p)) return 'short of memory';
    if (needed(s.disk) > at(room.disk, p) + at(this.#planned.disk, p)) return 'short of disk';
    return 'filled by other VMs of this plan';
  }
}
