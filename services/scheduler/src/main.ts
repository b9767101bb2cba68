import { openOpenStack } from '@lifeboat/adapters-openstack';
import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService, SettingsError } from '@lifeboat/runtime/process';
import { schedulerWorld } from './perform/world.ts';
import { scheduler, schedulerSettings } from './service.ts';

const clock = wallClock();

await runService({
  name: 'scheduler',
  clock,
  open: openBackbone,
  settings: () => ({}),
  make: ({ settings, topology }) => {
    const opened = openOpenStack({ env: settings.env, clock, topology: () => topology });
    if (!opened.ok) throw new SettingsError(opened.complaints);
    return {
      definition: scheduler(schedulerSettings(topology)),
      world: schedulerWorld({ cloud: opened.value, clock, topology: () => topology }),
      close: async () => opened.value.close(),
    };
  },
});
