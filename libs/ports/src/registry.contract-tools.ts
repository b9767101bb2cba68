import type { Registration } from '@lifeboat/contracts';
import { type HostId, instant } from '@lifeboat/kernel';
import { eventually, taken } from './contract-tools.ts';
import type { RegionCount, Registered, Registry, RegistryObserver } from './registry.ts';

/** One process with its link to the registry, and what may happen to it. */
export interface RegistryMember {
  readonly registry: Registry;
  /** Packets are lost both ways, nothing is closed. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** The process dies. */
  kill(): Promise<void>;
  /** Lays any text under a host's name, as a faulty agent might. */
  plant(host: HostId, raw: string): Promise<void>;
}
export interface RegistryHarness {
  readonly sessionTimeoutMs: number;
  member(): Promise<RegistryMember>;
  close(): Promise<void>;
}

/** News between live members. */
export const NEWS_MS = 5_000;

export const registration = (host: HostId, more: Partial<Registration> = {}): Registration => ({
  host,
  bootId: `boot of ${host}`,
  agentVersion: '0.1.0',
  startedAt: instant(1),
  leaving: false,
  vmsKnown: true,
  vms: [],
  peers: [],
  ...more,
});

/** A watcher that keeps all it was told, and what is there now. */
export async function observe(registry: Registry, concerns?: (host: HostId) => boolean) {
  const views: ReadonlyMap<HostId, Registered>[] = [];
  const changes: [HostId, Registered | null][] = [];
  const losses: { readonly hosts: readonly HostId[]; readonly region: RegionCount }[] = [];
  const now = new Map<HostId, Registered>();
  const observer: RegistryObserver = {
    onView: (present) => {
      const there = new Set(present);
      for (const host of [...now.keys()]) if (!there.has(host)) now.delete(host);
      for (const host of present) if (!now.has(host)) throw new Error(`${host} is in the view, and its entry was never told`);
      views.push(new Map(now));
    },
    onHost: (host, entry) => {
      changes.push([host, entry]);
      now.set(host, entry);
    },
    onGone: (hosts, region) => {
      losses.push({ hosts, region });
      for (const host of hosts) {
        changes.push([host, null]);
        now.delete(host);
      }
    },
  };
  const watch = taken(await registry.watch(observer, concerns));
  await eventually('the first view', () => views.length > 0, NEWS_MS);
  const registrationOf = (host: HostId) => {
    const entry = now.get(host);
    return entry?.kind === 'host' ? entry.registration : null;
  };
  return { views, changes, losses, now, watch, registrationOf };
}

/** A member of a group, and whom it sees. */
export function gathered(registry: Registry, group: string, member: string) {
  const stop = new AbortController();
  let seen: readonly string[] = [];
  const ended = registry.gather(group, member, {
    signal: stop.signal,
    onMembers: (members) => {
      seen = members;
    },
  });
  return {
    now: () => seen.join(' '),
    leave: async () => {
      stop.abort();
      await ended;
    },
  };
}
