import type { FleetVm, Plan, Resources } from '@lifeboat/contracts';
import { type HostId, type Outcome, ok, type VmId } from '@lifeboat/kernel';
import type { Cloud, CloudFailure } from '@lifeboat/ports';
import type { ServiceWorld } from '@lifeboat/runtime';
import type {
  DrainSurveyEffect,
  DrainSurveyResult,
  RedundancySeen,
  SchedulerEffect,
  SchedulerResult,
  SurveyEffect,
  SurveyResult,
} from '../effects.ts';
import type { FleetPlanner, PlannerFailure } from './fleet/planner.ts';
import { placeVm } from './place-vm.ts';

export interface SchedulerPorts {
  readonly cloud: Pick<Cloud, 'vmsOn' | 'vms'>;
  readonly planner: FleetPlanner;
}

/** Hosts of a failed rack that are asked for at the same time. */
const AT_ONCE = 8;

/**
 * The scheduler's looks at the world. The fleet is kept in memory by the planner, so that a plan needs few calls; what lies
 * on the failed hosts is always read live.
 */
export const schedulerWorld = ({ cloud, planner }: SchedulerPorts): ServiceWorld<SchedulerEffect, SchedulerResult, RedundancySeen> => ({
  perform: async (e) => {
    switch (e.kind) {
      case 'survey':
        return survey(cloud, planner, e);
      case 'place-vm':
        return placeVm(planner, e);
      case 'survey-drain':
        return surveyDrain(cloud, planner, e);
      case 'watch':
        planner.hear({ shut: e.shut });
        return { ok: true, heard: true };
    }
  },
  observe: (push, { signal }) => planner.keep(push, signal),
});

async function survey(cloud: SchedulerPorts['cloud'], planner: FleetPlanner, e: SurveyEffect): Promise<SurveyResult> {
  const found = await vmsOnAll(cloud, e.hosts);
  if (!found.ok) return { ok: false, code: found.code, detail: found.detail };
  const there = found.value;
  const skip = new Set(e.skip);
  const seen = new Set(there.map((v) => v.vm));
  const missing = e.waiting.filter((vm) => !seen.has(vm));
  const elsewhere = missing.length === 0 ? ok([]) : await cloud.vms(missing);
  if (!elsewhere.ok) return { ok: false, code: elsewhere.code, detail: elsewhere.detail };
  const known = { ok: true, vms: there, elsewhere: elsewhere.value } as const;
  const vms = there.filter((v) => !skip.has(v.vm)).map((v) => v.vm);
  if (vms.length === 0) return { ...known, plan: noPlan };
  const plan = await planAll(planner, e, there, vms);
  return plan.ok ? { ...known, plan: plan.value } : { ok: false, code: plan.code, detail: plan.detail };
}

/** All in one plan; then one for each VM that is to stay away from hosts that would not have it, beside what was planned before. */
async function planAll(
  planner: FleetPlanner,
  e: SurveyEffect,
  there: readonly FleetVm[],
  vms: readonly VmId[],
): Promise<Outcome<Plan, PlannerFailure>> {
  const question = { failedHosts: e.hosts, there, exclude: e.exclude, inFlight: e.reserved };
  const choosy = vms.filter((vm) => (e.avoid?.[vm] ?? []).length > 0);
  const others = vms.filter((vm) => !choosy.includes(vm));
  const first = others.length === 0 && choosy.length > 0 ? ok(noPlan) : await planner.plan({ ...question, vms: others });
  if (!first.ok) return first;
  let whole = first.value;
  for (const vm of choosy) {
    const avoid = e.avoid?.[vm] ?? [];
    const inFlight = withPlaced(e.reserved, whole, there);
    const one = await planner.plan({ ...question, vms: [vm], exclude: [...e.exclude, ...avoid], inFlight });
    if (!one.ok) return one;
    const not = ` (and not on ${avoid.join(', ')}, as a person wants)`;
    whole = together(whole, {
      ...one.value,
      unplaced: one.value.unplaced.map((u) => ({ ...u, because: `${u.because}${not}`.slice(0, 500) })),
    });
  }
  return ok(whole);
}

function withPlaced(reserved: SurveyEffect['reserved'], plan: Plan, there: readonly FleetVm[]): Record<HostId, Resources> {
  const sizes = new Map(there.map((v) => [v.vm, v.size]));
  const sums: Record<HostId, Resources> = { ...reserved };
  for (const p of plan.placements) {
    const [sum, size] = [sums[p.to], sizes.get(p.vm)];
    const add = (of: keyof Resources) => (sum?.[of] ?? 0) + (size?.[of] ?? 0);
    sums[p.to] = { vcpus: add('vcpus'), memoryMb: add('memoryMb'), diskGb: add('diskGb') };
  }
  return sums;
}

const together = (a: Plan, b: Plan): Plan => ({
  placements: [...a.placements, ...b.placements],
  unplaced: [...a.unplaced, ...b.unplaced],
  certificate: {
    placed: a.certificate.placed + b.certificate.placed,
    upperBound: a.certificate.upperBound + b.certificate.upperBound,
    spread: [...a.certificate.spread, ...b.certificate.spread],
  },
});

const noPlan: Plan = { placements: [], unplaced: [], certificate: { placed: 0, upperBound: 0, spread: [] } };

/** The host is well: its other VMs count where they are, and it is itself no target. */
async function surveyDrain(cloud: SchedulerPorts['cloud'], planner: FleetPlanner, e: DrainSurveyEffect): Promise<DrainSurveyResult> {
  const found = await cloud.vmsOn(e.host);
  if (!found.ok) return { ok: false, code: found.code, detail: found.detail };
  const skip = new Set(e.skip);
  const wanted = e.only === null ? null : new Set(e.only);
  const there = found.value.filter((v) => !skip.has(v.vm) && (wanted === null || wanted.has(v.vm)));
  const missing = [...new Set([...(e.only ?? []), ...e.waiting])].filter((vm) => !skip.has(vm) && !there.some((v) => v.vm === vm));
  const elsewhere = missing.length === 0 ? ok([]) : await cloud.vms(missing);
  if (!elsewhere.ok) return { ok: false, code: elsewhere.code, detail: elsewhere.detail };
  const known = { ok: true, vms: there, elsewhere: elsewhere.value } as const;
  if (there.length === 0) return { ...known, plan: noPlan };
  const vms = there.map((v) => v.vm);
  const plan = await planner.plan({ failedHosts: [], there: found.value, vms, exclude: e.exclude, inFlight: e.reserved });
  return plan.ok ? { ...known, plan: plan.value } : { ok: false, code: plan.code, detail: plan.detail };
}

async function vmsOnAll(cloud: SchedulerPorts['cloud'], hosts: readonly HostId[]): Promise<Outcome<FleetVm[], CloudFailure>> {
  const there: FleetVm[] = [];
  for (let i = 0; i < hosts.length; i += AT_ONCE) {
    for (const vms of await Promise.all(hosts.slice(i, i + AT_ONCE).map((host) => cloud.vmsOn(host)))) {
      if (!vms.ok) return vms;
      there.push(...vms.value);
    }
  }
  return ok(there);
}
