import { type AutomationLevel, automationLevels, type DataByType } from '@lifeboat/contracts';
import { type ClusterId, decided, type HostId, type Instant, instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, type HostStage, type Incident, openIncidentOf, putIncident, type SchedulerState } from './state.ts';
import type { SchedulerOutput, Step } from './step.ts';

/** Step ①: a confirmed fault becomes an incident, and its hosts are to be isolated. A host has one open incident at most. */
export function open(s: SchedulerState, settings: SchedulerSettings, fault: DataByType['lifeboat.fault.confirmed'], at: Instant): Step {
  if (s.incidents.has(fault.incident)) return stay(s);
  const hosts = fault.hosts.filter((h) => openIncidentOf(s, h) === undefined);
  if (hosts.length === 0) return stay(s);
  const clusters = fault.clusters;
  const automation = strictest(clusters.map((c) => settings.policyOf(c).automation));
  const incident: Incident = {
    incident: fault.incident,
    verdict: fault.verdict,
    rule: fault.rule,
    openedAt: at,
    automation,
    hosts: Object.fromEntries(
      hosts.map((h) => [h, toBeIsolated(settings.clusterOf.get(h) ?? (clusters[0] as ClusterId))]),
    ) as Incident['hosts'],
    consent:
      automation === 'automatic' ? { kind: 'not-needed' } : automation === 'manual' ? { kind: 'person' } : { kind: 'unasked', asked: 0 },
    surveys: 0,
    survey: 'none',
    changedSinceSurvey: true,
    surveyNotBefore: instant(0),
    fruitless: 0,
    unanswered: 0,
    unsettled: 0,
    planned: 0,
    unplaced: 0,
    handedOver: [],
    waitingFor: '',
  };
  let out = s.out;
  for (const h of hosts) out = out.delete(h);
  const highAvailability = clusters.some((c) => settings.policyOf(c).highAvailability);
  return decided(
    { ...putIncident(s, incident), out },
    tell({
      type: 'lifeboat.incident.opened',
      data: { incident: fault.incident, verdict: fault.verdict, rule: fault.rule, hosts, clusters, highAvailability, automation, at },
    }),
    ...hosts.map((host) => isolate(s, fault, host, at)),
  );
}

function isolate(s: SchedulerState, fault: DataByType['lifeboat.fault.confirmed'], host: HostId, at: Instant): SchedulerOutput {
  const rackRule = { host, kind: 'rack-rule' as const, method: 'rack rule', at: fault.at, detail: fault.rule };
  const proof = fault.rackRule ? { proof: rackRule } : {};
  return tell({ type: 'lifeboat.isolation.requested', data: { incident: fault.incident, host, epoch: epochOf(s), at, ...proof } });
}

const toBeIsolated = (cluster: ClusterId): HostStage => ({
  cluster,
  isolation: 'requested',
  proof: null,
  isolatedAt: null,
  shutOut: false,
});

/** A rack may hold hosts of several clusters: the most careful of them decides. */
const strictest = (levels: readonly AutomationLevel[]): AutomationLevel =>
  levels.reduce((a, b) => (automationLevels.indexOf(b) > automationLevels.indexOf(a) ? b : a), 'automatic');
