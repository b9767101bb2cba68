import { fenceAgents } from '@lifeboat/adapters-fence';
import { openOpenStack } from '@lifeboat/adapters-openstack';
import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService, SettingsError } from '@lifeboat/runtime/process';
import { migratorWorld } from './perform/world.ts';
import { migrator, migratorSettings } from './service.ts';

const clock = wallClock();

await runService({
  name: 'migrator',
  clock,
  open: openBackbone,
  settings: () => ({}),
  make: ({ settings, topology, backbone }) => {
    const opened = openOpenStack({ env: settings.env, clock, topology: () => topology });
    if (!opened.ok) throw new SettingsError(opened.complaints);
    return {
      definition: migrator(migratorSettings(topology)),
      world: migratorWorld({ cloud: opened.value, fence: fenceAgents(), ledger: backbone.ledger, clock, topology: () => topology }),
      close: async () => opened.value.close(),
    };
  },
});
