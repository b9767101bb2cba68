import type { VmReport } from '@lifeboat/contracts';
import type { DomainState } from './bridge.ts';

type Meaning = readonly [VmReport['state'], string];

/**
 * libvirt's state and reason (virDomainState, virDomain*Reason) as Lifeboat reads them. What matters: 'crashed' is a
 * failure, 'shut-off' is what the owner wanted (or the host's own start, reason 'unknown'), 'io-error' is storage.
 */
const meanings: Readonly<Record<number, Readonly<Record<number, Meaning>> & { readonly otherwise: Meaning }>> = {
  1: { 9: ['running', 'restarted after a crash'], 11: ['running', 'post-copy failed'], otherwise: ['running', 'running'] },
  2: { otherwise: ['running', 'blocked'] },
  3: {
    1: ['paused', 'user'],
    2: ['paused', 'migration'],
    3: ['paused', 'save'],
    4: ['paused', 'dump'],
    5: ['io-error', 'I/O error'],
    6: ['hung', 'watchdog'],
    7: ['paused', 'from snapshot'],
    8: ['paused', 'shutting down'],
    9: ['paused', 'snapshot'],
    10: ['crashed', 'crashed'],
    11: ['paused', 'starting up'],
    12: ['paused', 'post-copy'],
    13: ['paused', 'post-copy failed'],
    otherwise: ['paused', 'unknown'],
  },
  4: { otherwise: ['running', 'shutting down'] },
  5: {
    1: ['shut-off', 'shutdown'],
    2: ['shut-off', 'destroyed'],
    3: ['crashed', 'crashed'],
    4: ['shut-off', 'migrated'],
    5: ['shut-off', 'saved'],
    6: ['crashed', 'failed to start'],
    7: ['shut-off', 'from snapshot'],
    8: ['crashed', 'given up by libvirt when it started'],
    otherwise: ['shut-off', 'unknown'],
  },
  6: { 1: ['crashed', 'panicked'], otherwise: ['crashed', 'crashed'] },
  7: { otherwise: ['paused', 'suspended by its guest'] },
};

export const meaningOf = (state: number, reason: number): Meaning => {
  const byReason = meanings[state];
  return byReason === undefined ? ['unknown', `libvirt state ${state}`] : (byReason[reason] ?? byReason.otherwise);
};

/** A guest that runs by the hypervisor's word and has been silent for long has hung, or its process has. */
export const healthOf = (d: Pick<DomainState, 'state' | 'reason' | 'guest'>): Meaning => {
  const meaning = meaningOf(d.state, d.reason);
  return meaning[0] === 'running' && d.guest === 'silent' ? ['hung', 'guest agent silent'] : meaning;
};
