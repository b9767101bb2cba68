import { fenceAgents } from '@lifeboat/adapters-fence';
import { into, openOpenStack } from '@lifeboat/adapters-openstack';
import { openBackbone, wallClock } from '@lifeboat/backbone';
import { contradictedAfterMs } from '@lifeboat/contracts';
import { runService, SettingsError } from '@lifeboat/runtime/process';
import { migratorWorld } from './perform/world.ts';
import { migrator, migratorSettings } from './service.ts';

const clock = wallClock();
/** The correlator has told by then what it found. */
const TOLD_MS = 2_000;

await runService({
  name: 'migrator',
  clock,
  open: openBackbone,
  settings: () => ({}),
  make: ({ settings, topology, backbone, log, standing }) => {
    const opened = openOpenStack({ env: settings.env, clock, topology: () => topology, log: into(log) });
    if (!opened.ok) throw new SettingsError(opened.complaints);
    standing(() => opened.value.troubles());
    return {
      definition: migrator(migratorSettings(topology, { doubtMs: contradictedAfterMs(settings.zookeeper.sessionMs) + TOLD_MS })),
      world: migratorWorld({ cloud: opened.value, fence: fenceAgents(), ledger: backbone.ledger, clock, topology: () => topology }),
      close: async () => opened.value.close(),
    };
  },
});
