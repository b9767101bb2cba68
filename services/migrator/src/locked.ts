import { after, type Instant, stay } from '@lifeboat/kernel';
import { failure } from './move.ts';
import type { MigratorSettings } from './settings.ts';
import { type MigratorState, type Move, putMove } from './state.ts';
import type { Step } from './step.ts';

const AGAIN_MS = { first: 2_000, most: 30_000 };

/**
 * The storage still holds the dead host's lock on the VM's disk: it does not know of the host's death yet. That is neither
 * the target's fault nor the VM's: the same call again, soon at first. A lock that stays is left to a person: somebody may
 * really hold it, and then the lock is what keeps the disk whole.
 */
export function whileLocked(s: MigratorState, settings: MigratorSettings, m: Move, why: string, at: Instant): Step {
  const lockedSince = m.lockedSince ?? at;
  const lockedMs = at - lockedSince;
  if (lockedMs > settings.stuckAfterMs) {
    const minutes = Math.round(lockedMs / 60_000);
    return failure(
      s,
      m,
      'CLOUD_CONFLICT',
      `the storage has held a lock on its disk for ${minutes} min: find out who uses it (${why})`,
      'never',
      at,
    );
  }
  const waitMs = Math.min(Math.max(lockedMs / 2, AGAIN_MS.first), AGAIN_MS.most);
  const lastReason = `CLOUD_CONFLICT: ${why}`;
  return stay(putMove(s, { ...m, stage: 'queued', lockedSince, notBefore: after(at, waitMs), lastReason }));
}
