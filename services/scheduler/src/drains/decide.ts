import type { LifeboatEvent } from '@lifeboat/contracts';
import { andThen, type Instant, stay } from '@lifeboat/kernel';
import type { SchedulerSettings } from '../settings.ts';
import type { SchedulerState } from '../state.ts';
import type { Step } from '../step.ts';
import { migratedInTime, migrationFailed, migrationStarted, vmMigrated } from './follow.ts';
import { drainChosen, drainFailed, drainHalted, setAside } from './orders.ts';

/** What is told of planned evacuation. */
export function onDrainEvent(s: SchedulerState, settings: SchedulerSettings, e: LifeboatEvent, at: Instant): Step {
  switch (e.type) {
    case 'lifeboat.drain.chosen':
      return drainChosen(s, settings, e.data, at);
    case 'lifeboat.drain.halted':
      return drainHalted(s, e.data, at);
    case 'lifeboat.host.set-aside':
      return setAside(s, e.data, at);
    case 'lifeboat.drain.failed':
      return drainFailed(s, e.data, at);
    case 'lifeboat.migration.started':
      return migrationStarted(s, e.data, at);
    case 'lifeboat.migration.failed':
      return migrationFailed(s, e.data, at);
    case 'lifeboat.vm.migrated':
      return andThen(migratedInTime(s, e.data, at), (next) => vmMigrated(next, e.data, at));
    default:
      return stay(s);
  }
}
