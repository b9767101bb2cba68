import type { LifeboatEvent, VmReport } from '@lifeboat/contracts';
import { andThen, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { advance, advanceAll } from './advance.ts';
import { agentReported } from './ailing.ts';
import { answered, hostCameBack } from './consent.ts';
import { onDrainEvent } from './drains/decide.ts';
import { advanceDrains, sawMigrating } from './drains/follow.ts';
import { overtakenBy, remindMigrator } from './drains/orders.ts';
import { drainSurveyed } from './drains/survey.ts';
import type { DrainSurveyResult, PlaceVmResult, SurveyResult } from './effects.ts';
import { evacuated, evacuationFailed, sawRunning } from './evacuation.ts';
import { askIsolationAgain, isolated, isolationFailed, proofContradicted, shutOut, withdrawn } from './isolation.ts';
import { itemDecided, itemsRun, itemsSeen, remind, startOnReturn } from './items.ts';
import { forgetClosed, open } from './open.ts';
import { chosen, releaseApproved, stated } from './persons.ts';
import { seenRedundancy, tellRedundancy } from './redundancy.ts';
import { agentLost, agentSeen, released, releaseWhatIsWell } from './release.ts';
import type { SchedulerSettings } from './settings.ts';
import { openIncidentOf, type SchedulerState } from './state.ts';
import type { SchedulerInput, Step } from './step.ts';
import { surveyed } from './survey.ts';
import { handVmsOver, vmFailed, vmPlaced } from './vms.ts';
import { restartFailed, tendVms, vmCleared, vmRestarted } from './vms-follow.ts';
import { stirred, watchAnew, watchFleet } from './watch.ts';

/** The incident's owner: isolation, consent, plan, orders, end. Orders are events; the migrator carries them out. */
export const schedule =
  (settings: SchedulerSettings) =>
  (s: SchedulerState, input: SchedulerInput): Step => {
    switch (input.kind) {
      case 'started':
        return stay(watchAnew({ ...s, epoch: s.epoch.set('now', input.epoch) }));
      case 'tick':
        return [
          askIsolationAgain,
          forgetClosed,
          (next: SchedulerState, at: Instant) => tendVms(next, settings, at),
          watchFleet,
          remindMigrator,
          advanceDrains,
          (next: SchedulerState, at: Instant) => remind(next, settings, at),
          (next: SchedulerState, at: Instant) => tellRedundancy(next, settings, at),
        ].reduce(
          (step, also) => andThen(step, (next) => also(next, input.at)),
          andThen(advanceAll(s, settings, input.at), (next) => releaseWhatIsWell(next, settings, input.at)),
        );
      case 'settled':
        return settled(s, settings, input);
      case 'event':
        return onEvent(s, settings, input.event, input.at);
      case 'observed':
        return seenRedundancy(s, input.observation, input.at);
    }
  };

function settled(
  s: SchedulerState,
  settings: SchedulerSettings,
  { effect, result, at }: Extract<SchedulerInput, { kind: 'settled' }>,
): Step {
  switch (effect.kind) {
    case 'watch':
      return stay(s);
    case 'survey-drain':
      return drainSurveyed(s, settings, effect, result as DrainSurveyResult, at);
    case 'place-vm':
      return vmPlaced(s, effect, result as PlaceVmResult, at);
    case 'survey':
      return andThen(surveyed(s, settings, effect, result as SurveyResult, at), (next) => advance(next, settings, effect.incident, at));
  }
}

/** What was being done about single VMs of these hosts, or to empty them, is the incident's from now on. */
const overtaken = (opened: Step, hosts: readonly HostId[], at: SchedulerInput['at']): Step =>
  andThen(
    hosts.reduce((step, host) => {
      const i = openIncidentOf(step.state, host);
      return i === undefined ? step : andThen(step, (next) => handVmsOver(next, i.incident, at));
    }, opened),
    (next) => overtakenBy(next, hosts, at),
  );

function onEvent(s: SchedulerState, settings: SchedulerSettings, e: LifeboatEvent, at: SchedulerInput['at']): Step {
  const seen = (state: SchedulerState, host: HostId, reports: readonly VmReport[]): Step => {
    const { step, incidents } = sawRunning(sawMigrating(state, host, reports), host, reports, at);
    const followed = andThen(step, (next) => itemsSeen(next, host, reports, at));
    return incidents.reduce((done, i) => andThen(done, (next) => advance(next, settings, i, at)), followed);
  };
  const then = (step: Step): Step =>
    e.incident === undefined ? step : andThen(step, (next) => advance(next, settings, e.incident as never, at));
  switch (e.type) {
    case 'lifeboat.fault.confirmed':
      return then(overtaken(open(s, settings, e.data, at), e.data.hosts, at));
    case 'lifeboat.vm.failed':
      return vmFailed(s, settings, e.data, at);
    case 'lifeboat.vm.cleared':
      return vmCleared(s, e.data, at);
    case 'lifeboat.vm.restarted':
      return vmRestarted(s, settings, e.data, at);
    case 'lifeboat.restart.failed':
      return restartFailed(s, settings, e.data, at);
    case 'lifeboat.fault.cleared':
      return then(hostCameBack(s, settings, e.data, at));
    case 'lifeboat.proof.contradicted':
      return then(proofContradicted(s, e.data, at));
    case 'lifeboat.host.quarantined':
      return stay({ ...s, quarantined: s.quarantined.set(e.data.host, e.data.healthyMs) });
    case 'lifeboat.host.isolated':
      return then(isolated(s, e.data, at));
    case 'lifeboat.isolation.failed':
      return then(isolationFailed(s, e.data, at));
    case 'lifeboat.isolation.withdrawn':
      return then(andThen(withdrawn(s, e.data), (n) => itemsRun(n, e.data, at)));
    case 'lifeboat.host.shut-out':
      return then(shutOut(s, e.data));
    case 'lifeboat.confirmation.received':
      return then(answered(s, e.data, at));
    case 'lifeboat.evacuation.chosen':
      return then(chosen(s, settings, e.data, at));
    case 'lifeboat.statement.made':
      return overtaken(stated(s, settings, e.data, at), [e.data.host], at);
    case 'lifeboat.release.approved':
      return releaseApproved(s, e.data, at);
    case 'lifeboat.item.decided':
      return itemDecided(s, settings, e.data, at);
    case 'lifeboat.vm.evacuated':
      return then(evacuated(s, e.data, at));
    case 'lifeboat.evacuation.failed':
      return then(evacuationFailed(s, settings, e.data, at));
    case 'lifeboat.host.released':
      return andThen(released(s, e.data.host), (next) => startOnReturn(next, e.data.host, at));
    case 'lifeboat.agent.registered':
      return andThen(agentSeen(stirred(s), e.data.host, e.data.session, e.data.vms, at), (next) => seen(next, e.data.host, e.data.vms));
    case 'lifeboat.agent.reported': {
      const { host, changed, gone } = e.data;
      return seen(changed.length + gone.length > 0 ? stirred(agentReported(s, host, changed, gone)) : s, host, changed);
    }
    case 'lifeboat.agent.lost':
      return agentLost(s, e.data.host, e.data.session, e.data.vms, at);
    default:
      return onDrainEvent(s, settings, e, at);
  }
}
