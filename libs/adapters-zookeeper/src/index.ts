import type { Registry } from '@lifeboat/ports';
import { campaign } from './election.ts';
import { join } from './hosts.ts';
import { gather } from './members.ts';
import { Sessions, type ZooKeeperOptions } from './session.ts';
import { watchHosts } from './watch.ts';

export type { ZooKeeperOptions } from './session.ts';

/** Connects in the background; a session that expired is followed by a new one. */
export function openZooKeeper(options: ZooKeeperOptions): Registry {
  const sessions = new Sessions(options);
  return {
    join: (r) => join(sessions, r),
    watch: (observer, concerns) => watchHosts(sessions, observer, concerns),
    gather: (group, member, how) => gather(sessions, group, member, how),
    campaign: (name, candidate, how) => campaign(sessions, name, candidate, how),
    connected: () => sessions.client !== null,
    close: async () => sessions.close(),
  };
}
