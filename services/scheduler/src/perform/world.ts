import { type Fleet, type FleetVm, policyOf, type Topology } from '@lifeboat/contracts';
import { type ClusterId, type HostId, type Outcome, ok } from '@lifeboat/kernel';
import { type ClusterRules, plan } from '@lifeboat/planner';
import type { Clock, Cloud, CloudFailure } from '@lifeboat/ports';
import type { PerformContext, ServiceWorld } from '@lifeboat/runtime';
import type { SchedulerEffect, SchedulerResult, SurveyEffect, SurveyResult } from '../effects.ts';

export interface SchedulerPorts {
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly topology: () => Topology;
  /** How often the fleet is read afresh while nothing happens. */
  readonly refreshMs?: number;
}

const REFRESH_MS = 60_000;
const RETRY_MS = 5_000;

/**
 * The scheduler's looks at the world. The fleet is kept in memory, so that a plan needs few calls; what lies on the failed
 * hosts is always read live. A fleet that a plan was made from is read anew before the next plan.
 */
export function schedulerWorld(ports: SchedulerPorts): ServiceWorld<SchedulerEffect, SchedulerResult, never> {
  const memory: { fleet: Fleet | null; planned: boolean } = { fleet: null, planned: false };
  return {
    perform: (e) => survey(ports, memory, e),
    observe: (_push, context) => keepFresh(ports, memory, context),
  };
}

type Memory = { fleet: Fleet | null; planned: boolean };

async function keepFresh(ports: SchedulerPorts, memory: Memory, context: Omit<PerformContext, 'attempt'>): Promise<void> {
  while (!context.signal.aborted) {
    const read = await ports.cloud.fleet();
    if (read.ok) {
      memory.fleet = read.value;
      memory.planned = false;
    }
    await ports.clock.sleep(read.ok ? (ports.refreshMs ?? REFRESH_MS) : RETRY_MS, context.signal);
  }
}

async function survey(ports: SchedulerPorts, memory: Memory, e: SurveyEffect): Promise<SurveyResult> {
  const there: FleetVm[] = [];
  for (const host of e.hosts) {
    const vms = await ports.cloud.vmsOn(host);
    if (!vms.ok) return { ok: false, code: vms.code, detail: vms.detail };
    there.push(...vms.value);
  }
  const skip = new Set(e.skip);
  const seen = new Set(there.map((v) => v.vm));
  const missing = e.waiting.filter((vm) => !seen.has(vm));
  const elsewhere = missing.length === 0 ? ok([]) : await ports.cloud.vms(missing);
  if (!elsewhere.ok) return { ok: false, code: elsewhere.code, detail: elsewhere.detail };
  const found = { vms: there, elsewhere: elsewhere.value };
  const toPlan = there.filter((v) => !skip.has(v.vm));
  if (toPlan.length === 0)
    return { ok: true, ...found, plan: { placements: [], unplaced: [], certificate: { placed: 0, upperBound: 0, spread: [] } } };
  const fleet = await freshFleet(ports, memory);
  if (!fleet.ok) return { ok: false, code: fleet.code, detail: fleet.detail };
  memory.planned = true;
  const failed = new Set(e.hosts);
  const known = { ...fleet.value, vms: [...fleet.value.vms.filter((v) => !failed.has(v.host)), ...there] };
  const made = plan({
    fleet: known,
    failedHosts: e.hosts,
    vms: toPlan.map((v) => v.vm),
    clusters: rulesOf(ports.topology()),
    inFlight: new Map(Object.entries(e.reserved) as [HostId, (typeof e.reserved)[HostId]][]),
    exclude: e.exclude,
  });
  return { ok: true, ...found, plan: made };
}

async function freshFleet(ports: SchedulerPorts, memory: Memory): Promise<Outcome<Fleet, CloudFailure>> {
  if (memory.fleet !== null && !memory.planned) return { ok: true, value: memory.fleet };
  const read = await ports.cloud.fleet();
  if (read.ok) memory.fleet = read.value;
  return read;
}

function rulesOf(t: Topology): Map<ClusterId, ClusterRules> {
  const highPerformanceClusters = t.clusters.filter((c) => c.highPerformance === true).map((c) => c.cluster);
  return new Map(t.clusters.map((c) => [c.cluster, { policy: policyOf(t, c.cluster).evacuation, highPerformanceClusters }]));
}
