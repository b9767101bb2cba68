import type { HostId } from '@lifeboat/kernel';
import type { Clock, Registered, Registry } from '@lifeboat/ports';
import type { ServiceWorld } from '@lifeboat/runtime';
import type { Entry, Observation } from './decide/entries.ts';

export interface WatcherPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  /**
   * Which hosts this watcher answers for. Here the load will be shared among live watchers (rendezvous hashing over their
   * names); one watcher answers for all.
   */
  readonly concerns?: (host: HostId) => boolean;
}

const COALESCE_MS = 20;
/** Entries in one decision: its commit must stay small beside what the store takes in one write. */
const TOGETHER = 500;
const AGAIN_MS = 1_000;

/**
 * Turns the registry's calls into observations. A host that changes many times in a moment is observed once, as it last
 * was; a view of 10,000 hosts comes in pieces, its names at the end.
 */
export const agentWatcherWorld = ({ registry, clock, concerns = () => true }: WatcherPorts): ServiceWorld<never, never, Observation> => ({
  perform: async (effect) => effect,
  async observe(push, { signal }) {
    const waiting = new Map<HostId, Registered | null>();
    let view: readonly HostId[] | null = null;
    let wake: () => void = () => undefined;

    const watch = await registry.watch({
      onView(all) {
        // The view is newer than every change before it.
        waiting.clear();
        for (const [host, entry] of all) if (concerns(host)) waiting.set(host, entry);
        view = [...waiting.keys()];
        wake();
      },
      onHost(host, entry) {
        if (!concerns(host)) return;
        waiting.set(host, entry);
        wake();
      },
    });
    if (!watch.ok) {
      // The registry is away: the shell calls again in a moment; connections show in the health.
      await clock.sleep(AGAIN_MS, signal);
      return;
    }
    const stop = () => wake();
    signal.addEventListener('abort', stop);
    while (!signal.aborted) {
      if (waiting.size === 0 && view === null) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        await clock.sleep(COALESCE_MS, signal);
        continue;
      }
      const entries: Entry[] = [...waiting].slice(0, TOGETHER);
      for (const [host] of entries) waiting.delete(host);
      if (entries.length > 0) push({ kind: 'entries', entries });
      if (waiting.size === 0 && view !== null) {
        push({ kind: 'view', present: view });
        view = null;
      }
      await clock.sleep(COALESCE_MS, signal);
    }
    signal.removeEventListener('abort', stop);
    await watch.value.close();
  },
});
