/**
 * An order, or a verdict that leads to one, is obeyed this long after it was given; who still means it gives it again before
 * that (TOLD_AGAIN_MS). Else a service whose stored state was lost, or set back to a backup, would read last week's stream
 * from its beginning and power off hosts that have long been well.
 */
export const ORDER_VALID_MS = 10 * 60_000;
export const TOLD_AGAIN_MS = 3 * 60_000;

/**
 * A host that was proven dead and whose agent has been back for so long never was: a session that was only late, with its
 * time limit doubled where the registry is doubted, has lapsed by then.
 */
export const contradictedAfterMs = (sessionMs: number): number => Math.max(10_000, Math.ceil(2.5 * sessionMs));

/**
 * How the reason begins by which a host is disabled in Nova while its VMs leave it. It is no planned work yet: what is still on
 * it is protected like everything else. Once it is empty its reason is another, and it is.
 */
export const DRAINING = 'Lifeboat drain';
