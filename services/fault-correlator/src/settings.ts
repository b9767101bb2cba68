import type { ClusterId, HostId, RackId } from '@lifeboat/kernel';

export interface HostPlace {
  readonly host: HostId;
  readonly cluster: ClusterId;
  readonly rack: RackId;
  readonly maintenance: boolean;
  readonly onAgentFailure: 'alert' | 'treat-as-host-failure';
  readonly onProductionNetworkFailure: 'alert' | 'isolate-and-evacuate';
}

export interface CorrelatorSettings {
  readonly places: ReadonlyMap<HostId, HostPlace>;
  /** A probe's answer older than this is unknown. More than two of the monitor's rounds. */
  readonly evidenceMaxAgeMs: number;
  /** Nova's compute state comes seldom, so it may be older. */
  readonly computeMaxAgeMs: number;
  /** How long a verdict waits for the fence device's word before it is taken as unknown: longer than a silent one takes to be found silent. */
  readonly powerWaitMs: number;
  /** Hosts of one failing rack arrive over seconds: how long a host with a silent fence device waits for the rest of its rack. */
  readonly rackSettleMs: number;
  /** How long something must be wrong before a fault that is only alerted is told. */
  readonly diagnoseAfterMs: number;
  readonly brake: Readonly<{ clusterShare: number; regionShare: number; hosts: number }>;
}

export const defaultCorrelatorSettings = {
  evidenceMaxAgeMs: 10_000,
  computeMaxAgeMs: 60_000,
  powerWaitMs: 20_000,
  rackSettleMs: 6_000,
  diagnoseAfterMs: 3_000,
} as const;
