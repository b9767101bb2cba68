import type { LifeboatEvent, VmReport } from '@lifeboat/contracts';
import { andThen, type HostId, stay } from '@lifeboat/kernel';
import { advance, advanceAll } from './advance.ts';
import { answered, hostCameBack } from './consent.ts';
import { evacuated, evacuationFailed, sawRunning } from './evacuation.ts';
import { isolated, isolationFailed, shutOut, withdrawn } from './isolation.ts';
import { open } from './open.ts';
import { agentLost, agentSeen, released, releaseWhatIsWell } from './release.ts';
import type { SchedulerSettings } from './settings.ts';
import type { SchedulerState } from './state.ts';
import type { SchedulerInput, Step } from './step.ts';
import { surveyed } from './survey.ts';

/** The incident's owner: isolation, consent, plan, orders, end. Orders are events; the migrator carries them out. */
export const schedule =
  (settings: SchedulerSettings) =>
  (s: SchedulerState, input: SchedulerInput): Step => {
    switch (input.kind) {
      case 'started':
        return stay({ ...s, epoch: s.epoch.set('now', input.epoch) });
      case 'tick':
        return andThen(advanceAll(s, settings, input.at), (next) => releaseWhatIsWell(next, settings, input.at));
      case 'settled':
        return andThen(surveyed(s, settings, input.effect, input.result, input.at), (next) =>
          advance(next, settings, input.effect.incident, input.at),
        );
      case 'event':
        return onEvent(s, settings, input.event, input.at);
      case 'observed':
        return stay(s);
    }
  };

function onEvent(s: SchedulerState, settings: SchedulerSettings, e: LifeboatEvent, at: SchedulerInput['at']): Step {
  const seen = (state: SchedulerState, host: HostId, reports: readonly VmReport[]): Step => {
    const { step, incidents } = sawRunning(state, host, reports, at);
    return incidents.reduce((done, i) => andThen(done, (next) => advance(next, settings, i, at)), step);
  };
  const then = (step: Step): Step =>
    e.incident === undefined ? step : andThen(step, (next) => advance(next, settings, e.incident as never, at));
  switch (e.type) {
    case 'lifeboat.fault.confirmed':
      return then(open(s, settings, e.data, at));
    case 'lifeboat.fault.cleared':
      return then(hostCameBack(s, settings, e.data, at));
    case 'lifeboat.host.isolated':
      return then(isolated(s, e.data, at));
    case 'lifeboat.isolation.failed':
      return then(isolationFailed(s, e.data, at));
    case 'lifeboat.isolation.withdrawn':
      return then(withdrawn(s, e.data));
    case 'lifeboat.host.shut-out':
      return then(shutOut(s, e.data));
    case 'lifeboat.confirmation.received':
      return then(answered(s, e.data, at));
    case 'lifeboat.vm.evacuated':
      return then(evacuated(s, e.data, at));
    case 'lifeboat.evacuation.failed':
      return then(evacuationFailed(s, settings, e.data, at));
    case 'lifeboat.host.released':
      return released(s, e.data.host);
    case 'lifeboat.agent.registered':
      return andThen(agentSeen(s, e.data.host, e.data.session, at), (next) => seen(next, e.data.host, e.data.vms));
    case 'lifeboat.agent.reported':
      return seen(s, e.data.host, e.data.changed);
    case 'lifeboat.agent.lost':
      return agentLost(s, e.data.host, e.data.session, at);
    default:
      return stay(s);
  }
}
