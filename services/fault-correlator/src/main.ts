import { openBackbone, wallClock } from '@lifeboat/backbone';
import { contradictedAfterMs } from '@lifeboat/contracts';
import { runService } from '@lifeboat/runtime/process';
import { correlatorSettings, faultCorrelator } from './service.ts';

await runService({
  name: 'fault-correlator',
  clock: wallClock(),
  open: openBackbone,
  settings: () => ({}),
  make: ({ settings, topology }) => ({
    definition: faultCorrelator(correlatorSettings(topology, { contradictedAfterMs: contradictedAfterMs(settings.zookeeper.sessionMs) })),
    world: { perform: async (effect: never) => effect },
  }),
});
