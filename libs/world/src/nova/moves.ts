import type { HostId, Instant, VmId } from '@lifeboat/kernel';
import type { Nova } from './nova.ts';
import type { Server } from './state.ts';

/** A record of a live or cold migration. */
export interface Moving {
  readonly id: string;
  readonly vm: VmId;
  readonly from: HostId;
  readonly to: HostId;
  readonly how: 'live' | 'cold';
  status:
    | 'accepted'
    | 'queued'
    | 'preparing'
    | 'running'
    | 'post-migrating'
    | 'migrating'
    | 'finished'
    | 'confirmed'
    | 'completed'
    | 'error'
    | 'failed'
    | 'cancelled';
  readonly createdAt: Instant;
  aborting: boolean;
}

export const undecided: ReadonlySet<Moving['status']> = new Set([
  'accepted',
  'queued',
  'preparing',
  'running',
  'post-migrating',
  'migrating',
]);

/** Ended where it was to go. */
export const arrived: ReadonlySet<Moving['status']> = new Set(['finished', 'confirmed', 'completed']);

/** Taken up by the source's compute service, and nothing copied yet. */
export const waiting: ReadonlySet<Moving['status']> = new Set(['queued', 'preparing']);

export function newMove(nova: Nova, s: Server, to: HostId, how: Moving['how']): Moving {
  const createdAt = nova.world.now();
  const move: Moving = {
    id: String(nova.moves.length + 1),
    vm: s.vm,
    from: s.host,
    to,
    how,
    status: 'accepted',
    createdAt,
    aborting: false,
  };
  nova.moves.push(move);
  return move;
}

/** Given up before it was there: the record says so, and the VM is where it was. */
export function refuseMove(
  nova: Nova,
  s: Server,
  move: Moving,
  task: string,
  why: string,
  as: 'error' | 'failed' | 'cancelled' = 'error',
): void {
  move.status = as;
  if (s.host !== move.to) nova.placing.release(s.vm, move.to);
  if (s.task === task && s.host === move.from) s.task = null;
  nova.world.trace.add(nova.world.now(), 'nova', `migration ${move.id} of ${s.vm} to ${move.to}: ${as}: ${why}`);
}
