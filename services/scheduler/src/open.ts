import { type AutomationLevel, automationLevels, type DataByType, ORDER_VALID_MS } from '@lifeboat/contracts';
import { type ClusterId, decided, type HostId, type IncidentId, type Instant, instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, type HostStage, type Incident, openIncidentOf, putIncident, type SchedulerState } from './state.ts';
import type { SchedulerOutput, Step } from './step.ts';

/** Step ①: a confirmed fault becomes an incident, and its hosts are to be isolated. A host has one open incident at most. */
export function open(
  s: SchedulerState,
  settings: SchedulerSettings,
  fault: DataByType['lifeboat.fault.confirmed'],
  at: Instant,
  byPerson = false,
): Step {
  if (s.incidents.has(fault.incident) || s.closed.has(fault.incident)) return stay(s);
  // Who told it tells it again, with new evidence, as long as it is so.
  if (at - fault.at > ORDER_VALID_MS) return stay(s);
  const hosts = fault.hosts.filter((h) => openIncidentOf(s, h) === undefined);
  const proofs = provenByTheRack(s, fault, at);
  if (hosts.length === 0) return decided(s, ...proofs);
  const clusters = fault.clusters;
  const automation = strictest(clusters.map((c) => settings.policyOf(c).automation));
  const incident: Incident = {
    incident: fault.incident,
    verdict: fault.verdict,
    rule: fault.rule,
    openedAt: at,
    automation,
    hosts: Object.fromEntries(
      hosts.map((h) => [h, toBeIsolated(settings.clusterOf.get(h) ?? (clusters[0] as ClusterId), at)]),
    ) as Incident['hosts'],
    consent:
      automation === 'automatic'
        ? { kind: 'not-needed' }
        : automation === 'manual'
          ? { kind: 'person', asked: 0 }
          : { kind: 'unasked', asked: 0 },
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
    ...(byPerson ? ({ byPerson: true } as const) : {}),
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
    ...hosts.map((host) => isolate(s, fault, host, fault.incident, at)),
    ...proofs,
  );
}

/** Hosts that were confirmed alone wait, in incidents of their own, for fence devices that died with the rack. */
const provenByTheRack = (s: SchedulerState, fault: DataByType['lifeboat.fault.confirmed'], at: Instant): SchedulerOutput[] =>
  fault.rackRule
    ? fault.hosts.flatMap((host) => {
        const own = openIncidentOf(s, host);
        return own?.hosts[host]?.isolation === 'requested' ? [isolate(s, fault, host, own.incident, at)] : [];
      })
    : [];

function isolate(
  s: SchedulerState,
  fault: DataByType['lifeboat.fault.confirmed'],
  host: HostId,
  incident: IncidentId,
  at: Instant,
): SchedulerOutput {
  const rackRule = { host, kind: 'rack-rule' as const, method: 'rack rule', at: fault.at, detail: fault.rule };
  const proof = fault.rackRule ? { proof: rackRule } : {};
  return tell({ type: 'lifeboat.isolation.requested', data: { incident, host, epoch: epochOf(s), at, ...proof } });
}

const toBeIsolated = (cluster: ClusterId, at: Instant): HostStage => ({
  cluster,
  isolation: 'requested',
  askedAt: at,
  proof: null,
  isolatedAt: null,
  shutOut: false,
});

/** A rack may hold hosts of several clusters: the most careful of them decides. */
const strictest = (levels: readonly AutomationLevel[]): AutomationLevel =>
  levels.reduce((a, b) => (automationLevels.indexOf(b) > automationLevels.indexOf(a) ? b : a), 'automatic');

/** Longer than an order or verdict can be under way. */
const REMEMBER_CLOSED_MS = 24 * 3_600_000;

export function forgetClosed(s: SchedulerState, at: Instant): Step {
  let { closed } = s;
  for (const [incident, since] of s.closed.entries()) if (at - since > REMEMBER_CLOSED_MS) closed = closed.delete(incident);
  return stay(closed === s.closed ? s : { ...s, closed });
}
