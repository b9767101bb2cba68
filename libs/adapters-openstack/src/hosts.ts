import { failed, type HostId, hostId, type Outcome, ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import { type Identities, resolveIdentities, sameNames } from './fleet/identities.ts';
import type { Places } from './fleet/join.ts';
import type { Nova } from './nova/nova.ts';
import type { HypervisorRow, ServiceRow } from './nova/schemas.ts';

type Answer<T> = Promise<Outcome<T, CloudFailure>>;

/** Which of Nova's hosts is meant: a name that is Nova's own needs no look-up, any other is resolved once. */
export class Hosts {
  readonly #nova: Nova;
  readonly #places: () => Places | undefined;
  #known: { readonly places: Places | undefined; readonly ids: Identities } | undefined;

  constructor(nova: Nova, places: () => Places | undefined) {
    this.#nova = nova;
    this.#places = places;
  }

  /** The row of a host's compute service, with its id. */
  async serviceOf(signal: AbortSignal, host: HostId): Answer<ServiceRow & { readonly id: string }> {
    const own = await this.#nova.services(signal, host);
    if (!own.ok) return own;
    let [row] = own.value;
    if (row === undefined) {
      const name = await this.novaName(signal, host);
      if (!name.ok) return name;
      if (name.value !== host) {
        const found = await this.#nova.services(signal, name.value);
        if (!found.ok) return found;
        [row] = found.value;
      }
    }
    if (row === undefined) return failed('CLOUD_NOT_FOUND', `${host}: Nova has no nova-compute service of this name`);
    if (row.id === undefined || row.state === undefined)
      return failed('CLOUD_FAILED', `${host}: its Nova cell does not answer (service status ${row.status})`);
    return ok({ ...row, id: row.id });
  }

  /** Nova's name of a host of ours. A host outside the topology keeps its name: Nova says whether it exists. */
  async novaName(signal: AbortSignal, host: HostId): Answer<string> {
    const ids = await this.#identities(signal, (known) => known.novaOf.has(host));
    if (!ids.ok) return ids;
    const several = ids.value.ambiguous.get(host);
    if (several !== undefined)
      return failed('CLOUD_REFUSED', `${host} could be any of ${several}: write the name of Nova's compute service into the topology`);
    return ok(ids.value.novaOf.get(host) ?? host);
  }

  /** Our names of Nova's hosts, for answers. A host outside the topology keeps Nova's name. */
  async namer(signal: AbortSignal, novaHosts: readonly string[]): Answer<(novaHost: string) => HostId> {
    const ids = await this.#identities(signal, (known) => novaHosts.every((n) => known.seen.has(n)));
    if (!ids.ok) return ids;
    return ok((n) => ids.value.hostOf.get(n) ?? hostId(n));
  }

  /** Resolves anew from what was just read. */
  learn(services: readonly ServiceRow[], hypervisors: readonly HypervisorRow[]): Identities {
    const places = this.#places();
    const nova = services.map((s) => ({
      host: s.host,
      hypervisors: hypervisors.filter((h) => h.service.host === s.host).map((h) => h.hypervisor_hostname),
    }));
    const ids =
      places === undefined
        ? sameNames(nova)
        : resolveIdentities(
            places.hosts.map((h) => h.host),
            nova,
          );
    this.#known = { places, ids };
    return ids;
  }

  async #identities(signal: AbortSignal, enough: (known: Identities) => boolean): Answer<Identities> {
    const places = this.#places();
    if (places === undefined) return ok(sameNames([]));
    if (this.#known?.places === places && enough(this.#known.ids)) return ok(this.#known.ids);
    const services = await this.#nova.services(signal);
    if (!services.ok) return services;
    // Where all names of the topology are Nova's own, those of its hypervisors, which are dear to ask for, join nothing.
    const own = new Set(services.value.map((s) => s.host));
    if (places.hosts.every((h) => own.has(h.host))) return ok(this.learn(services.value, []));
    const hypervisors = await this.#nova.hypervisors(signal);
    if (!hypervisors.ok) return hypervisors;
    return ok(this.learn(services.value, hypervisors.value));
  }
}
