import { andThen, type HostId, type IncidentId, type Instant, stay } from '@lifeboat/kernel';
import { close } from './close.ts';
import { seekConsent } from './consent.ts';
import { orderPlanned, settle } from './evacuation.ts';
import type { SchedulerSettings } from './settings.ts';
import { type HostStage, type Incident, type SchedulerState, vmsOf } from './state.ts';
import type { Step } from './step.ts';
import { askSurvey } from './survey.ts';

export function advanceAll(s: SchedulerState, settings: SchedulerSettings, at: Instant): Step {
  let step: Step = stay(s);
  for (const incident of s.incidents.keys() as IncidentId[]) {
    step = andThen(step, (next) => giveUpUnseen(next, settings, incident, at));
    step = andThen(step, (next) => advance(next, settings, incident, at));
  }
  return step;
}

/** Takes an incident as far as what is known allows: consent, orders, the next survey, the end. */
export function advance(s: SchedulerState, settings: SchedulerSettings, incident: IncidentId, at: Instant): Step {
  const i = s.incidents.get(incident);
  if (i === undefined) return stay(s);
  const ready = (Object.keys(i.hosts) as HostId[]).sort().filter((h) => isReady(settings, i.hosts[h] as HostStage, at));
  let step: Step = stay(s);
  if (i.planned > 0 && ready.length > 0) {
    step = andThen(step, (next) => seekConsent(next, settings, i, at));
    for (const host of ready)
      step = andThen(step, (next) => {
        const now = next.incidents.get(incident) as Incident;
        return orderPlanned(next, settings, now, host, now.hosts[host] as HostStage, at);
      });
  }
  return andThen(step, (next) => surveyOrClose(next, incident, at));
}

/** Proven dead, shut out of Nova, and its locks on shared storage have run out. */
const isReady = (settings: SchedulerSettings, h: HostStage, at: Instant): boolean =>
  h.isolation === 'isolated' &&
  h.contradicted !== true &&
  h.shutOut &&
  h.isolatedAt !== null &&
  at - h.isolatedAt >= settings.policyOf(h.cluster).storageLeaseMs;

function surveyOrClose(s: SchedulerState, incident: IncidentId, at: Instant): Step {
  const i = s.incidents.get(incident);
  if (i === undefined) return stay(s);
  const stages = Object.values(i.hosts);
  if (stages.every((h) => h.isolation === 'withdrawn')) return close(s, i, at);
  if (i.survey === 'asked') return stay(s);
  if (i.survey === 'none' || (i.unplaced > 0 && at >= i.surveyNotBefore)) return askSurvey(s, i);
  if (i.unsettled > 0) return stay(s);
  // The end is looked at once more: a VM that Nova put on the host meanwhile is not forgotten.
  if (i.changedSinceSurvey) return askSurvey(s, i);
  // What was moved from a host that is not dead may run twice.
  if (stages.some((h) => h.contradicted === true) && vmsOf(s, incident).some((r) => r.orders > 0)) return stay(s);
  return stages.every((h) => h.isolation === 'withdrawn' || (h.isolation === 'isolated' && h.shutOut)) ? close(s, i, at) : stay(s);
}

/** By Nova it is there, and nobody has seen it run: a person must look. */
function giveUpUnseen(s: SchedulerState, settings: SchedulerSettings, incident: IncidentId, at: Instant): Step {
  let step: Step = stay(s);
  if ((s.incidents.get(incident)?.unsettled ?? 0) === 0) return step;
  for (const r of vmsOf(s, incident)) {
    const { stage } = r;
    if (stage.kind !== 'evacuated' || at - stage.at < settings.verifyWithinMs) continue;
    const reason = `Nova has it ${stage.status} on ${stage.to}, but no agent has seen it run there for ${Math.round((at - stage.at) / 1000)} s`;
    step = andThen(step, (next) => settle(next, r, 'unevacuable', stage.to, reason, at));
  }
  return step;
}
