/** Since when this host is all alone, and whether its VMs have been ended for it. By the monotonic clock. */
export interface Watchdog {
  readonly aloneSince: number | null;
  readonly ended: boolean;
}
export const calm: Watchdog = { aloneSince: null, ended: false };

/** What a round of probes showed. */
export interface Surroundings {
  /** The registry holds our session, and we are connected. */
  readonly registry: boolean;
  readonly peersAsked: number;
  /** Peers that did not answer. One about which nothing is known is not among them. */
  readonly peersSilent: number;
}

/**
 * Alone is who reaches neither the registry nor any peer: all peers were asked and all are silent. Who has no peers to ask is
 * never alone, for losing the registry is what every host of a region does when its ensemble restarts.
 */
export function lookAround(w: Watchdog, seen: Surroundings, now: number): Watchdog {
  const alone = !seen.registry && seen.peersAsked > 0 && seen.peersSilent === seen.peersAsked;
  if (!alone) return calm;
  return w.aloneSince === null ? { ...w, aloneSince: now } : w;
}

/** Are the VMs to be ended now? `afterMs` is the cluster's policy; 0: never. */
export const isToEnd = (w: Watchdog, afterMs: number, now: number): boolean =>
  afterMs > 0 && !w.ended && w.aloneSince !== null && now - w.aloneSince >= afterMs;
