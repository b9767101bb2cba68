import type { PeerView, VmReport } from '@lifeboat/contracts';
import { type Instant, Table } from '@lifeboat/kernel';

/**
 * What was last published about a host.
 *
 *   (none) --entry seen--> known --entry gone, registry steady--> (none), agent.lost published
 *                            |  `--entry gone, registry was away--> known, missingSince --still gone after the grace--> lost
 *                            `--entry changed--> known, what changed published
 */
export type HostDocument = Readonly<{
  session: string;
  bootId: string;
  /** It said that it was being stopped on purpose. */
  leaving: boolean;
  vms: readonly VmReport[];
  peers: readonly PeerView[];
  /** Its entry was not there when the registry was read after a gap: lost when the grace is over, unless it comes back. */
  missing: boolean;
}>;

export type WatcherState = Readonly<{
  hosts: Table<HostDocument>;
  /** host → which malformed content was complained about. */
  complaints: Table<string>;
  /** One entry, 'until': when the grace after the last gap is over. */
  grace: Table<Instant>;
}>;

export const initialState: WatcherState = { hosts: Table.empty(), complaints: Table.empty(), grace: Table.empty() };
