import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService } from '@lifeboat/runtime/process';
import { correlatorSettings, faultCorrelator } from './service.ts';

await runService({
  name: 'fault-correlator',
  clock: wallClock(),
  open: openBackbone,
  settings: () => ({}),
  make: ({ topology }) => ({
    definition: faultCorrelator(correlatorSettings(topology)),
    world: { perform: async (effect: never) => effect },
  }),
});
