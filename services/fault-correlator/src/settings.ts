import { defaultVmFailurePolicy, type VmFailure } from '@lifeboat/contracts';
import type { ClusterId, HostId, RackId } from '@lifeboat/kernel';

export interface HostPlace {
  readonly host: HostId;
  readonly cluster: ClusterId;
  readonly rack: RackId;
  readonly maintenance: boolean;
  /** When its agent ends its VMs, being all alone; told to people who ask, and no proof of anything. */
  readonly selfIsolationMs?: number;
  /** Its crash kernel tells of a dump: how long to wait for its first word, and how long a dump may take. */
  readonly kdump?: Readonly<{ waitMs: number; dumpMs: number }>;
  readonly onAgentFailure: 'alert' | 'treat-as-host-failure';
  readonly onProductionNetworkFailure: 'alert' | 'isolate-and-evacuate';
}

export interface CorrelatorSettings {
  readonly places: ReadonlyMap<HostId, HostPlace>;
  /** A probe's answer older than this is unknown. More than two of the monitor's rounds. */
  readonly evidenceMaxAgeMs: number;
  /** Nova's compute state comes seldom, so it may be older. */
  readonly computeMaxAgeMs: number;
  /** A crash kernel speaks every ten seconds. */
  readonly dumpMaxAgeMs: number;
  /** How long a verdict waits for the fence device's word before it is taken as unknown: longer than a silent one takes to be found silent. */
  readonly powerWaitMs: number;
  /** Hosts of one failing rack arrive over seconds: how long a host with a silent fence device waits for the rest of its rack. */
  readonly rackSettleMs: number;
  /** Racks whose silence proves nothing: one switch carries their networks and fence devices alike. */
  readonly darkButNotDead: ReadonlySet<RackId>;
  /** The hosts of a rack that loses its power fall silent within this; what one session timeout and a few lost probes make of 'at once'. */
  readonly rackTogetherMs: number;
  /** How long something must be wrong before a fault that is only alerted is told. */
  readonly diagnoseAfterMs: number;
  /**
   * The cut: while other hosts came under suspicion within `cutQuietMs`, more may come, and what fails is not known yet. Nobody
   * waits for that longer than `cutMostMs` after his own first bad signal, or the loss of his agent.
   */
  readonly cutQuietMs: number;
  readonly cutMostMs: number;
  /**
   * When a storm ebbs, its hosts come back one after another: those that are still missing when the brake lets go may be about to.
   * A host that was held is not taken for failed before it has been calm for so long.
   */
  readonly calmMs: number;
  /** A host proven dead whose agent is back for so long never was: a session that is only late has lapsed by then. */
  readonly contradictedAfterMs: number;
  /** After so long without the evidence that would decide, people are told what is missing. */
  readonly missingAfterMs: number;
  /**
   * Lost probes look like a dead address. What peers say is believed at once where at least two of them, and the host's
   * management network, fell silent within `togetherMs`. Otherwise it stands alone, and must have lasted for `peersAloneMs`.
   */
  readonly togetherMs: number;
  readonly peersAloneMs: number;
  /** Back on the production network, a peer has looked anew at whom it called dead before within this: two probes and the way here. */
  readonly peersBackMs: number;
  /** With more hosts not well than this, they are judged at the ticks only: a region that falls silent must not drown us. */
  readonly judgeAtOnce: number;
  /** A host that fails again within the window is held out longer each time it comes back. */
  readonly flaps: Readonly<{ windowMs: number; firstMs: number; mostMs: number }>;
  readonly brake: Readonly<{ clusterShare: number; regionShare: number; hosts: number }>;
  /** How long a VM must have failed before it is told: its hypervisor, Nova or its owner may be mending it already. */
  readonly vmSettleMs: Readonly<Record<VmFailure, number>>;
  /** A host that restarted may bring its VMs back by itself, and its nova-compute comes after its agent. */
  readonly restartSettleMs: number;
  /** VMs paused by I/O errors on so many hosts of a cluster at once are a failure of the storage. */
  readonly storageHostsOf: (cluster: string) => number;
}

export const defaultCorrelatorSettings = {
  evidenceMaxAgeMs: 10_000,
  computeMaxAgeMs: 60_000,
  dumpMaxAgeMs: 25_000,
  powerWaitMs: 20_000,
  rackSettleMs: 6_000,
  rackTogetherMs: 20_000,
  darkButNotDead: new Set<RackId>() as ReadonlySet<RackId>,
  diagnoseAfterMs: 3_000,
  cutQuietMs: 1_000,
  cutMostMs: 5_000,
  calmMs: 10_000,
  contradictedAfterMs: 10_000,
  missingAfterMs: 30_000,
  togetherMs: 2_000,
  peersAloneMs: 5_000,
  peersBackMs: 3_000,
  judgeAtOnce: 64,
  flaps: { windowMs: 24 * 3_600_000, firstMs: 5 * 60_000, mostMs: 4 * 3_600_000 },
  // The agent has waited long before it calls a guest hung; other hosts of a failing storage show it within seconds.
  vmSettleMs: { crashed: 1_500, hung: 0, 'io-error': 5_000 } as Readonly<Record<VmFailure, number>>,
  restartSettleMs: 10_000,
  storageHostsOf: (_cluster: string): number => defaultVmFailurePolicy.storageHosts,
} as const;

interface Index {
  readonly racks: ReadonlyMap<RackId, readonly HostPlace[]>;
  readonly clusters: ReadonlyMap<ClusterId, readonly HostPlace[]>;
}
const indexes = new WeakMap<ReadonlyMap<HostId, HostPlace>, Index>();

/** What is asked of the places again and again, counted once. */
function indexOf(places: ReadonlyMap<HostId, HostPlace>): Index {
  const known = indexes.get(places);
  if (known !== undefined) return known;
  const racks = new Map<RackId, HostPlace[]>();
  const clusters = new Map<ClusterId, HostPlace[]>();
  for (const p of places.values()) {
    put(racks, p.rack, p);
    put(clusters, p.cluster, p);
  }
  const index = { racks, clusters };
  indexes.set(places, index);
  return index;
}
function put<K>(map: Map<K, HostPlace[]>, key: K, place: HostPlace): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [place]);
  else there.push(place);
}
export const hostsOfRack = (settings: CorrelatorSettings, rack: RackId): readonly HostPlace[] =>
  indexOf(settings.places).racks.get(rack) ?? [];
export const hostsOfCluster = (settings: CorrelatorSettings, cluster: ClusterId): readonly HostPlace[] =>
  indexOf(settings.places).clusters.get(cluster) ?? [];
export const clusterSize = (settings: CorrelatorSettings, cluster: ClusterId): number => hostsOfCluster(settings, cluster).length;
