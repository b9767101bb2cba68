import { type Complaint, type HostId, hostId } from '@lifeboat/kernel';

/** A compute node as Nova names it: its service's host, and its hypervisors (one, except for bare metal). */
export interface NovaHost {
  readonly host: string;
  readonly hypervisors: readonly string[];
}
/** Lifeboat's name of a host (the topology's) and Nova's. */
export interface Identities {
  readonly novaOf: ReadonlyMap<HostId, string>;
  readonly hostOf: ReadonlyMap<string, HostId>;
  /** Names that could be several hosts: nothing is done to any of them. */
  readonly ambiguous: ReadonlyMap<HostId, string>;
  /** Every host of Nova that was looked at, joined or not. */
  readonly seen: ReadonlySet<string>;
  readonly complaints: readonly Complaint[];
}

const short = (name: string): string => {
  const [first] = name.toLowerCase().split('.');
  // an address has no short form
  return first === undefined || /^\d+$/.test(first) ? name.toLowerCase() : first;
};
const where = 'topology';

/**
 * Joins the topology's host names with Nova's: by the service's host, else by the hypervisor's name, else by the short
 * name where that is one host on either side. A name that could be two is nobody: fencing the wrong host is worse than none.
 */
export const resolveIdentities = (topology: readonly HostId[], nova: readonly NovaHost[]): Identities => {
  const novaOf = new Map<HostId, string>();
  const hostOf = new Map<string, HostId>();
  const ambiguous = new Map<HostId, string>();
  const complaints: Complaint[] = [];
  const join = (host: HostId, to: string) => {
    novaOf.set(host, to);
    hostOf.set(to, host);
  };
  const exact = new Set(nova.map((n) => n.host));
  for (const host of topology) if (exact.has(host)) join(host, host);
  const open = topology.filter((h) => !novaOf.has(h));
  const free = nova.filter((n) => !hostOf.has(n.host));
  const candidates = new Map(open.map((h) => [h, candidatesFor(h, free)]));
  for (const [host, found] of candidates) {
    const [only] = found;
    const rivals = only === undefined ? [] : open.filter((h) => candidates.get(h)?.some((n) => n.host === only.host));
    if (only === undefined) {
      complaints.push({
        where,
        field: `hosts.${host}`,
        problem: 'Nova has no compute service of this name; see "openstack compute service list" for its names',
      });
    } else if (found.length > 1 || rivals.length > 1) {
      const names = found.length > 1 ? found.map((n) => n.host) : rivals;
      ambiguous.set(host, names.join(', '));
      complaints.push({
        where,
        field: `hosts.${host}`,
        problem: `could be any of ${names.join(', ')}; write the name of Nova's compute service`,
      });
    } else join(host, only.host);
  }
  const known = new Set([...hostOf.keys(), ...[...candidates.values()].flat().map((n) => n.host)]);
  for (const n of nova)
    if (!known.has(n.host))
      complaints.push({ where, field: 'hosts', problem: `Nova's host ${n.host} is not in the topology: Lifeboat does not protect it` });
  return { novaOf, hostOf, ambiguous, seen: new Set(nova.map((n) => n.host)), complaints };
};

const candidatesFor = (host: HostId, free: readonly NovaHost[]): readonly NovaHost[] => {
  const lower = host.toLowerCase();
  const named = free.filter((n) => n.host.toLowerCase() === lower || n.hypervisors.some((h) => h.toLowerCase() === lower));
  if (named.length > 0) return named;
  // a short name and a full one may be the same host; two full names of different domains are not
  const couldBe = (name: string) => short(name) === short(host) && (!name.includes('.') || !host.includes('.'));
  return free.filter((n) => couldBe(n.host) || n.hypervisors.some(couldBe));
};

/** Without a topology Nova's names are ours. */
export const sameNames = (nova: readonly NovaHost[]): Identities => ({
  novaOf: new Map(nova.map((n) => [hostId(n.host), n.host])),
  hostOf: new Map(nova.map((n) => [n.host, hostId(n.host)])),
  ambiguous: new Map(),
  seen: new Set(nova.map((n) => n.host)),
  complaints: [],
});
