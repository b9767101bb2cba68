import { into, openOpenStack } from '@lifeboat/adapters-openstack';
import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService, SettingsError } from '@lifeboat/runtime/process';
import { fleetGauges } from './perform/fleet/gauges.ts';
import { PlannerInWorker } from './perform/fleet/in-worker.ts';
import type { ThreadData } from './perform/fleet/thread.ts';
import { schedulerWorld } from './perform/world.ts';
import { scheduler, schedulerSettings } from './service.ts';

const clock = wallClock();

await runService({
  name: 'scheduler',
  clock,
  open: openBackbone,
  settings: () => ({}),
  make: ({ settings, topology, log, gauge, standing }) => {
    const opened = openOpenStack({ env: settings.env, clock, topology: () => topology, log: into(log) });
    if (!opened.ok) throw new SettingsError(opened.complaints);
    // it reads the fleet and practises while we stand by, too: a new leader plans at once
    const planner = new PlannerInWorker({
      thread: new URL('./perform/fleet/thread.ts', import.meta.url),
      data: { env: { ...settings.env }, topology } satisfies ThreadData,
      clock,
      log: (event, fields) => log.warn(fields, event),
    });
    standing(() => [...opened.value.troubles(), ...planner.complaints()]);
    fleetGauges(gauge, clock, planner);
    return {
      definition: scheduler(schedulerSettings(topology)),
      world: schedulerWorld({ cloud: opened.value, planner }),
      close: async () => {
        await planner.close();
        await opened.value.close();
      },
    };
  },
});
