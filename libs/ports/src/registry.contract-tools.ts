import type { Registration } from '@lifeboat/contracts';
import { type HostId, instant } from '@lifeboat/kernel';
import { eventually, taken } from './contract-tools.ts';
import type { Registered, Registry } from './registry.ts';

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
export async function observe(registry: Registry) {
  const views: ReadonlyMap<HostId, Registered>[] = [];
  const changes: [HostId, Registered | null][] = [];
  const now = new Map<HostId, Registered>();
  const watch = taken(
    await registry.watch({
      onView: (view) => {
        views.push(view);
        now.clear();
        for (const [host, entry] of view) now.set(host, entry);
      },
      onHost: (host, entry) => {
        changes.push([host, entry]);
        if (entry === null) now.delete(host);
        else now.set(host, entry);
      },
    }),
  );
  await eventually('the first view', () => views.length > 0, NEWS_MS);
  const registrationOf = (host: HostId) => {
    const entry = now.get(host);
    return entry?.kind === 'host' ? entry.registration : null;
  };
  return { views, changes, now, watch, registrationOf };
}
