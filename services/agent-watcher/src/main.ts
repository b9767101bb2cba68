import { setFlagsFromString } from 'node:v8';
import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService } from '@lifeboat/runtime/process';
import { watcherSettings } from './decide/decide.ts';
import { agentWatcher, concerns, SHARDS } from './service.ts';
import { agentWatcherWorld } from './world.ts';

const clock = wallClock();

// What it keeps of ten thousand hosts is some 60 MB and lives long; what it reads is garbage at once. By itself V8 lets that grow to three times as much.
setFlagsFromString('--heap-growing-percent=30');

await runService({
  name: 'agent-watcher',
  clock,
  open: openBackbone,
  settings: () => ({}),
  make: ({ settings, backbone }) => ({
    definition: agentWatcher(watcherSettings(settings.zookeeper.sessionMs)),
    shards: {
      count: SHARDS,
      world: (shard: number) =>
        agentWatcherWorld({
          registry: backbone.registry,
          clock,
          sessionMs: settings.zookeeper.sessionMs,
          concerns: concerns(shard),
        }),
    },
  }),
});
