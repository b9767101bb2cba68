import type { RestartWay, VmFailure } from '@lifeboat/contracts';
import type { ClusterId, HostId, IncidentId, Instant, VmId } from '@lifeboat/kernel';

/**
 * One VM that failed by itself.
 *
 *   vm.failed --> waiting --its time has come--> ordered --Nova did it--> done --its agent sees it run--> (recovered)
 *                  ^  |  too many failures            |                    |
 *                  |  `--> placing --a host has room--^                    | fails again, or is not seen in time
 *                  `------------- refused, failed: later and later --------'
 *   (any) --unwanted, its owner has it in hand--> (left alone);  --moved in vain, no room--> (given up)
 *   (any) --its host fails--> (handed over to that incident)
 */
export type VmIncident = Readonly<{
  vm: VmId;
  name?: string;
  incident: IncidentId;
  /** Failures of it that came while this one was being mended, by their incidents' names: mended with it. */
  also?: readonly IncidentId[];
  host: HostId;
  cluster: ClusterId;
  failure: VmFailure;
  trial: boolean;
  openedAt: Instant;
  /** What was done to the VM after this time by somebody else settles it. */
  since: Instant;
  /** When our last try ended without success: what we did ourselves before that settles nothing. */
  triedUntil?: Instant;
  /** Orders given. */
  attempts: number;
  /** Of these, without success. */
  failedTries: number;
  moves: number;
  /** Our last resume got no end from Nova: it may be left at its pause, of which no move and no evacuation gets it away. */
  halfResumed?: boolean;
  /** It failed again while the migrator had it. */
  again: boolean;
  stage:
    | Readonly<{ kind: 'waiting'; until: Instant }>
    | Readonly<{ kind: 'placing' }>
    | Readonly<{ kind: 'ordered'; how: RestartWay; to: readonly HostId[] | null; at: Instant }>
    | Readonly<{ kind: 'done'; how: RestartWay; at: Instant }>;
}>;
