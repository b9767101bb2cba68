export { wallClock } from '@lifeboat/adapters-memory/wall-clock';

import { openZooKeeper } from '@lifeboat/adapters-zookeeper';
import type { Clock, Registry } from '@lifeboat/ports';
import type { RegistrySettings } from '@lifeboat/runtime/process';

/** An agent's link to the registry, and all that it needs of the backbone: without Kafka and Redis it stays small. */
export const openAgentRegistry = ({ connectString, sessionMs }: RegistrySettings, clock: Clock): Registry =>
  openZooKeeper({ connect: connectString, sessionTimeoutMs: sessionMs, clock });

/** A service's link: its session is its lease. */
export const openServiceRegistry = ({ connectString, leaseMs }: RegistrySettings, clock: Clock): Registry =>
  openZooKeeper({ connect: connectString, sessionTimeoutMs: leaseMs, clock });
