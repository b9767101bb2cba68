import type { Topology } from '@lifeboat/contracts';
import type { ClusterId, HostId } from '@lifeboat/kernel';

export interface NotifierSettings {
  readonly region: string;
  readonly clusterOf: ReadonlyMap<HostId, ClusterId>;
  /** Cluster → those to be told, by name. */
  readonly contactsOf: ReadonlyMap<ClusterId, readonly string[]>;
  /** Name → e-mail address. Contacts without one are not told here. */
  readonly addressOf: ReadonlyMap<string, string>;
  readonly gatherMs: number;
  /** The same notice about no incident (a fault that is only alerted) is told again after this. */
  readonly repeatAfterMs: number;
  readonly forgetAfterMs: number;
  /** A mail is tried so long, with pauses from first to longest. */
  readonly giveUpAfterMs: number;
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
}

export const defaultNotifierSettings = {
  gatherMs: 10_000,
  repeatAfterMs: 10 * 60_000,
  forgetAfterMs: 24 * 3_600_000,
  giveUpAfterMs: 2 * 3_600_000,
  retryFirstMs: 5_000,
  retryMostMs: 5 * 60_000,
} as const;

export const notifierSettings = (t: Topology, changes: Partial<NotifierSettings> = {}): NotifierSettings => ({
  ...defaultNotifierSettings,
  region: t.region,
  clusterOf: new Map(t.hosts.map((h) => [h.host, h.cluster])),
  contactsOf: new Map(t.clusters.map((c) => [c.cluster, c.contacts ?? []])),
  addressOf: new Map((t.contacts ?? []).flatMap((c) => (c.email === undefined ? [] : [[c.name, c.email] as const]))),
  ...changes,
});
