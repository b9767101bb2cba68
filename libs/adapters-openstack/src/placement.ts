import type { Resources } from '@lifeboat/contracts';
import { type Outcome, ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import Type from 'typebox';
import type { Pin } from './microversion.ts';
import { inParallel } from './parallel.ts';
import type { Service } from './service.ts';

const Provider = Type.Object({ uuid: Type.String(), name: Type.String(), generation: Type.Integer() });
const Providers = Type.Object({ resource_providers: Type.Array(Provider) });
const Inventory = Type.Object({
  total: Type.Integer(),
  reserved: Type.Integer(),
  max_unit: Type.Integer(),
  allocation_ratio: Type.Number(),
});
export type Inventory = Type.Static<typeof Inventory>;
const Inventories = Type.Object({ resource_provider_generation: Type.Integer(), inventories: Type.Record(Type.String(), Inventory) });
const Usages = Type.Object({ usages: Type.Record(Type.String(), Type.Integer()) });
const Traits = Type.Object({ traits: Type.Array(Type.String()) });

/** 1.17 brings everything we read (traits with generations); the answers have not changed since. */
const pin: Pin = { best: [1, 17], least: [1, 17] };
const AT_ONCE = 8;

export interface ProviderFacts {
  readonly capacity: Resources;
  readonly maxUnit: Resources;
  readonly used: Resources;
  readonly traits: readonly string[];
  /** Classes without an inventory here: a compute node that gives no DISK_GB of its own, say. */
  readonly missing: readonly string[];
}

const classes = { vcpus: 'VCPU', memoryMb: 'MEMORY_MB', diskGb: 'DISK_GB' } as const;
const perClass = (of: (resourceClass: string) => number): Resources => ({
  vcpus: of(classes.vcpus),
  memoryMb: of(classes.memoryMb),
  diskGb: of(classes.diskGb),
});

/** What Placement would give of one class: floor((total - reserved) x allocation ratio), rounded as Placement itself rounds it. */
export const capacityOf = (i: Inventory): number => Math.max(0, Math.floor((i.total - i.reserved) * i.allocation_ratio));

type StandingFacts = Pick<ProviderFacts, 'capacity' | 'maxUnit' | 'traits' | 'missing'>;

/**
 * Placement, a few providers at a time. Inventories and traits are kept per provider for as long as its generation is
 * the same; usages are read every time, because deleting an allocation does not change the generation.
 */
export class Placement {
  readonly #api: Service;
  readonly #standing = new Map<string, { readonly generation: number; readonly facts: StandingFacts }>();
  constructor(api: Service) {
    this.#api = api;
  }

  /** By provider UUID, which is the hypervisor's id in Nova. Providers that do not exist are left out. */
  async facts(signal: AbortSignal, uuids: readonly string[]): Promise<Outcome<ReadonlyMap<string, ProviderFacts>, CloudFailure>> {
    const all = await this.#api.read(Providers, { path: '/resource_providers', version: pin, signal });
    if (!all.ok) return all;
    const byId = new Map(all.value.resource_providers.map((p) => [p.uuid, p]));
    for (const kept of this.#standing.keys()) if (!byId.has(kept)) this.#standing.delete(kept);
    const wanted = uuids.flatMap((u) => byId.get(u) ?? []);
    const read = await inParallel(AT_ONCE, wanted, (p) => this.#provider(signal, p));
    return read.ok ? ok(new Map(read.value)) : read;
  }

  /** The usages of a few providers, now; inventories and traits as they were last read. Providers that do not exist are left out. */
  async books(signal: AbortSignal, uuids: readonly string[]): Promise<Outcome<ReadonlyMap<string, ProviderFacts>, CloudFailure>> {
    type Books = readonly [string, ProviderFacts] | undefined;
    const read = await inParallel(AT_ONCE, uuids, async (uuid): Promise<Outcome<Books, CloudFailure>> => {
      // -1: what was read without a generation is read again by the next `facts`
      const generation = this.#standing.get(uuid)?.generation ?? -1;
      const one = await this.#provider(signal, { uuid, name: uuid, generation });
      return !one.ok && one.code === 'CLOUD_NOT_FOUND' ? ok(undefined) : one;
    });
    return read.ok ? ok(new Map(read.value.filter((x) => x !== undefined))) : read;
  }

  async #provider(signal: AbortSignal, p: Type.Static<typeof Provider>): Promise<Outcome<[string, ProviderFacts], CloudFailure>> {
    const standing = await this.#standingFacts(signal, p);
    if (!standing.ok) return standing;
    const usages = await this.#api.read(Usages, { path: `/resource_providers/${p.uuid}/usages`, version: pin, signal });
    if (!usages.ok) return usages;
    return ok([p.uuid, { ...standing.value, used: perClass((c) => usages.value.usages[c] ?? 0) }]);
  }

  async #standingFacts(signal: AbortSignal, p: Type.Static<typeof Provider>): Promise<Outcome<StandingFacts, CloudFailure>> {
    const kept = this.#standing.get(p.uuid);
    if (kept?.generation === p.generation) return ok(kept.facts);
    const inventories = await this.#api.read(Inventories, { path: `/resource_providers/${p.uuid}/inventories`, version: pin, signal });
    if (!inventories.ok) return inventories;
    const traits = await this.#api.read(Traits, { path: `/resource_providers/${p.uuid}/traits`, version: pin, signal });
    if (!traits.ok) return traits;
    const of = inventories.value.inventories;
    const facts: StandingFacts = {
      capacity: perClass((c) => (of[c] === undefined ? 0 : capacityOf(of[c]))),
      maxUnit: perClass((c) => Math.max(0, of[c]?.max_unit ?? 0)),
      traits: [...traits.value.traits].sort(),
      missing: Object.values(classes).filter((c) => of[c] === undefined),
    };
    // under the generation of the list: if it moved meanwhile, the next look reads again
    this.#standing.set(p.uuid, { generation: p.generation, facts });
    return ok(facts);
  }
}
