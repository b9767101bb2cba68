import type { Aggregate, ServerRow } from '../nova/schemas.ts';

/** What a server demands of a host's traits, real ones and those that stand for host aggregates. */
export interface TraitDemands {
  readonly required: readonly string[];
  readonly forbidden: readonly string[];
}

const SPEC = 'aggregate_instance_extra_specs:';
const TENANTS = 'filter_tenant_id';
const ISOLATED = 'trait:';

/**
 * What Nova's filters make of the metadata of host aggregates (AggregateInstanceExtraSpecs, AggregateMultiTenancyIsolation,
 * isolated aggregates), told as traits that only Lifeboat knows: 'aggregate: ...'. So the planner needs no word for aggregates.
 */
export class Masks {
  /** Nova host → key → the values that its aggregates give it. */
  readonly #metadata = new Map<string, Map<string, Set<string>>>();
  /** Trait → the tenants that it lets in; trait → the real trait that it asks for. */
  readonly #tenants = new Map<string, ReadonlySet<string>>();
  readonly #isolated = new Map<string, string>();
  /** What the servers seen so far demand of aggregates, by trait. */
  readonly #demanded = new Map<string, { readonly key: string; readonly requirement: string }>();

  constructor(aggregates: readonly Aggregate[]) {
    for (const { hosts, metadata = {} } of aggregates)
      for (const host of hosts)
        for (const [key, value] of Object.entries(metadata)) for (const v of (value ?? '').split(',')) this.#note(host, key, v.trim());
    for (const host of this.#metadata.keys()) {
      const tenants = this.#tenantsOf(host);
      if (tenants.length > 0) this.#tenants.set(onlyTenants(tenants), new Set(tenants));
      for (const trait of this.#isolatedBy(host)) this.#isolated.set(onlyWith(trait), trait);
    }
  }

  demandsOf(server: ServerRow): TraitDemands {
    const required: string[] = [];
    const forbidden: string[] = [];
    for (const [key, value] of Object.entries(server.flavor.extra_specs ?? {})) {
      if (key.startsWith('trait:'))
        (value === 'required' ? required : value === 'forbidden' ? forbidden : []).push(key.slice('trait:'.length));
      if (!key.startsWith(SPEC)) continue;
      const demand = { key: key.slice(SPEC.length), requirement: value };
      const trait = `aggregate: ${demand.key} ${value}`;
      this.#demanded.set(trait, demand);
      required.push(trait);
    }
    for (const [trait, tenants] of this.#tenants) if (!tenants.has(server.tenant_id ?? '')) forbidden.push(trait);
    for (const [trait, real] of this.#isolated) if (!required.includes(real)) forbidden.push(trait);
    return { required: required.sort(), forbidden: forbidden.sort() };
  }

  /** The traits of a host that stand for its aggregates, for the servers seen so far. */
  traitsOf(novaHost: string): string[] {
    const traits = [...this.#demanded].flatMap(([trait, { key, requirement }]) =>
      [...(this.#metadata.get(novaHost)?.get(key) ?? [])].some((value) => matches(value, requirement)) ? [trait] : [],
    );
    const tenants = this.#tenantsOf(novaHost);
    if (tenants.length > 0) traits.push(onlyTenants(tenants));
    return [...traits, ...this.#isolatedBy(novaHost).map(onlyWith)].sort();
  }

  #note(host: string, key: string, value: string): void {
    const keys = this.#metadata.get(host) ?? new Map<string, Set<string>>();
    this.#metadata.set(host, keys.set(key, (keys.get(key) ?? new Set<string>()).add(value)));
  }

  #tenantsOf(host: string): string[] {
    const keys = [...(this.#metadata.get(host) ?? [])].filter(([key]) => key.startsWith(TENANTS));
    return [...new Set(keys.flatMap(([, values]) => [...values]))].sort();
  }

  #isolatedBy(host: string): string[] {
    const keys = [...(this.#metadata.get(host) ?? [])].filter(([key, values]) => key.startsWith(ISOLATED) && values.has('required'));
    return keys.map(([key]) => key.slice(ISOLATED.length)).sort();
  }
}

const onlyTenants = (tenants: readonly string[]) => `aggregate: only of tenants ${tenants.join(', ')}`;
const onlyWith = (trait: string) => `aggregate: only with ${trait}`;

const numbers = (of: (value: number, asked: number) => boolean) => (value: string, words: readonly string[]) =>
  value.trim() !== '' && of(Number(value), Number(words[0]));
const texts = (of: (value: string, asked: string) => boolean) => (value: string, words: readonly string[]) => of(value, words[0] ?? '');

/** The operators of Nova's flavor extra specs. '=' means 'at least' there. */
const operators: Readonly<Record<string, (value: string, words: readonly string[]) => boolean>> = {
  '=': numbers((a, b) => a >= b),
  '==': numbers((a, b) => a === b),
  '!=': numbers((a, b) => a !== b),
  '>=': numbers((a, b) => a >= b),
  '<=': numbers((a, b) => a <= b),
  's==': texts((a, b) => a === b),
  's!=': texts((a, b) => a !== b),
  's<': texts((a, b) => a < b),
  's<=': texts((a, b) => a <= b),
  's>': texts((a, b) => a > b),
  's>=': texts((a, b) => a >= b),
  '<in>': texts((a, b) => a.includes(b)),
  '<all-in>': (value, words) => words.every((w) => value.includes(w)),
  '<or>': (value, words) => words.some((w, i) => i % 2 === 0 && w === value),
};

/** Does an aggregate's value meet what a flavor asks, as Nova compares them? */
export const matches = (value: string, requirement: string): boolean => {
  const [first = '', ...words] = requirement.trim().split(/\s+/);
  const operator = Object.hasOwn(operators, first) ? operators[first] : undefined;
  if (operator === undefined) return value === requirement;
  return words.length > 0 && operator(value, words);
};
