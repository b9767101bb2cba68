import type { PeerView, VmReport } from '@lifeboat/contracts';
import { type Instant, Table } from '@lifeboat/kernel';

/**
 * What was last published about a host.
 *
 *   (none) --entry seen--> known --entry gone, registry steady--> (none), agent.lost published
 *                            |  `--entry gone, registry doubted--> known and missing --still gone after the grace--> lost
 *                            `--entry changed--> known, what changed published
 */
export type HostDocument = Readonly<{
  session: string;
  bootId: string;
  machineUuid?: string;
  /** It said that it was being stopped on purpose. */
  leaving: boolean;
  /** Its VMs and its views of its peers as text: nearly always all that is asked is whether it is the same, and 300,000 VMs as objects take three times as much. */
  said: string;
}>;

export interface Said {
  readonly vms: readonly VmReport[];
  readonly peers: readonly PeerView[];
}
export const packed = ({ vms, peers }: Said): string => JSON.stringify({ vms, peers });
export const saidBy = (d: HostDocument): { vms: VmReport[]; peers: PeerView[] } => JSON.parse(d.said);

/** How many went since when, of how many. */
export type Losses = Readonly<{ since: Instant; hosts: number; of: number }>;

export type WatcherState = Readonly<{
  agents: Table<HostDocument>;
  /** Of the agents, whose entry was gone while the registry was doubted, and since when: lost when the grace is over, unless they come back. */
  missing: Table<Instant>;
  /** host → which malformed content was complained about. */
  complaints: Table<string>;
  /** Two entries: 'until', when the grace after the last gap, stall or mass loss is over; 'since', when it began. */
  grace: Table<Instant>;
  /** Two entries: 'ours', of the agents of this part; 'region', of all that are registered. */
  losses: Table<Losses>;
}>;

export const initialState: WatcherState = {
  agents: Table.empty(),
  missing: Table.empty(),
  complaints: Table.empty(),
  grace: Table.empty(),
  losses: Table.empty(),
};
