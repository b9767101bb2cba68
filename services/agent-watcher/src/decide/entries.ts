import type { Registration } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import type { HostDocument } from '../state.ts';

/** A host's entry as the registry holds it (the shape of the port's `Registered`), null = gone. */
export type Entry = readonly [
  host: HostId,
  entry:
    | Readonly<{ kind: 'host'; session: string; registration: Registration }>
    | Readonly<{ kind: 'malformed'; session: string; reason: string; raw: string }>
    | null,
];

/**
 * `entries`: what is or became of these hosts. `view`: everything was read anew, after a start or a gap; its entries came
 * before, here are the names of all that are there.
 */
export type Observation = Readonly<{ kind: 'entries'; entries: readonly Entry[] }> | Readonly<{ kind: 'view'; present: readonly HostId[] }>;

export type Unreadable = Readonly<{ ok: false; reason: string; raw: string }>;

export function seenAs(host: HostId, entry: NonNullable<Entry[1]>): Readonly<{ ok: true; document: HostDocument }> | Unreadable {
  if (entry.kind === 'malformed') return { ok: false, reason: entry.reason, raw: entry.raw };
  const { registration: r, session } = entry;
  if (r.host !== host)
    return {
      ok: false,
      reason: `host: '${r.host}' is registered under the name ${host}; correct the agent's LIFEBOAT_HOST`,
      raw: JSON.stringify(r),
    };
  return { ok: true, document: { session, bootId: r.bootId, leaving: r.leaving, vms: r.vms, peers: r.peers, missing: false } };
}

export const reasonOf = (d: HostDocument): 'left' | 'session-lapsed' => (d.leaving ? 'left' : 'session-lapsed');
