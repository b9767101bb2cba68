import { type Contact, policyOf, type Topology } from '@lifeboat/contracts';
import type { ClusterId, HostId } from '@lifeboat/kernel';

/** Contacts that are asked for a confirmation so long after the question was put. */
export interface EscalationStep {
  readonly contacts: readonly string[];
  readonly afterMs: number;
}

export interface NotifierSettings {
  readonly region: string;
  readonly clusterOf: ReadonlyMap<HostId, ClusterId>;
  /** Cluster → those to be told, by name. */
  readonly contactsOf: ReadonlyMap<ClusterId, readonly string[]>;
  /** Cluster → the order in which its contacts are asked. */
  readonly stepsOf: ReadonlyMap<ClusterId, readonly EscalationStep[]>;
  /** Clusters whose questions are sent in quiet hours, too. */
  readonly wakes: ReadonlySet<ClusterId>;
  readonly people: ReadonlyMap<string, Contact>;
  /** Where the page for answers is found from outside, without the last slash; null: no links are sent. */
  readonly webUrl: string | null;
  readonly gatherMs: number;
  /** A question waits so long at most for others that are on the way: a storm is one message. Alone it does not wait. */
  readonly gatherAsksMs: number;
  /** The same notice about no incident (a fault that is only alerted) is told again after this. */
  readonly repeatAfterMs: number;
  /** A long evacuation is told of so often. */
  readonly progressEveryMs: number;
  readonly forgetAfterMs: number;
  /** A message is tried so long, with pauses from first to longest. */
  readonly giveUpAfterMs: number;
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
  /** Text messages to one contact, and answers taken from one sender, within `windowMs`. */
  readonly windowMs: number;
  readonly textsMost: number;
  readonly answersMost: number;
  /** A way for answers that is closed for so long is told of. */
  readonly troubleAfterMs: number;
  /** Wrong codes to one question after which it gets a new code; and how many codes it may have. */
  readonly wrongCodesMost: number;
  readonly codesMost: number;
}

export const defaultNotifierSettings = {
  webUrl: null,
  gatherMs: 10_000,
  gatherAsksMs: 20_000,
  repeatAfterMs: 10 * 60_000,
  progressEveryMs: 5 * 60_000,
  forgetAfterMs: 24 * 3_600_000,
  giveUpAfterMs: 2 * 3_600_000,
  retryFirstMs: 5_000,
  retryMostMs: 5 * 60_000,
  windowMs: 10 * 60_000,
  textsMost: 8,
  answersMost: 10,
  troubleAfterMs: 60_000,
  wrongCodesMost: 5,
  codesMost: 3,
} as const;

const MINUTE_MS = 60_000;
const stepsIn = (c: Topology['clusters'][number]): EscalationStep[] =>
  (c.escalation ?? [{ contacts: c.contacts ?? [], afterMinutes: 0 }])
    .map((step) => ({ contacts: step.contacts, afterMs: step.afterMinutes * MINUTE_MS }))
    .sort((a, b) => a.afterMs - b.afterMs);

export const notifierSettings = (t: Topology, changes: Partial<NotifierSettings> = {}): NotifierSettings => ({
  ...defaultNotifierSettings,
  region: t.region,
  clusterOf: new Map(t.hosts.map((h) => [h.host, h.cluster])),
  contactsOf: new Map(t.clusters.map((c) => [c.cluster, c.contacts ?? []])),
  stepsOf: new Map(t.clusters.map((c) => [c.cluster, stepsIn(c)])),
  wakes: new Set(t.clusters.map((c) => c.cluster).filter((c) => policyOf(t, c).confirmation.wakes ?? true)),
  people: new Map((t.contacts ?? []).map((c) => [c.name, c])),
  ...changes,
});
