import type { Signals } from '@lifeboat/contracts';
import type { HostId, Instant } from '@lifeboat/kernel';
import type { Input, Output } from '@lifeboat/runtime';

/** One round over the management network. Every host that is neither `silent` nor `unseen` answered. */
export type Round = Readonly<{
  kind: 'round';
  /** Grows for ever, over restarts too. */
  round: number;
  startedAt: Instant;
  /** Why our own view cannot be trusted; null = it can. */
  unfit: string | null;
  silent: readonly Readonly<{ host: HostId; detail: string }>[];
  /** Those that we could not ask: nothing is known of them. */
  readonly unseen: readonly HostId[];
}>;

/** The host's crash kernel says that it writes a dump. */
export type DumpHeard = Readonly<{ kind: 'dump'; host: HostId; at: Instant }>;
export type MonitorObservation = Round | DumpHeard;

export type MonitorEffect =
  | Readonly<{ kind: 'look-at-ssh'; operation: string; host: HostId }>
  /** But for these of its methods: they are another host's. */
  | Readonly<{ kind: 'look-at-power'; operation: string; host: HostId; except?: readonly string[] }>
  | Readonly<{ kind: 'look-at-identity'; operation: string; host: HostId }>
  | Readonly<{ kind: 'look-at-compute'; operation: string }>
  | Readonly<{ kind: 'restart-agent'; operation: string; host: HostId; attempt: number }>;

export type ComputeSignal = NonNullable<Signals['compute']>;
export type MonitorResult =
  | Readonly<{ kind: 'ssh'; signal: NonNullable<Signals['ssh']> }>
  | Readonly<{ kind: 'power'; signal: NonNullable<Signals['power']> }>
  /** Of the devices that can know it. uuid null: it did not say, and why. */
  | Readonly<{ kind: 'identity'; devices: readonly Readonly<{ method: string; device: string; uuid: string | null; detail: string }>[] }>
  /** Hosts that Nova knows; one that is not among them is 'missing'. null: Nova did not answer. */
  | Readonly<{ kind: 'compute'; at: Instant; services: readonly (readonly [HostId, ComputeSignal['is']])[] | null }>
  | Readonly<{ kind: 'restarted'; succeeded: boolean; detail: string }>
  /** We were deposed before it was done. */
  | Readonly<{ kind: 'not-done' }>;

export type MonitorInput = Input<MonitorEffect, MonitorResult, MonitorObservation>;
export type MonitorOutput = Output<MonitorEffect>;

export const lookAtSsh = (host: HostId): MonitorEffect => ({ kind: 'look-at-ssh', operation: `ssh/${host}`, host });
export const lookAtPower = (host: HostId, except: readonly string[] = []): MonitorEffect => ({
  kind: 'look-at-power',
  operation: `power/${host}`,
  host,
  ...(except.length === 0 ? {} : { except }),
});
export const lookAtIdentity = (host: HostId): MonitorEffect => ({ kind: 'look-at-identity', operation: `identity/${host}`, host });
export const lookAtCompute: MonitorEffect = { kind: 'look-at-compute', operation: 'compute' };
export const restartAgent = (host: HostId, session: string, attempt: number): MonitorEffect => ({
  kind: 'restart-agent',
  operation: `restart/${host}/${session}/${attempt}`,
  host,
  attempt,
});

/** Rounds are numbered by the time, so that a new leader's numbers go on above the old one's. */
export const roundAt = (at: Instant) => Math.floor(at / 1_000);
