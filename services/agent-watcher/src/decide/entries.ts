import type { Registration } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import { type HostDocument, packed } from '../state.ts';

/** A host's entry as the registry holds it (the shape of the port's `Registered`). */
export type Found =
  | Readonly<{ kind: 'host'; session: string; registration: Registration }>
  | Readonly<{ kind: 'malformed'; session: string; reason: string; raw: string }>;
/** What was made of it, small enough for thousands to wait. */
export type Seen = Readonly<{ ok: true; document: HostDocument }> | Unreadable;
export type Unreadable = Readonly<{ ok: false; reason: string; raw: string }>;

/**
 * `entries`: what is or became of these hosts. `gone`: these entries went, found at one look, and how many fewer entries the whole
 * region held than before. `view`: everything was read anew, after a start or a gap; its entries came before, here are the names of all that are
 * there. `stalled`: this process, or the registry, stood still; what is seen since tells of then. `sound`: the registry has just
 * answered, and all that it held has been told.
 */
export type Observation =
  | Readonly<{ kind: 'entries'; entries: readonly (readonly [host: HostId, seen: Seen])[] }>
  | Readonly<{ kind: 'gone'; hosts: readonly HostId[]; region: Readonly<{ fell: number; of: number }> }>
  | Readonly<{ kind: 'view'; present: readonly HostId[] }>
  | Readonly<{ kind: 'stalled'; forMs: number }>
  | Readonly<{ kind: 'sound' }>;

export function seenAs(host: HostId, found: Found): Seen {
  if (found.kind === 'malformed') return { ok: false, reason: found.reason, raw: found.raw };
  const { registration: r, session } = found;
  if (r.host !== host)
    return {
      ok: false,
      reason: `host: '${r.host}' is registered under the name ${host}; correct the agent's LIFEBOAT_HOST`,
      raw: JSON.stringify(r),
    };
  const machine = r.machineUuid === undefined ? {} : { machineUuid: r.machineUuid };
  return { ok: true, document: { session, bootId: r.bootId, ...machine, leaving: r.leaving, said: packed(r) } };
}

export const reasonOf = (d: HostDocument): 'left' | 'session-lapsed' => (d.leaving ? 'left' : 'session-lapsed');
