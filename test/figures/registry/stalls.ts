import { setTimeout as sleep } from 'node:timers/promises';
import type { TestServer } from '../../servers/index.ts';
import type { Agents } from './agents.ts';

/** What is made to stand still, and for how long; against a session timeout of the agents, and the watcher's lease. */
export interface Stall {
  readonly what: 'ZooKeeper' | 'the watcher' | 'some agents' | 'the watcher and ZooKeeper' | 'ZooKeeper, restarted';
  readonly forMs: number;
}
export interface Parts {
  readonly zookeeper: TestServer;
  readonly watcherPid: number;
  readonly agents: Agents;
}

/** `part` is whose agents stand still, where it is agents. */
export async function standStill({ what, forMs }: Stall, { zookeeper, watcherPid, agents }: Parts, part: number): Promise<void> {
  const stop = (is: boolean, act: () => unknown) => (is ? act() : undefined);
  const ofZooKeeper = what === 'ZooKeeper' || what === 'the watcher and ZooKeeper';
  const ofWatcher = what === 'the watcher' || what === 'the watcher and ZooKeeper';
  await stop(ofZooKeeper, () => zookeeper.pause());
  stop(ofWatcher, () => process.kill(watcherPid, 'SIGSTOP'));
  stop(what === 'some agents', () => agents.pause(part));
  await stop(what === 'ZooKeeper, restarted', () => zookeeper.kill());
  await sleep(forMs);
  await stop(what === 'ZooKeeper, restarted', () => zookeeper.restart());
  await stop(ofZooKeeper, () => zookeeper.resume());
  stop(ofWatcher, () => process.kill(watcherPid, 'SIGCONT'));
  stop(what === 'some agents', () => agents.resume(part));
}
