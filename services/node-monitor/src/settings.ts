import type { Topology } from '@lifeboat/contracts';
import type { HostId, RackId } from '@lifeboat/kernel';

export interface WatchedHost {
  readonly host: HostId;
  readonly rack: RackId;
  readonly address: string;
  /** False in maintenance, or where there is none: nothing about the host is looked at deeply. */
  readonly maintenance: boolean;
  readonly fenced: boolean;
}

export interface MonitorSettings {
  readonly hosts: ReadonlyMap<HostId, WatchedHost>;
  /** A lost ping is no dead host: so many rounds without an answer in a row are. */
  readonly missesBeforeDead: number;
  /** Two silences closer than this are one. */
  readonly missesApartMs: number;
  /** Nova's word is asked for so often; oftener while a host is under suspicion. */
  readonly computeEveryMs: number;
  readonly computeEverySuspectMs: number;
  /** `round.completed` is told so often when nothing happens. */
  readonly roundEveryMs: number;
  /** After so long without any change a suspect is looked at only every `slowMs`. Below what the correlator calls old. */
  readonly slowAfterMs: number;
  readonly slowMs: number;
  /** Whose machine a BMC switches is asked after a registration, of so many in a round; a silent one again after `retryMs`. */
  readonly identity: Readonly<{ atOnce: number; againMs: number; retryMs: number }>;
  readonly restart: Readonly<{
    /** Agents come back by themselves after a short loss; before this nobody logs in to restart one. */
    afterMs: number;
    /** A host that answers again after it was dead may be booting: so long its agent has to register by itself. */
    bootsWithinMs: number;
    tries: number;
    /** Waited before the second, third, ... try, from the end of the one before. */
    pausesMs: readonly number[];
    /** How long a restarted agent has to register. */
    returnsWithinMs: number;
    /** A registry that lost many sessions must not become a storm of logins. */
    atOnce: number;
  }>;
}

export const defaultMonitorSettings = {
  missesBeforeDead: 2,
  missesApartMs: 500,
  computeEveryMs: 10_000,
  computeEverySuspectMs: 4_000,
  roundEveryMs: 10_000,
  slowAfterMs: 15_000,
  slowMs: 5_000,
  // one a round: it starts a program each time, and a region of 1,000 hosts was busy with nothing else at each start
  identity: { atOnce: 1, againMs: 3_600_000, retryMs: 600_000 },
  restart: { afterMs: 3_000, bootsWithinMs: 30_000, tries: 3, pausesMs: [10_000, 30_000], returnsWithinMs: 20_000, atOnce: 8 },
} as const satisfies Omit<MonitorSettings, 'hosts'>;

export const monitorSettings = (t: Topology, changes: Partial<MonitorSettings> = {}): MonitorSettings => ({
  ...defaultMonitorSettings,
  hosts: new Map(
    t.hosts.map((h) => [
      h.host,
      { host: h.host, rack: h.rack, address: h.managementAddress, maintenance: h.maintenance ?? false, fenced: h.fence.length > 0 },
    ]),
  ),
  ...changes,
});
