import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService } from '@lifeboat/runtime/process';
import { agentWatcher } from './service.ts';
import { agentWatcherWorld } from './world.ts';

const clock = wallClock();

await runService({
  name: 'agent-watcher',
  clock,
  open: openBackbone,
  settings: () => ({}),
  make: ({ settings, backbone }) => ({
    definition: agentWatcher({ graceMs: settings.zookeeper.sessionMs }),
    world: agentWatcherWorld({ registry: backbone.registry, clock }),
  }),
});
